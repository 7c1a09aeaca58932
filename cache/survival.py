"""What becomes of cached prompts, learned from every answer: how long they last, and how often a prompt changes under them.

A cache is lost in two ways. Time passes and the entry goes; that is a curve over the gap, per family of providers, then
lifetime granted, then model, then account. Or the prompt no longer begins as it did; how often that happens depends on
what can be seen of it beforehand (`cache.look`), whose turn it is, how the thread has fared, and the model. What is read is
the lesser of what either leaves. Neither is ever observed alone, so a loss is shared between them by how likely each was to
blame: one step of expectation-maximisation per answer (Cappé and Moulines 2009, on-line EM).
"""

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import takewhile

from msgspec import Struct

from cache.brink import SURE, Brink
from cache.curve import AGED_EVERY_S, EDGES, NO_GAP, OUTCOMES, WHOLE, Chances, Curve, Outcome
from cache.shift import Shift

POOLED_BINS = 2.0
POOLED_RATES = 12.0
"""Observations that the level above weighs, in each bin of a curve and in a rate; chosen by leaving sessions out."""
CURVES_MAX = 4096
"""Curves kept; the newest accounts beyond that are told by what is above them. About 1.5 KB each."""
UNCHANGED = 0.95
"""Chance of an intact prompt from which, where it was not seen to be, its outcome tells of the provider, not the client."""
DOUBT = 0.1
"""What remains of the weight of what was learned before a change of behaviour."""
HALF_LIFE_S = 14 * 86_400.0
"""After two weeks an observation counts half: vendors change their caches by the month."""
BETWIXT = (0.02, 0.98)
"""Chances of a whole read between which a bin may hold the end of a lifetime."""
BRINKS_MAX = 2048
"""Bins in which an end is looked for; some 4 MB."""
REFIT_SHARE = 0.02
"""A curve is fitted anew when this share of what its bins stand on is new: at once where thin, seldom where thick."""
TOGETHER_S = 0.25
"""Answers that follow each other faster are learned from together, once in this time: no prediction would miss one."""
_EXPECTED: dict[str, tuple[Chances]] = {
    "intact": ((0.985, 0.002, 0.005, 0.008),),
    "edited": ((0.8, 0.0, 0.05, 0.15),),
    "compacted": ((0.8, 0.0, 0.05, 0.15),),
    "grown": ((0.9, 0.02, 0.03, 0.05),),
    "bare": ((0.5, 0.2, 0.1, 0.2),),
    "short": ((0.5, 0.2, 0.1, 0.2),),
    "shrunk": ((0.4, 0.2, 0.1, 0.3),),
    "cut": ((0.05, 0.05, 0.1, 0.8),),
}
"""What is expected of a prompt by its look before any was seen. Of an edited one the whole is what was kept of it."""

LASTING, CHANGING = 4, 6
"""Levels of curves over time, and of rates of change."""

Path = tuple[str, ...]
Bin = tuple[str, float, str, int]
"""A family, a lifetime, a model, and a bin of gaps."""


class Where(Struct, frozen=True):
    """Which curves a request is judged by."""

    family: str
    """Whose rules hold: `anthropic`, `openai up to gpt-5.5`."""
    granted_s: float
    """Lifetime granted, in seconds; the unit in which gaps are counted."""
    kin: str
    """The model's name without version and date: `claude-opus`."""
    model: str
    account: str
    """What the vendor may treat apart: an upstream."""
    look: str
    """What the prompt's beginning looked like (`cache.look`)."""
    turn: str
    """`user`, `tool` or `aside`."""
    standing: str
    """`small`, `middle`, `large` or `missed` (`cache.standing`)."""

    def lasting(self) -> tuple[Path, ...]:
        """The curves over time, from the widest to the narrowest."""
        granted = f"{self.granted_s:.0f}"
        family, model = self.family, self.model
        return (
            ("time", family),
            ("time", family, granted),
            ("time", family, granted, model),
            ("time", family, granted, model, self.account),
        )

    def changing(self) -> tuple[Path, ...]:
        """The rates of change, from the widest to the narrowest. Accounts have no part in what a client sends."""
        look, family, kin, turn, standing = self.look, self.family, self.kin, self.turn, self.standing
        return (
            ("prompt", look),
            ("prompt", look, family),
            ("prompt", look, family, kin),
            ("prompt", look, family, kin, turn),
            ("prompt", look, family, kin, turn, standing),
            ("prompt", look, family, kin, turn, standing, self.model),
        )


