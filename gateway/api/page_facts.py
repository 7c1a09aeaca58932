"""What the built-in page shows, as plain values."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct


class Budget(Struct, frozen=True):
    """How far a budget is used by one team, or by a user, key or session of it."""

    name: str
    team: str
    who: str
    """Empty for the team itself."""
    window: str
    unit: Literal["usd", "tokens"]
    limit: int
    """In pico-dollars or tokens."""
    used: int
    """Settled, and held for requests that are under way."""
    level: str


class TeamSpend(Struct, frozen=True):
    """One team's money, as far as it is known. `unpriced` are this month's requests whose dollars are missing."""

    team: str
    today_picos: int
    month_picos: int
    requests_today: int
    requests_month: int
    unpriced: int = 0
    budget: Budget | None = None


class Day(Struct, frozen=True):
    """One day's known cost, by team."""

    number: int
    """Days since 1970, UTC."""
    picos: Mapping[str, int]


class KindUse(Struct, frozen=True):
    """Tokens of one kind this month, and what they cost as far as that is known."""

    kind: str
    tokens: int
    picos: int | None


class Worth(Struct, frozen=True):
    """Money that was not spent, or spent for nothing, for one reason. Reasons overlap and do not add up."""

    what: str
    """`saved` or `wasted`."""
    reason: str
    picos: int


class Recent(Struct, frozen=True):
    """One request that has ended."""

    at: float
    """Unix seconds."""
    team: str
    client: str
    agent: str
    model_asked: str
    model: str
    route: str
    """Empty where the client named its model."""
    reason: str
    cache_state: str
    cache_observed: str
    picos: int | None
    outcome: str
    status: int
    source: str = ""
    rule: str = ""


class ThreadLine(Struct, frozen=True):
    """One thread and what resuming it now would mean."""

    thread: str
    team: str
    client: str
    model: str
    state: str
    idle_s: float
    expected_read_tokens: int | None = None
    warm_until: float | None = None
    """Unix seconds."""
    if_warm_picos: int | None = None
    if_cold_picos: int | None = None
    afresh_picos: int | None = None
    """About what a new thread would begin with."""


class Unpriced(Struct, frozen=True):
    """A model without a (whole) price."""

    model: str
    provider: str
    reason: str
    requests: int


class PageFacts(Struct, frozen=True):
    """Everything on the page. Lists are already bounded and in the order they are shown."""

    now: float
    """Unix seconds."""
    base_url: str
    """Where clients point, without `/v1`."""
    version: str
    teams: tuple[TeamSpend, ...] = ()
    last_month_picos: int | None = None
    """None where the ledger does not reach back so far."""
    days: tuple[Day, ...] = ()
    """The last days, oldest first; the last one is still running."""
    hours: tuple[int, ...] = ()
    """Pico-dollars of the last hours, oldest first; the last one is still running."""
    kinds: tuple[KindUse, ...] = ()
    worths: tuple[Worth, ...] = ()
    """This month's, the largest first."""
    budgets: tuple[Budget, ...] = ()
    """Of users, keys and sessions that are close to theirs or beyond."""
    recent: tuple[Recent, ...] = ()
    threads: tuple[ThreadLine, ...] = ()
    states: Mapping[str, int] = {}
    """How many threads are in which cache state, of all that are remembered."""
    unpriced: tuple[Unpriced, ...] = ()
    config_error: str = ""
    """Why the config file on disk is not in use; empty while it is."""
    keys_configured: bool = False
    simulated: bool = False
    """No provider key is set: answers come from the built-in simulator."""
    viewer: str | None = None
    """The team whose numbers these are; None when they are everyone's."""
    live: bool = False
    """The page was asked to load itself anew."""
