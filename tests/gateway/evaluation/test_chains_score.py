"""Scores of replayed sessions."""

import pytest

from gateway.evaluation.chains import Foretold
from gateway.evaluation.chains_score import score, total


def call(session: str, expected: int | None, read: int, before: int = 10_000, gap_s: float | None = 9.0) -> Foretold:
    return Foretold(session=session, state="warm", reason="", gap_s=gap_s, before=before, expected=expected, read=read)


CALLS = [
    call("a", 10_000, 9_950),
    call("a", 10_000, 0),
    call("b", 0, 0),
    call("b", 0, 10_000),
    call("b", None, 10_000),
    call("c", 0, 0, before=100),
    call("c", 0, 0, gap_s=None),
]


def test_what_counts() -> None:
    sums = total(CALLS, 64)
    assert (sums.judged, sums.near, sums.unknown) == (6, 3, 1)
    assert (sums.rightly, sums.wrongly, sums.unseen) == (1, 1, 1)


def test_scores_lie_in_their_intervals() -> None:
    for value, low, high in score(CALLS, 64).values():
        assert value == pytest.approx(0.5)
        assert low <= value <= high