class Waiting(Struct):
    """Answers that are alike and not learned from yet, with the gap and the documented lifetimes of the first."""

    most: float
    """How many may wait; a thin curve learns at once."""
    gap_s: float
    least_s: float
    most_s: float | None
    answers: int = 0


class Place:
    """The curves of one `Where`, found once, and what they tell until one is fitted anew."""

    __slots__ = ("changing", "fits", "lasting", "made", "told", "whole")

    def __init__(self, lasting: tuple[Curve, ...], changing: tuple[Curve, ...], made: int) -> None:
        self.lasting = lasting
        self.changing = changing
        self.made = made
        """How many curves there were when these were found."""
        self.told: dict[int, tuple[Chances, Chances]] = {}
        """By bin of the gap."""
        self.fits = 0
        self.whole = len(lasting) == LASTING and len(changing) == CHANGING
        """Whether none is missing."""

    @property
    def weight(self) -> float:
        """Of its thinnest curve."""
        return min(curve.weight for curve in (*self.lasting, *self.changing)) if self.whole else 0.0


class Survival:
    """All curves of one gateway. Prediction looks up, observation counts; both take microseconds."""

    def __init__(self, priors: Mapping[Path, Sequence[float]] | None = None, half_life_s: float = HALF_LIFE_S) -> None:
        self.half_life_s = half_life_s
        self.curves: dict[Path, Curve] = {}
        self.shifts: dict[Path, Shift] = {}
        self._places: dict[Where, Place] = {}
        self.brinks: dict[Bin, Brink] = {}
        self._waiting: dict[tuple[Where, int, Outcome], Waiting] = {}
        """Answers by what they were judged by, the bin of their gap, and their outcome."""
        self._learned_at = -math.inf
        self._newest = 0.0
        self._shifted: list[str] = []
        self._fits = 0
        """Grows whenever what is told of anything may have changed."""
        for path, counts in sorted((priors or {}).items(), key=lambda each: len(each[0])):
            self.curves[path] = Curve(edges_of(path), counts)

    def chances(self, where: Where, gap_s: float, least_s: float, most_s: float | None) -> tuple[Chances, Chances]:
        """What time alone leaves after a gap, and what a change of the prompt alone leaves.

        `least_s` and `most_s` are what the vendor documents.
        """
        return self._chances(self._place(where), where, gap_s, least_s, most_s)

    def foretold(
        self, where: Where, gap_s: float, least_s: float, most_s: float | None
    ) -> tuple[Chances, Chances, float]:
        """The chances, and on how many observations of this family and lifetime at about this gap they stand."""
        place = self._place(where)
        lasts, changes = self._chances(place, where, gap_s, least_s, most_s)
        if self.brinks and BETWIXT[0] < lasts[WHOLE] < BETWIXT[1]:
            lasts = self._sharpened(where, gap_s, lasts)
        curve = place.lasting[1] if len(place.lasting) > 1 else None
        if curve is None or not curve.stands_on:
            return lasts, changes, 0.0
        return lasts, changes, curve.stands_on[curve.bin(gap_s / where.granted_s)]

    def _sharpened(self, where: Where, gap_s: float, lasts: Chances) -> Chances:
        """The chances, where a bin has been seen to hold the end of a lifetime, on this side of it or beyond."""
        brink = self.brinks.get(_bin_of(where, gap_s))
        keeps = brink.keeps(gap_s) if brink is not None else None
        if keeps is None:
            return lasts
        whole = SURE if keeps else 1.0 - SURE
        rest = (1.0 - whole) / (1.0 - lasts[WHOLE])
        return whole, rest * lasts[1], rest * lasts[2], rest * lasts[3]

    def _chances(
        self, place: "Place", where: Where, gap_s: float, least_s: float, most_s: float | None
    ) -> tuple[Chances, Chances]:
        span = bisect_left(EDGES, gap_s / where.granted_s)
        if place.fits != self._fits:
            place.told.clear()
        told = place.told.get(span)
        if told is None:
            lasts = self._narrowest(place.lasting, EDGES, _documented(where.granted_s, least_s, most_s), POOLED_BINS)
            changes = self._narrowest(place.changing, NO_GAP, _EXPECTED[where.look], POOLED_RATES)
            told = place.told[span] = lasts.table[span], changes.table[0]
            place.fits = self._fits
        return told

    def _place(self, where: Where) -> "Place":
        """The curves there are for this, from the widest to the narrowest; looked up again when one was made."""
        place = self._places.get(where)
        if place is None or place.made != len(self.curves):
            if len(self._places) >= CURVES_MAX:
                self._places.clear()
            lasting, changing = self._existing(where.lasting()), self._existing(where.changing())
            place = self._places[where] = Place(lasting, changing, len(self.curves))
        return place

    def _existing(self, paths: Sequence[Path]) -> tuple[Curve, ...]:
        return tuple([self.curves[path] for path in takewhile(self.curves.__contains__, paths)])

    def observe(
        self, where: Where, gap_s: float, least_s: float, most_s: float | None, outcome: Outcome, now: float
    ) -> None:
        """Learn from one answer, at once or, where answers follow each other fast, together with others like it."""
        seen = (where, bisect_left(EDGES, gap_s / where.granted_s), outcome)
        waiting = self._waiting.get(seen)
        if waiting is None:
            most = REFIT_SHARE * self._place(where).weight
            waiting = self._waiting[seen] = Waiting(most, gap_s, least_s, most_s)
        waiting.answers += 1
        self._newest = now
        self._narrow(where, gap_s, outcome)
        if waiting.answers > waiting.most:
            self._learn()
        else:
            self.catch_up(now)

    def catch_up(self, now: float) -> None:
        """Learn from what waits, if the last time lies far enough back."""
        if self._waiting and not 0.0 <= now - self._learned_at < TOGETHER_S:
            self._learn()

    def _learn(self) -> None:
        self._learned_at = self._newest
        waiting, self._waiting = self._waiting, {}
        late = False
        for (where, _, outcome), each in waiting.items():
            late |= self._count(where, outcome, each)
        if late:  # fitted now rather than in the next request's way
            self._fits += 1
            for (where, _, _), each in waiting.items():
                self._chances(self._place(where), where, each.gap_s, each.least_s, each.most_s)

    def _count(self, where: Where, outcome: Outcome, seen: Waiting) -> bool:
        """Count some answers that are alike; True when a curve should be fitted anew."""
        place = self._place(where)
        lasts, changes = self._chances(place, where, seen.gap_s, seen.least_s, seen.most_s)
        blame = blamed(lasts, changes, outcome)
        if not place.whole:
            place = self._made_whole(place, where)
        times = seen.answers
        late = self._add(place.lasting, seen.gap_s / where.granted_s, outcome, times * blame, times * (1.0 - blame), times)
        late |= self._add(place.changing, 0.0, outcome, times * (1.0 - blame), 0.0, times)
        if where.look == "intact" or changes[WHOLE] >= UNCHANGED:
            self._watch(where, lasts[WHOLE] * changes[WHOLE], outcome == WHOLE, times)
        return late

    def _watch(self, where: Where, chance: float, hit: bool, times: int) -> None:
        """Notice when behaviour has changed; what was learned of it is doubted then."""
        watched = (where.family, f"{where.granted_s:.0f}", where.model)
        shift = self.shifts.get(watched)
        if shift is None:
            if len(self.shifts) >= CURVES_MAX:
                return
            shift = self.shifts[watched] = Shift()
        if shift.saw(chance, hit, times):
            self._doubt(where)
            self._shifted.append(where.account)

    def shifted(self) -> list[str]:
        """The accounts whose caches were seen to behave in a new way since this was last asked."""
        if not self._shifted:
            return []
        found, self._shifted = self._shifted, []
        return found

    def _narrow(self, where: Where, gap_s: float, outcome: Outcome) -> None:
        """Look for the end of a lifetime within a bin, where its last prediction leaves room for one."""
        key = _bin_of(where, gap_s)
        place = self._places.get(where)
        told = place.told.get(key[-1]) if place is not None else None
        if told is None or not BETWIXT[0] < told[0][WHOLE] < BETWIXT[1]:
            return
        if where.look != "intact" and told[1][WHOLE] < UNCHANGED:
            return
        brink = self.brink_at(key)
        if brink is not None:
            brink.saw(gap_s, outcome == WHOLE)

    def _doubt(self, where: Where) -> None:
        """Give up most of what was learned of a model at a provider, and of what stands above it."""
        for path in (*where.lasting(), *where.changing()):
            curve = self.curves.get(path)
            if curve is not None and len(path) > 1:
                curve.doubt(DOUBT)
                curve.stale = math.inf
        self._fits += 1

    def _made_whole(self, place: "Place", where: Where) -> "Place":
        """All curves of this, made where there is room."""
        if len(self.curves) >= CURVES_MAX:
            return place
        for path in (*where.lasting(), *where.changing()):
            self.curve_at(path)
        return self._place(where)

    def _add(
        self, curves: Sequence[Curve], span: float, outcome: Outcome, lost: float, kept: float, times: int
    ) -> bool:
        """Add to each of these curves; True when one of them should be fitted anew."""
        if not curves:
            return False
        late = False
        now = self._newest
        place = curves[0].bin(span)
        start = place * OUTCOMES
        for curve in curves:
            if not 0.0 <= now - curve.at < AGED_EVERY_S:
                curve.age(now, self.half_life_s)
            counts = curve.counts
            counts[start + outcome] += lost
            counts[start] += kept
            curve.weight += lost + kept
            curve.stale += times / (1.0 + (curve.stands_on[place] if curve.stands_on else 0.0))
            late = late or curve.stale > REFIT_SHARE
        return late

    def curve_at(self, path: Path) -> Curve | None:
        """The curve at a path, made where there is room, for whoever changes it."""
        self._fits += 1
        curve = self.curves.get(path)
        if curve is None and len(self.curves) < CURVES_MAX:
            curve = self.curves[path] = Curve(edges_of(path))
        return curve

    def brink_at(self, place: Bin) -> Brink | None:
        """What a bin saw last, made where there is room, for whoever changes it."""
        brink = self.brinks.get(place)
        if brink is None and len(self.brinks) < BRINKS_MAX:
            brink = self.brinks[place] = Brink()
        return brink

    def _narrowest(
        self, curves: Sequence[Curve], edges: Sequence[float], above: Sequence[Chances], strength: float
    ) -> Curve:
        """The narrowest curve there is, fitted to what is above it wherever that has changed enough."""
        version = 0
        curve: Curve | None = None
        for curve in curves:
            if curve.above != version or not curve.table or curve.stale > REFIT_SHARE:
                curve.fit(above, strength)
                curve.above = version
                self._fits += 1
            above, version = curve.table, curve.version
        if curve is None:
            curve = Curve(edges)
            curve.fit(above, strength)
        return curve

    def learned(self) -> Iterator[tuple[Path, Curve]]:
        """Every curve, for whoever shows or keeps them."""
        self._learn()
        yield from self.curves.items()


