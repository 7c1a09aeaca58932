"""What a lost prompt cache cost, from the numbers the provider billed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.types import Freshness
from gateway.metering.rebuilt import rebuilt

COLD = Freshness(state="cold", reason="past_lifetime", idle_s=90_000.0, expected_read_tokens=0)


def test_a_cold_resume_costs_what_it_was_billed_above_a_read():
    found = rebuilt(COLD, 100_000, "miss", {"cache_write_5m": 101_000, "output": 5}, {"cache_write_5m": 505_000}, 1)
    assert (found.cause, found.tokens, found.picos) == ("past_lifetime", 100_000, 100_000 * 5 - 100_000)


def test_only_what_was_not_read_counts():
    kinds = {"cache_read": 60_000, "input_uncached": 50_000}
    found = rebuilt(COLD, 100_000, "partial", kinds, {"cache_read": 60_000, "input_uncached": 500_000}, 1)
    assert (found.tokens, found.picos) == (40_000, 40_000 * 10 - 40_000)


@pytest.mark.parametrize(
    ("state", "reason", "cause"),
    [
        ("warm", "within_lifetime", "unexplained"),
        ("cooling", "no_promise", "past_lifetime"),
        ("broken", "prefix_changed", "prefix_changed"),
        ("cold", "model_changed", "model_changed"),
    ],
)
def test_the_cause_follows_what_was_expected(state, reason, cause):
    found = rebuilt(Freshness(state=state, reason=reason), 10, "miss", {"input_uncached": 10}, {"input_uncached": 50}, 1)
    assert found.cause == cause


def test_an_unknown_price_is_not_zero():
    assert rebuilt(COLD, 10, "miss", {"input_uncached": 10}, {}, 1).picos is None
    assert rebuilt(COLD, 10, "miss", {"input_uncached": 10}, {"input_uncached": 50}, None).picos is None


@pytest.mark.parametrize("observed", ["hit", "unknown"])
def test_nothing_was_rebuilt_where_it_was_read_or_nobody_knows(observed):
    assert rebuilt(COLD, 10, observed, {"input_uncached": 10}, {"input_uncached": 50}, 1) is None


@given(*[st.integers(min_value=0, max_value=10**7)] * 4)
def test_never_more_than_was_billed(known, read, fresh, rate):
    kinds = {"cache_read": read, "input_uncached": fresh}
    found = rebuilt(COLD, known, "partial", kinds, {"cache_read": read, "input_uncached": fresh * 7}, rate)
    if found is not None:
        assert 0 < found.tokens <= fresh
        assert 0 <= found.picos <= fresh * 7
