"""Where inside a bin of gaps a cache ends, if it ends at one place.

Some caches live by a clock to the second, others go at random. Of the first a curve in bins knows the end only as well as
its bins are wide; what a bin saw last, with exact gaps, tells the place. Of the second there is no such place, and the bin's
mean stands. Which of the two it is, the likelihoods say.
"""

import math
from bisect import insort
from collections import deque
from collections.abc import Iterable
from itertools import islice

SEEN_MAX = 32
"""Observations kept of a bin, the newest: some 2 KB."""
BETTER_BY = 6.0
"""Logarithm of how much likelier two levels must make what was seen than one, before an end is believed."""
PURE = 0.9
"""Share of each side that must agree."""
SURE = 0.98
"""Chance of a whole read on the near side, and of none on the far side."""


class Brink:
    """What one bin saw last."""

    __slots__ = ("_brought", "_ends", "_new", "_seen")

    def __init__(self) -> None:
        self._seen: deque[tuple[float, bool]] = deque(maxlen=SEEN_MAX)
        self._ends: tuple[float, float] | None = None
        self._new = 0
        """Observations that the file does not know."""
        self._brought = 0
        """Of these, what is on its way there."""

    def saw(self, gap_s: float, kept: bool) -> None:
        """Take an observation."""
        self._seen.append((gap_s, kept))
        self._new += 1
        self._ends = _ends(self._seen)

    def unsaved(self) -> list[float]:
        """The gaps that the file does not know, as it holds them: of a cache that was lost, below zero."""
        self._brought = self._new
        return [gap_s if kept else -gap_s for gap_s, kept in self._newest(self._new)]

    def adopt(self, known: Iterable[float]) -> None:
        """Take what the file holds, and on top what was seen since `unsaved` was asked."""
        self._new -= self._brought
        self._brought = 0
        later = self._newest(self._new)
        self._seen = deque([*((abs(gap_s), gap_s >= 0.0) for gap_s in known), *later], maxlen=SEEN_MAX)
        self._ends = _ends(self._seen)

    def _newest(self, number: int) -> list[tuple[float, bool]]:
        return list(islice(self._seen, max(0, len(self._seen) - number), None))

    def keeps(self, gap_s: float) -> bool | None:
        """Whether a cache is kept for so long; None where no end is seen."""
        if self._ends is None:
            return None
        longest, shortest = self._ends
        return gap_s <= (longest + shortest) / 2


def _ends(seen: deque[tuple[float, bool]]) -> tuple[float, float] | None:
    """The gaps on either side of the end; None where one level explains what was seen as well."""
    ordered: list[tuple[float, bool]] = []
    for each in seen:
        insort(ordered, each)
    size, whole = len(ordered), sum(kept for _, kept in ordered)
    best, place, near = -math.inf, 0, 0
    kept = 0
    for number, (_, was_kept) in enumerate(ordered[:-1], start=1):
        kept += was_kept
        likely = _likelihood(kept, number) + _likelihood(whole - kept, size - number)
        if likely > best:
            best, place, near = likely, number, kept
    if best - _likelihood(whole, size) < BETTER_BY:
        return None
    if near < PURE * place or whole - near > (1.0 - PURE) * (size - place):
        return None
    return ordered[place - 1][0], ordered[place][0]


def _likelihood(kept: int, size: int) -> float:
    """Logarithm of the likelihood of so many of so many, at the rate that suits them best."""
    lost = size - kept
    return (kept * math.log(kept / size) if kept else 0.0) + (lost * math.log(lost / size) if lost else 0.0)
