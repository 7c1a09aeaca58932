"""How threads go on, counted from recorded sessions: what `routing.ahead` is shipped with, and what is fitted anew without
the sessions it is then judged on.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import fmean, median

from gateway.evaluation.policies_trace import Session, shared
from routing.ahead import SHIPPED, Habits

PARTS = len(SHIPPED.pauses_s)
_WEIGHTS = (2.0, 5.0, 10.0, 20.0, 50.0)
_ENDS = (2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 12.0)
FOLDS = 5


def habits_of(sessions: Sequence[Session]) -> Habits:
    """The habits of these sessions; the chance of another turn of the same kind stays as it is set."""
    lengths = [[len(turn) for turn in session.turns] for session in sessions]
    mean = fmean([length for each in lengths for length in each])
    return Habits(
        requests=round(mean, 2),
        weight=min(_WEIGHTS, key=lambda weight: _missed(sessions, mean, weight)),
        spread=round(_spread(lengths, mean), 1),
        ends=max(_ENDS, key=lambda ends: _likelihood(lengths, ends)),
        pauses_s=_parts(sorted(_pauses(sessions))),
        request_s=float(round(median(_seconds(sessions)))),
        added=float(round(fmean(_added(sessions)))),
        output=float(round(fmean([sent.output for session in sessions for turn in session.turns for sent in turn]))),
    )


def folded(sessions: Sequence[Session], folds: int = FOLDS) -> dict[str, Habits]:
    """For each session by its name the habits of all that are not in its fold."""
    found = {}
    for fold in range(folds):
        others = [session for place, session in enumerate(sessions) if place % folds != fold]
        found.update(dict.fromkeys([session.name for session in sessions[fold::folds]], habits_of(others)))
    return found


def _missed(sessions: Sequence[Session], mean: float, weight: float) -> float:
    """Squared error of the requests foretold for each turn, weighed by the prompt it begins with: there the money is."""
    guess = Habits(requests=mean, weight=weight)
    total = 0.0
    for session in sessions:
        requests = 0
        for turns, turn in enumerate(session.turns):
            if turns:
                total += turn[0].tokens * (guess.requests_of(requests, turns) - len(turn)) ** 2
            requests += len(turn)
    return total


def _spread(lengths: Sequence[Sequence[int]], mean: float) -> float:
    """Variance within threads over the squared mean."""
    squares = sum((length - fmean(each)) ** 2 for each in lengths for length in each)
    return squares / max(1, sum(map(len, lengths)) - len(lengths)) / mean**2


def _likelihood(lengths: Sequence[Sequence[int]], ends: float) -> float:
    """Log-likelihood of where the threads ended."""
    goes_on = sum(math.log1p(-1.0 / (behind + ends)) for each in lengths for behind in range(len(each) - 1))
    return goes_on - sum(math.log(len(each) - 1 + ends) for each in lengths)


def _pauses(sessions: Sequence[Session]) -> Iterator[float]:
    for session in sessions:
        for before, after in pairwise(session.turns):
            yield max(1.0, after[0].at - before[-1].at)


def _parts(pauses_s: Sequence[float]) -> tuple[float, ...]:
    """The pause in the middle of each of so many equal parts."""
    return tuple(float(f"{pauses_s[int((part + 0.5) / PARTS * len(pauses_s))]:.3g}") for part in range(PARTS))


def _seconds(sessions: Sequence[Session]) -> Iterator[float]:
    for session in sessions:
        yield from ((turn[-1].at - turn[0].at) / (len(turn) - 1) for turn in session.turns if len(turn) > 1)


def _added(sessions: Sequence[Session]) -> Iterator[int]:
    """What a prompt holds beyond the last one, where it goes on from it; a rebuilt one begins anew."""
    for session in sessions:
        flat = [sent for turn in session.turns for sent in turn]
        for before, after in pairwise(flat):
            common = session.block * shared(after.blocks, before.blocks)
            if common >= 0.5 * before.tokens:
                yield after.tokens - common