def lesser(lasts: Chances, changes: Chances) -> Chances:
    """The chances of the lesser of two outcomes."""
    first = lasts[0] * changes[0]
    second = (lasts[0] + lasts[1]) * (changes[0] + changes[1])
    third = (1.0 - lasts[3]) * (1.0 - changes[3])
    return first, second - first, third - second, 1.0 - third


def blamed(lasts: Chances, changes: Chances, outcome: Outcome) -> float:
    """The share of a loss that is due to time; 0 for none."""
    if outcome == WHOLE:
        return 0.0
    by_time = lasts[outcome] * sum(changes[: outcome + 1])
    by_change = changes[outcome] * sum(lasts[:outcome])
    return by_time / max(1e-12, by_time + by_change)


def _bin_of(where: Where, gap_s: float) -> Bin:
    """A model's bin of gaps."""
    return where.family, where.granted_s, where.model, bisect_left(EDGES, gap_s / where.granted_s)


def edges_of(path: Path) -> Sequence[float]:
    """Where the bins of a curve end."""
    return EDGES if path[0] == "time" else NO_GAP


@lru_cache(maxsize=256)
def _documented(granted_s: float, least_s: float, most_s: float | None) -> tuple[Chances, ...]:
    """What the vendor's own words come to, as a curve: nearly sure while promised, nearly nothing after the named end."""
    table: list[Chances] = []
    for edge in (*EDGES, math.inf):
        seconds = edge * granted_s
        if seconds <= least_s:
            table.append((0.9994, 0.0002, 0.0002, 0.0002))
        elif most_s is not None and seconds > most_s:
            table.append((0.03, 0.02, 0.05, 0.9))
        else:
            table.append((0.5, 0.1, 0.2, 0.2))
    return tuple(table)
