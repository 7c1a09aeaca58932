"""So many a minute: no burst at the turn of one, a wait that is long enough and not longer."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.budgets.counters import LocalCounters
from gateway.budgets.rates import TooFast, correct, count
from gateway.budgets.types import RateLimit
from tests.gateway.budgets.made import ANN, NOON

REQUESTS = RateLimit(name="burst", per="user", requests=10)
TOKENS = RateLimit(name="flood", per="team", tokens=1000)


def test_ten_a_minute_are_ten():
    counters = LocalCounters(100)
    for _ in range(10):
        count([REQUESTS], ANN, 0, NOON, counters)
    with pytest.raises(TooFast) as refused:
        count([REQUESTS], ANN, 0, NOON, counters)
    assert refused.value.wait_s == 60.0


def test_a_refused_request_counts_nowhere():
    counters = LocalCounters(100)
    limits = [TOKENS, RateLimit(name="one", per="team", requests=1)]
    count(limits, ANN, 100, NOON, counters)
    for _ in range(20):
        with pytest.raises(TooFast) as refused:
            count(limits, ANN, 100, NOON, counters)
        assert refused.value.limit.name == "one"
    count([TOKENS], ANN, 900, NOON, counters)


def test_tokens_are_corrected_when_they_are_known():
    counters = LocalCounters(100)
    counted = count([TOKENS], ANN, 400, NOON, counters)
    correct(counted, 900, NOON + 1, counters)
    with pytest.raises(TooFast):
        count([TOKENS], ANN, 200, NOON + 2, counters)
    correct(counted, 100, NOON + 3, counters)
    count([TOKENS], ANN, 200, NOON + 4, counters)


def test_what_is_larger_than_a_minute_passes_when_a_minute_was_quiet():
    counters = LocalCounters(100)
    count([TOKENS], ANN, 5000, NOON, counters)
    with pytest.raises(TooFast):
        count([TOKENS], ANN, 1, NOON + 30, counters)


@settings(max_examples=200)
@given(st.lists(st.floats(min_value=0, max_value=20), min_size=1, max_size=200), st.floats(min_value=0, max_value=60))
def test_the_wait_told_is_enough_and_the_bound_holds(gaps, offset):
    counters, now, passed = LocalCounters(1000), NOON + offset, []
    for gap in gaps:
        now += gap
        wait_s = tried(counters, now)
        assert 0 <= wait_s <= 60
        if 0 < wait_s < 60:
            now += wait_s + 1e-6
            assert tried(counters, now) == 0
        if wait_s < 60:
            passed.append(now)
    for minute in {at // 60 for at in passed}:
        assert sum(at // 60 == minute for at in passed) <= 10


def tried(counters, now):
    """The wait asked for, 0 for none."""
    try:
        count([REQUESTS], ANN, 0, now, counters)
    except TooFast as refused:
        return refused.wait_s
    return 0
