"""What resuming costs: warm, cold and anew, and unknown where a price is."""

import pytest

from cache.types import Boundary, ThreadRecord
from gateway.metering.prices import PriceBook
from gateway.metering.resume import resume_cost

NOW = 1_795_500_000.0


@pytest.fixture(scope="module")
def prices():
    contract = {"provider": "house", "model": "m", "input_uncached": "4", "cache_read": "0.4", "cache_write_1h": "8"}
    return PriceBook.load((contract,))


def record(**changes):
    known = {
        "thread": "t", "team": "a", "model": "m", "provider": "house", "cached_tokens": 1000, "first_tokens": 300,
        "boundaries": (Boundary(digest="00", size=9, tokens=1200),),
    }  # fmt: skip
    return ThreadRecord(**{**known, **changes})


def test_three_prices(prices):
    cost = resume_cost(record(), prices, NOW)
    assert cost.warm_picos == 1000 * 400_000 + 200 * 4_000_000
    assert cost.cold_picos == 1200 * 4_000_000
    assert cost.fresh_picos == 300 * 4_000_000


def test_a_prompt_that_is_written_costs_writing(prices):
    cost = resume_cost(record(cache_ttl_s=3600.0), prices, NOW)
    assert cost.warm_picos == 1000 * 400_000 + 200 * 4_000_000
    assert (cost.cold_picos, cost.fresh_picos) == (1200 * 8_000_000, 300 * 8_000_000)


def test_what_was_served_is_what_is_paid(prices):
    assert resume_cost(record(model="auto", served="m"), prices, NOW).cold_picos == 1200 * 4_000_000


def test_no_more_is_held_than_there_is(prices):
    assert resume_cost(record(cached_tokens=5000), prices, NOW).warm_picos == 1200 * 400_000
    assert resume_cost(record(boundaries=()), prices, NOW).warm_picos == 1000 * 400_000


def test_unknown_is_not_zero(prices):
    nowhere = resume_cost(record(provider="nowhere", model="n"), prices, NOW)
    assert (nowhere.warm_picos, nowhere.cold_picos, nowhere.fresh_picos) == (None, None, None)
    assert resume_cost(record(cache_ttl_s=300.0), prices, NOW).cold_picos is None, "writes for five minutes have no price"
    assert resume_cost(record(first_tokens=0), prices, NOW).fresh_picos is None
