"""Curves only fall, give way to what is seen, and forget."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.curve import EDGES, FLOOR, NO_GAP, OUTCOMES, WHOLE, Curve, falling

EVEN = tuple((0.7, 0.1, 0.1, 0.1) for _ in range(len(EDGES) + 1))
values = st.lists(st.tuples(st.floats(0, 1), st.floats(0.01, 100)), min_size=1, max_size=30)


@given(values)
def test_falling_falls_and_keeps_the_mean(pairs: list[tuple[float, float]]) -> None:
    heights, weights = [each[0] for each in pairs], [each[1] for each in pairs]
    fitted = falling(heights, weights)
    assert all(after <= before + 1e-9 for before, after in pairwise(fitted))
    assert sum(h * w for h, w in zip(fitted, weights, strict=True)) == pytest.approx(
        sum(h * w for h, w in zip(heights, weights, strict=True)), abs=1e-6
    )


def test_falling_leaves_alone_what_falls() -> None:
    assert falling([0.9, 0.5, 0.1], [1, 1, 1]) == [0.9, 0.5, 0.1]


@given(st.lists(st.tuples(st.floats(0, 200), st.integers(0, 3)), max_size=60))
def test_a_fit_is_a_distribution_in_every_bin(seen: list[tuple[float, int]]) -> None:
    curve = Curve(EDGES)
    for span, outcome in seen:
        curve.add(curve.bin(span), outcome, 1.0)  # type: ignore[arg-type]
    curve.fit(EVEN, 2.0)
    for chances in curve.table:
        assert sum(chances) == pytest.approx(1.0)
        assert min(chances) >= -1e-9


def test_what_is_seen_outweighs_what_stands_above() -> None:
    curve = Curve(EDGES)
    place = curve.bin(2.5)
    for _ in range(200):
        curve.add(place, FLOOR, 1.0)
    curve.fit(EVEN, 2.0)
    assert curve.table[place][WHOLE] < 0.1
    assert curve.table[0][WHOLE] == pytest.approx(0.7), "other gaps stay as the curve above has them"


def test_an_observation_counts_half_after_the_half_life() -> None:
    curve = Curve(NO_GAP)
    curve.age(1000.0, 100_000.0)
    curve.add(0, WHOLE, 8.0)
    curve.age(101_000.0, 100_000.0)
    assert curve.seen(0) == pytest.approx(4.0)


def test_a_clock_that_jumps_back_adds_no_weight() -> None:
    curve = Curve(NO_GAP)
    curve.age(1e9, 100_000.0)
    curve.add(0, WHOLE, 8.0)
    curve.age(1000.0, 100_000.0)
    assert curve.seen(0) == pytest.approx(8.0)


def test_doubt_takes_weight_from_shipped_counts_too() -> None:
    curve = Curve(NO_GAP, [100.0, 0.0, 0.0, 0.0])
    curve.doubt(0.1)
    assert curve.seen(0) == pytest.approx(10.0)
    assert len(curve.counts) == OUTCOMES
