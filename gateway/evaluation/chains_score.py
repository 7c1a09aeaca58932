"""How near what was foretold of replayed sessions came to what the simulated provider read.

Judged are calls of threads that had been answered by the same model before: of a first call the gateway says that it knows
nothing, which is neither right nor wrong. A call of which it says so later counts as wrong.
"""

from collections.abc import Mapping, Sequence

from cache.standing import HALF
from gateway.evaluation.chains import Foretold
from gateway.evaluation.intervals import Counted, Interval, intervals

JUDGED_FROM = 5000
"""Tokens of the prompt before from which on a miss is one, as with recorded outcomes."""


class Sums(Counted):
    """What scores are made of; adds up over sessions."""

    judged: int = 0
    near: int = 0
    unknown: int = 0
    rightly: int = 0
    wrongly: int = 0
    unseen: int = 0

    def scores(self) -> dict[str, float]:
        return {
            "within_a_block": self.near / max(1, self.judged),
            "miss_precision": self.rightly / max(1, self.rightly + self.wrongly),
            "miss_recall": self.rightly / max(1, self.rightly + self.unseen),
        }


def summed(told: Foretold, block: int) -> Sums:
    """One call's share. A miss is a read of less than half the prompt before."""
    if told.gap_s is None:
        return Sums()
    expected = told.expected
    judged = told.before >= JUDGED_FROM
    missed = judged and told.read < HALF * told.before
    foretold = judged and expected is not None and expected < HALF * told.before
    return Sums(
        judged=1,
        near=expected is not None and abs(expected - told.read) <= block,
        unknown=expected is None,
        rightly=missed and foretold,
        wrongly=foretold and not missed,
        unseen=missed and not foretold,
    )


def total(told: Sequence[Foretold], block: int) -> Sums:
    """Of all of them."""
    found = Sums()
    for each in told:
        found.add(summed(each, block))
    return found


def score(told: Sequence[Foretold], block: int, seed: int = 0) -> Mapping[str, Interval]:
    """The scores with their intervals."""
    sessions: dict[str, Sums] = {}
    for each in told:
        sessions.setdefault(each.session, Sums()).add(summed(each, block))
    return intervals(list(sessions.values()), Sums, seed)
