"""What is left of a prompt, counted by how long it lay: one curve, that falls with time and forgets with age.

An entry is looked at once, when the next request comes, and that look renews it. Such data ("current status") have no
survival times to order; the best fit of a curve that can only fall is isotonic regression of what was seen on the gap
(Ayer et al. 1955; Groeneboom and Wellner 1992, part II). Gaps fall into bins on a logarithmic scale, and every bin is
pulled towards the curve one level above by a few observations' weight, so a thin curve says what its parent says.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import Literal

Outcome = Literal[0, 1, 2, 3]
WHOLE: Outcome = 0
"""All that was cached was read."""
TURN: Outcome = 1
"""What was cached when the last turn of a person began: later reasoning was left out of the prompt, or lay elsewhere."""
BETWEEN: Outcome = 2
"""At least half of it, up to no boundary that could be named beforehand."""
FLOOR: Outcome = 3
"""Tools and system prompt at most."""
OUTCOMES = 4

Chances = tuple[float, float, float, float]
"""Probabilities of the four outcomes; they sum to 1."""

EDGES: tuple[float, ...] = (0.003, 0.01, 0.03, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95, 1.055, 1.1, 1.2, 1.5, 2, 3, 5, 8, 12, 24,
                            48, 144)  # fmt: skip
"""Upper ends of the bins in promised lifetimes (five minutes where nothing is promised): on a log scale, and finer around
the promised end, because Anthropic's entries end within a tenth of it; half of those of five minutes last 316 s."""
NO_GAP: tuple[float, ...] = ()
"""The edges of a curve in which time plays no part."""
AGED_EVERY_S = 3600.0
HALFWAY = 0.5


