"""What the built-in page shows, as plain values."""

from collections.abc import Mapping

from msgspec import Struct


class TeamSpend(Struct, frozen=True):
    """One team's money, as far as it is known. `unpriced` are this month's requests whose dollars are missing."""

    team: str
    today_picos: int
    month_picos: int
    requests_today: int
    requests_month: int
    unpriced: int = 0


class KindUse(Struct, frozen=True):
    """Tokens of one kind this month, and what they cost as far as that is known."""

    kind: str
    tokens: int
    picos: int | None


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
    hours: tuple[int, ...] = ()
    """Pico-dollars of the last hours, oldest first; the last one is still running."""
    kinds: tuple[KindUse, ...] = ()
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
