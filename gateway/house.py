"""What the stations stand on: the parts of one running gateway, wired once in `gateway/app.py`.

Everything a request may touch is here and in memory; nothing here is a global. Clocks and chance come in as functions,
so that the simulation can turn them.
"""

import itertools
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from cache.forecast import Forecast
from cache.prefixes import Prefixes
from cache.threads import Threads
from gateway.budgets.budgets import Budgets
from gateway.config.live import Live
from gateway.keys import KeyRing
from gateway.metering.journal import Journal
from gateway.metering.metrics import Metrics
from gateway.metering.prices import PriceBook
from gateway.notices import Notices
from gateway.upstream.plan import Circuit, Failure, observed

if TYPE_CHECKING:
    from gateway.keep_warm import Keeper

MINTED_MAX = 50_000
"""Response ids whose upstream is remembered, so that calls by id find the account that stored them; about 10 MB."""


class Minted(Struct, frozen=True):
    """Where a response came from."""

    upstream: str
    team: str
    thread: str


class Ids:
    """Request ids: 12 hex digits of milliseconds, then 10 of this process, then 6 that count. They sort by time."""

    def __init__(self, process: int) -> None:
        self._process = f"{process & 0xFFFFFFFFFF:010x}"
        self._count = itertools.count()

    def new(self, at: float) -> str:
        return f"{int(at * 1000):012x}{self._process}{next(self._count) & 0xFFFFFF:06x}"


def at_once(work: Callable[[], None]) -> None:
    """Where there is no loop, nothing is put off."""
    work()


class House:
    """The parts, and the little state that requests share: circuits, minted ids, how many are inside."""

    def __init__(  # noqa: PLR0913 - a house has that many parts, and each is named where it is made
        self,
        *,
        live: Live,
        keys: KeyRing,
        journal: Journal,
        metrics: Metrics,
        prices: PriceBook,
        threads: Threads,
        forecast: Forecast,
        budgets: Budgets,
        seed: int,
        ids: Ids,
        wall: Callable[[], float],
        monotonic: Callable[[], float],
        chance: Callable[[], float],
        noticed: Path | None = None,
    ) -> None:
        self.live = live
        self.keys = keys
        self.journal = journal
        self.metrics = metrics
        self.prices = prices
        self.threads = threads
        self.forecast = forecast
        self.budgets = budgets
        self.seed = seed
        self.prefixes = Prefixes(seed)
        self.notices = Notices(seed, noticed)
        self.ids = ids
        self.wall = wall
        self.monotonic = monotonic
        self.chance = chance
        self.circuits: dict[str, Circuit] = {}
        self.keeper: Keeper | None = None  # where caches are kept warm
        self.afterwards: Callable[[Callable[[], None]], None] = at_once
        """Has work done that is put off: on a loop, until the reads at hand are dealt with."""
        self.inside = 0
        self.draining = False
        self._minted: OrderedDict[str, Minted] = OrderedDict()

    def full(self, most: int) -> bool:
        """Whether so many requests are under way that no more are let in."""
        return self.inside >= most

    def upstream_did(self, upstream: str, failure: Failure | None, now: float) -> None:
        """Note the health of an upstream."""
        circuit = self.circuits.get(upstream)
        if failure is None and circuit is None:
            return
        self.circuits[upstream] = observed(circuit, failure, self.live.current.retry, now)

    def provider_of(self, upstream: str) -> str:
        """Whose an upstream is; empty when the configuration names it no longer."""
        found = self.live.current.upstreams.get(upstream)
        return found.provider if found is not None else ""

    def mint(self, response_id: str, upstream: str, team: str, thread: str) -> None:
        """Remember where a response came from, bounded, oldest forgotten first."""
        self._minted[response_id] = Minted(upstream=upstream, team=team, thread=thread)
        if len(self._minted) > MINTED_MAX:
            self._minted.popitem(last=False)

    def minted(self, response_id: str) -> Minted | None:
        """Where a response came from, if it is remembered."""
        return self._minted.get(response_id)

    def minted_by(self, response_id: str) -> str | None:
        """The upstream that made a response."""
        found = self.minted(response_id)
        return found.upstream if found is not None else None

    def asks(self, rule: str, prompt: bytes, team: str) -> bool:
        """Whether a rule's question about a prompt (its last digest) is still to be asked; from now on it no longer is.

        Kept beside the response ids, so that any worker knows.
        """
        name = f"asked/{rule}/{prompt.hex()}"
        if self.minted_by(name) is not None:
            return False
        self.mint(name, "", team, "")
        return True

    def thread_of(self, response_id: str, team: str) -> str | None:
        """The thread of a response, for the team that paid for it."""
        found = self.minted(response_id)
        return found.thread if found is not None and found.team == team and found.thread else None