class Curve:
    """Weighted counts of outcomes per bin, those that were shipped and those that were seen here, and the fit to both."""

    __slots__ = (
        "above",
        "at",
        "counts",
        "edges",
        "prior",
        "saved",
        "stale",
        "stands_on",
        "table",
        "trust",
        "version",
        "weight",
    )

    def __init__(self, edges: Sequence[float], prior: Sequence[float] | None = None) -> None:
        size = (len(edges) + 1) * OUTCOMES
        self.edges = edges
        self.prior = list(prior) if prior is not None else None
        self.trust = 1.0
        """Weight of the prior; falls when behaviour is seen to change."""
        self.counts = [0.0] * size
        self.saved = [0.0] * size
        """Of these, what the file knows."""
        self.weight = sum(self.prior) if self.prior is not None else 0.0
        self.at = 0.0
        self.stale = 1.0
        """Observations since the last fit, each as a share of what its bin stands on."""
        self.version = 0
        """How often it was fitted."""
        self.above = 0
        """The version of the curve above that it was fitted to."""
        self.table: list[Chances] = []
        self.stands_on: list[float] = []
        """Observations behind each bin of the table, its neighbours' included."""

    def bin(self, span: float) -> int:
        """Which bin a gap falls into; `span` is in promised lifetimes."""
        return bisect_left(self.edges, span)

    def add(self, place: int, outcome: Outcome, weight: float) -> None:
        """Count one observation."""
        self.counts[place * OUTCOMES + outcome] += weight
        self.weight += weight

    def age(self, now: float, half_life_s: float) -> None:
        """Let what was counted fade to what it is worth now. Minutes do not matter, so it is done by the hour."""
        passed = now - self.at if self.at else math.inf
        if 0.0 <= passed < AGED_EVERY_S:
            return
        if 0.0 < passed < math.inf:
            self.fade(0.5 ** (passed / half_life_s))
        self.at = now

    def seen(self, place: int) -> float:
        """How many observations a bin stands on."""
        start = place * OUTCOMES
        shipped = self.trust * sum(self.prior[start : start + OUTCOMES]) if self.prior is not None else 0.0
        return shipped + sum(self.counts[start : start + OUTCOMES])

    def fade(self, factor: float) -> None:
        """Multiply all that was counted here."""
        self.counts = [count * factor for count in self.counts]
        self.saved = [count * factor for count in self.saved]
        self._weigh()

    def _weigh(self) -> None:
        shipped = self.trust * sum(self.prior) if self.prior is not None else 0.0
        self.weight = shipped + sum(self.counts)

    def changed(self) -> bool:
        """Whether anything was counted that the file does not know."""
        return self.counts != self.saved

    def unsaved(self) -> list[float]:
        """What was counted that the file does not know."""
        return [count - saved for count, saved in zip(self.counts, self.saved, strict=True)]

    def adopt(self, at: float, counts: Sequence[float], trust: float, brought: Sequence[float] | None) -> None:
        """Take what the file knows; `brought` is what went into it of `unsaved`, which may have grown since."""
        later = (
            self.unsaved() if brought is None else [now - then for now, then in zip(self.unsaved(), brought, strict=True)]
        )
        self.at = max(self.at, at)
        self.saved = list(counts)
        self.counts = [max(0.0, saved + more) for saved, more in zip(self.saved, later, strict=True)]
        self.trust = min(self.trust, trust)
        self._weigh()
        self.stale = math.inf

    def doubt(self, factor: float) -> None:
        """Behaviour has changed: what was counted and what was shipped lose weight at once, in the file too."""
        self.trust *= factor
        saved = self.saved
        self.fade(factor)
        self.saved = saved

    def fit(self, above: Sequence[Chances], strength: float) -> None:
        """The curve anew, each bin pulled towards the one above by `strength` observations."""
        counts, prior, trust = self.counts, self.prior, self.trust
        whole: list[float] = []
        weights: list[float] = []
        rest: list[tuple[float, float, float]] = []
        for place in range(len(self.edges) + 1):
            start = place * OUTCOMES
            seen = counts[start : start + OUTCOMES]
            if prior is not None:
                seen = [here + trust * shipped for here, shipped in zip(seen, prior[start : start + OUTCOMES], strict=True)]
            parent = above[place if len(above) > 1 else 0]
            total = sum(seen) + strength
            weights.append(total)
            whole.append((seen[0] + strength * parent[0]) / total)
            lost = [seen[each] + strength * parent[each] for each in (1, 2, 3)]
            scale = 1.0 / max(1e-12, sum(lost))
            rest.append((lost[0] * scale, lost[1] * scale, lost[2] * scale))
        table: list[Chances] = []
        for kept, (turn, between, floor) in zip(falling(whole, weights), rest, strict=True):
            gone = 1.0 - kept
            table.append((kept, gone * turn, gone * between, gone * floor))
        self.table = table
        self.stands_on = _evidence([weight - strength for weight in weights], [row[0] for row in table])
        self.stale = 0.0
        self.version += 1


def _evidence(alone: Sequence[float], kept: Sequence[float]) -> list[float]:
    """Observations behind each bin: its own, its neighbours', and what a curve that only falls lets others say of it.

    Where most are gone after an hour they are after two, and where most are left after an hour they are after ten minutes.
    """
    padded = [0.0, *alone, 0.0]
    found = [sum(padded[place : place + 3]) for place in range(len(alone))]
    gone = 0.0
    for place in range(2, len(alone)):
        gone += alone[place - 2] if kept[place - 2] < HALFWAY else 0.0
        found[place] += gone
    left = 0.0
    for place in range(len(alone) - 3, -1, -1):
        left += alone[place + 2] if kept[place + 2] >= HALFWAY else 0.0
        found[place] += left
    return found


def falling(values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The falling sequence nearest to these by weighted squares: neighbours out of order are pooled."""
    means: list[float] = []
    sums: list[float] = []
    sizes: list[int] = []
    for value, weight in zip(values, weights, strict=True):
        means.append(value)
        sums.append(weight)
        sizes.append(1)
        while len(means) > 1 and means[-2] < means[-1]:
            mean, total, size = means.pop(), sums.pop(), sizes.pop()
            joint = sums[-1] + total
            means[-1] = (means[-1] * sums[-1] + mean * total) / joint
            sums[-1] = joint
            sizes[-1] += size
    return [mean for mean, size in zip(means, sizes, strict=True) for _ in range(size)]
