"""Scores of a handful of calls, worked out by hand."""

import pytest
from msgspec.structs import replace

from cache.outlook import Outlook
from gateway.evaluation.freshness_score import Pair, score
from gateway.evaluation.freshness_trace import Call

CALL = Call(
    session=("r", "s"), n="0", provider="openai", model="gpt-5.5", version="1", sent=0.0, began=4.0, ended=4.0,
    person=False, total=10_000, read=0, kept=10_000, kinds={"input_uncached": 10_000}, out=9,
)  # fmt: skip


def pair(number: int, read: int, expected: int, p_full: float, gap_s: float = 5.0) -> Pair:
    before = replace(CALL, n=str(2 * number))
    call = replace(CALL, n=str(2 * number + 1), sent=4.0 + gap_s, total=11_000, read=read)
    made = Outlook(p_full, 1 - p_full, expected, float(expected), "expired", 99.0, False)
    return before, call, made


def test_by_hand() -> None:
    pairs = [pair(0, 10_000, 10_000, 1.0), pair(1, 0, 0, 0.0, 400.0), pair(2, 0, 10_000, 0.9), pair(3, 10_000, 2000, 0.5)]
    every, paused = score(pairs).values()
    assert every["miss_f1"][0] == pytest.approx(2 / 4)
    assert every["token_error"][0] == pytest.approx((0 + 0 + 10_000 + 8000) / 4)
    assert every["brier"][0] == pytest.approx((0.81 + 0.25) / 4)
    paid = 2 * (10_000 * 0.5 + 1000 * 5) + 2 * 11_000 * 5
    foretold = 2 * (10_000 * 0.5 + 1000 * 5) + 11_000 * 5 + 2000 * 0.5 + 9000 * 5
    assert every["cost_ratio"][0] == pytest.approx(foretold / paid)
    assert paused["miss_f1"][0] == 1.0


def test_intervals_hold_the_value_and_widen_with_few_sessions() -> None:
    made = [pair(number, 10_000 if number % 3 else 0, 10_000, 0.9) for number in range(60)]
    spread = [
        (replace(before, session=("r", str(number))), replace(call, session=("r", str(number))), outlook)
        for number, (before, call, outlook) in enumerate(made)
    ]
    value, low, high = next(iter(score(spread).values()))["brier"]
    assert low < value < high
    alone = next(iter(score(made).values()))["brier"]
    assert alone == (pytest.approx(value), pytest.approx(value), pytest.approx(value))


def test_nothing_to_judge() -> None:
    assert next(iter(score([]).values()))["token_error"] == (0.0, 0.0, 0.0)
