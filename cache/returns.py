"""How likely a resting thread is to be taken up again, by how long it has rested: a life table, learned as they come back.

For every stretch of rest two things are counted: threads that came back in it, and threads that rested it through. The share
that came is the hazard of the stretch (the life-table estimate: Cutler and Ederer 1958), so a thread that still rests counts
for what it has rested so far. A team seen little is told by all teams, and all teams by what public sessions did.
It outlives a worker, where there are several, and no restart.
"""

import heapq
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

EDGES_S = (300.0, 600.0, 900.0, 1200.0, 1800.0, 2400.0, 3600.0, 5400.0, 7200.0, 10_800.0, 21_600.0)
"""Where stretches end; what rests longer is taken for given up."""
EXPECTED = (0.95, 0.30, 0.21, 0.11, 0.13, 0.10, 0.09, 0.04, 0.035, 0.04, 0.04)
"""Share that comes back in each, before any was seen: of two public collections of coding sessions, a third came back in the
second five minutes, a fifth of the rest in the third, a tenth in the fourth, fewer and fewer after that, and next to nobody
after an hour."""
POOLED = 20.0
"""Threads that the level above weighs in a stretch."""
FULL = 2000.0
"""Threads of a stretch from which on both counts are halved, so that habits may change."""
RESTING_MAX, TEAMS_MAX = 20_000, 1000
"""Threads watched and teams told apart; about 5 MB when full."""
LATE_S = 1.0
"""A stretch is looked at when it surely is over, rounding included."""

ALL = ""
"""In the place of a team: all of them together."""

Key = tuple[str, str]
"""Team, thread."""


class _Rest(Struct):
    """One thread at rest."""

    since: float
    stretch: int = 0
    """The stretch that is not counted yet."""


class Counts(Protocol):
    """Where threads are counted by team, `ALL` for all of them, and stretch. Counts halve where they have become `FULL`."""

    def add(self, team: str, stretch: int, back: bool) -> None:
        """Count one that came back in a stretch, or rested it through."""

    def seen(self, team: str, stretch: int) -> tuple[float, float]:
        """How many came back, and how many rested it through."""

    def refresh(self) -> None:
        """About once a second: what others counted may be seen from now on."""


class LocalCounts:
    """Counts of one process."""

    def __init__(self) -> None:
        self._tables: dict[str, tuple[list[float], list[float]]] = {}

    def add(self, team: str, stretch: int, back: bool) -> None:
        table = self._tables.get(team)
        if table is None:
            if len(self._tables) > TEAMS_MAX:
                return
            table = self._tables[team] = [0.0] * len(EDGES_S), [0.0] * len(EDGES_S)
        came, through = table
        (came if back else through)[stretch] += 1.0
        if came[stretch] + through[stretch] > FULL:
            came[stretch] /= 2
            through[stretch] /= 2

    def seen(self, team: str, stretch: int) -> tuple[float, float]:
        table = self._tables.get(team)
        return (0.0, 0.0) if table is None else (table[0][stretch], table[1][stretch])

    def refresh(self) -> None:
        """Nobody else counts here."""


class Returns:
    """The habits of coming back, of all teams and of each. Times are Unix seconds."""

    def __init__(self, counts: Counts | None = None) -> None:
        """Several workers of one gateway count in one place: threads wander among them, and each has few."""
        self._counts: Counts = LocalCounts() if counts is None else counts
        self._resting: OrderedDict[Key, _Rest] = OrderedDict()
        self._due: list[tuple[float, Key]] = []
        """One entry for each thread at rest; it may be older than the rest it stands for."""

    def rests(self, key: Key, at: float) -> None:
        """A thread was answered."""
        known = self._resting.get(key)
        if known is not None:
            known.since, known.stretch = at, 0
            return
        if len(self._resting) >= RESTING_MAX:
            return
        self._resting[key] = _Rest(since=at)
        heapq.heappush(self._due, (at + EDGES_S[0] + LATE_S, key))

    def came(self, key: Key, at: float) -> None:
        """It is taken up again; it stays known, for it will rest again."""
        rest = self._resting.get(key)
        if rest is None:
            return
        stretch = bisect_right(EDGES_S, at - rest.since)
        self._through(key, rest, stretch)
        if stretch < len(EDGES_S):
            self._count(key, stretch, back=True)
        rest.since, rest.stretch = at, 0

    def tick(self, now: float, latest: Callable[[Key], float]) -> None:
        """Count what was rested through. `latest` says when a thread was last answered, here or by another worker."""
        self._counts.refresh()
        while self._due and self._due[0][0] <= now:
            _, key = heapq.heappop(self._due)
            rest = self._resting[key]
            if (elsewhere := latest(key)) > rest.since:
                self.came(key, elsewhere)
            self._through(key, rest, bisect_right(EDGES_S, now - rest.since))
            if rest.stretch == len(EDGES_S):
                del self._resting[key]
            else:
                heapq.heappush(self._due, (rest.since + EDGES_S[rest.stretch] + LATE_S, key))

    def chance(self, team: str, idle_s: float, until_s: float) -> float:
        """That a thread which has rested `idle_s` comes back before it has rested `until_s`."""
        away, start = 1.0, 0.0
        for stretch, end in enumerate(EDGES_S):
            inside = min(end, until_s) - max(start, idle_s)
            if inside > 0:
                share = self._share(team, stretch, self._share(ALL, stretch, EXPECTED[stretch]))
                away *= (1.0 - share) ** (inside / (end - start))
            start = end
        return 1.0 - away

    def _through(self, key: Key, rest: _Rest, stretch: int) -> None:
        for each in range(rest.stretch, stretch):
            self._count(key, each, back=False)
        rest.stretch = max(rest.stretch, stretch)

    def _share(self, team: str, stretch: int, above: float) -> float:
        """The share that comes back, where `above` is what is thought of those who were not seen yet."""
        back, through = self._counts.seen(team, stretch)
        return (back + POOLED * above) / (back + through + POOLED)

    def _count(self, key: Key, stretch: int, back: bool) -> None:
        self._counts.add(ALL, stretch, back)
        self._counts.add(key[0], stretch, back)
