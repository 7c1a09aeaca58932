"""Why a bill's tokens are not the ledger's: each difference taken apart into causes that add up to it.

In this order, each taking what it can explain of what is left: tokens moved between tiers of a day, tokens moved across
midnight, days the bill does not reach, answers whose usage had to be estimated, requests that did not come through here. The
order goes from what can be checked against both sides to what only the bill says.
"""

from collections.abc import Iterable, Iterator, Mapping

from gateway.reconcile.types import KINDS, Bill, Booked, Cause, Kind, Place, Used

GUESS_FACTOR = 4
"""Where a bill counts no requests, an estimate is believed to be off by no more than this many times its tokens."""
NOT_USED = Used()
NOT_BOOKED = Booked()
Slot = tuple[Place, Kind]


class Split:
    """What is left to explain at each place, and what has been."""

    def __init__(self, bill: Mapping[Place, Used], ours: Mapping[Place, Booked]) -> None:
        self.bill = bill
        self.ours = ours
        self.left: dict[Slot, int] = {}
        self.parts: dict[Slot, dict[Cause, int]] = {}
        for place in sorted({*bill, *ours}):
            for kind in KINDS:
                billed = bill.get(place, NOT_USED).tokens.get(kind, 0)
                booked = ours.get(place, NOT_BOOKED).tokens.get(kind, 0)
                if billed != booked:
                    self.left[place, kind] = billed - booked

    def take(self, slot: Slot, cause: Cause, tokens: int) -> None:
        """Explain some of what is left."""
        if tokens:
            self.left[slot] -= tokens
            causes = self.parts.setdefault(slot, {})
            causes[cause] = causes.get(cause, 0) + tokens


def split(bill: Bill, ours: Mapping[Place, Booked]) -> Split:
    """All differences, explained to nothing left."""
    work = Split(bill.used, ours)
    _tiers(work)
    _midnights(work)
    _not_yet(work)
    for slot in list(work.left):
        _estimates(work, slot)
        _rest(work, slot)
    return work


def _tiers(work: Split) -> None:
    """What is too much at one tier of a day and missing at another."""
    groups: dict[tuple[int, str, str, str, Kind], list[Slot]] = {}
    for slot in work.left:
        place, kind = slot
        groups.setdefault((place.day, place.provider, place.key, place.model, kind), []).append(slot)
    for slots in groups.values():
        _exchange(work, slots, "tier_mismatch", min(_over(work, slots), _under(work, slots)))


def _midnights(work: Split) -> None:
    """What is missing on one day and too much on the next or the one before, as far as it was near midnight here.

    Days that cancel out to the token come first: then another day's gap of another cause takes nothing from them.
    """
    for exactly in (True, False):
        for place, kind in sorted(work.left):
            following = Place(place.day + 1, place.provider, place.key, place.model, place.tier), kind
            if following in work.left:
                _midnight(work, [(place, kind), following], exactly)


def _midnight(work: Split, pair: list[Slot], exactly: bool) -> None:
    one, other = (work.left[slot] for slot in pair)
    if one * other < 0 and (one == -other or not exactly):
        near = sum(
            work.ours.get(place, NOT_BOOKED).late.get(kind, 0) + min(0, work.parts.get((place, kind), {}).get("late", 0))
            for place, kind in pair
            if work.left[place, kind] < 0
        )
        _exchange(work, pair, "late", min(_over(work, pair), _under(work, pair), near))


def _exchange(work: Split, slots: Iterable[Slot], cause: Cause, tokens: int) -> None:
    """Explain as much of what is over as of what is under."""
    over, under = tokens, tokens
    for slot in slots:
        left = work.left[slot]
        if left > 0:
            moved = min(left, over)
            over -= moved
            work.take(slot, cause, moved)
        else:
            moved = min(-left, under)
            under -= moved
            work.take(slot, cause, -moved)


def _over(work: Split, slots: Iterable[Slot]) -> int:
    return sum(max(0, work.left[slot]) for slot in slots)


def _under(work: Split, slots: Iterable[Slot]) -> int:
    return sum(max(0, -work.left[slot]) for slot in slots)


def _not_yet(work: Split) -> None:
    """What we booked after the last day on which the provider says anything."""
    last: dict[str, int] = {}
    for place in work.bill:
        last[place.provider] = max(last.get(place.provider, 0), place.day)
    for slot, left in list(work.left.items()):
        place = slot[0]
        if left < 0 and place.day > last.get(place.provider, place.day):
            work.take(slot, "not_billed_yet", left)


def _estimates(work: Split, slot: Slot) -> None:
    """What an estimate was off by; where more requests were billed than booked, those have their mean share first."""
    place, kind = slot
    booked, left = work.ours.get(place, NOT_BOOKED), work.left[slot]
    if not booked.estimated_requests or not left:
        return
    billed = work.bill.get(place, NOT_USED)
    if left > 0 and not billed.requests:
        left = min(left, GUESS_FACTOR * sum(booked.estimated.values()))
    elif left > 0 and billed.requests > booked.requests:
        strangers = billed.tokens.get(kind, 0) * (billed.requests - booked.requests) // billed.requests
        left = max(0, left - strangers)
    work.take(slot, "estimated", left)


def _rest(work: Split, slot: Slot) -> None:
    """More than we saw is somebody else's, if there were more requests or nobody counted them; else nobody knows."""
    place, left = slot[0], work.left[slot]
    billed, booked = work.bill.get(place, NOT_USED), work.ours.get(place, NOT_BOOKED)
    foreign = left > 0 and (not billed.requests or billed.requests > booked.requests)
    work.take(slot, "bypassed" if foreign else "unexplained", left)


def explained(work: Split) -> Iterator[tuple[Slot, Mapping[Cause, int]]]:
    """Every place with a difference, and its causes."""
    yield from sorted(work.parts.items())
