"""What staying and leaving cost, by prices and expected caches of both models."""

import pytest

from cache.visits import with_model
from gateway.foresight import foreseen
from gateway.metering.prices import PriceBook
from gateway.scales import ADDED_TOKENS, AWAY_TURNS, OUTPUT_TOKENS, REQUESTS_A_TURN, Party, Turn, scales_for, weighed
from routing.stay import choose
from tests.gateway.test_foresight import HERE, NOW, answered, asked, forecast, snapshot

__all__ = ["forecast", "snapshot"]
CODE = Party(read=200_000, write=5_000_000, output=20_000_000, kept=0.8, expected=lambda after_s: 120_000 if after_s <= 300 else 0)
CHEAP = Party(read=10_000, write=125_000, output=500_000, kept=0.8, expected=lambda after_s: 0.0)
HALF = Party(read=100_000, write=2_500_000, output=10_000_000, kept=0.8, expected=lambda after_s: 0.0)


def test_the_sides_are_what_the_requests_would_cost():
    scales = weighed(121_000, 40, CODE, CHEAP)
    assert scales.stays is not None
    assert scales.goes is not None
    assert scales.stays.now == 120_000 * 200_000 + 1_000 * 5_000_000 + OUTPUT_TOKENS * 20_000_000
    assert scales.goes.now == 121_000 * 125_000 + OUTPUT_TOKENS * 500_000
    assert scales.goes.later == 121_000 * 10_000 + ADDED_TOKENS * 125_000 + OUTPUT_TOKENS * 500_000
    assert scales.requests == REQUESTS_A_TURN * AWAY_TURNS
    assert scales.back > 0, "the cache that was left may be gone on the return"


def test_a_model_at_a_fortieth_is_worth_it_and_one_at_half_is_not():
    assert choose(weighed(121_000, 40, CODE, CHEAP), demanded=False).word == "saves_more"
    assert choose(weighed(121_000, 40, CODE, HALF), demanded=False).word == "cache_worth_more"


def test_a_thread_that_will_hardly_return_goes_sooner():
    young = weighed(121_000, 1, CODE, HALF)
    old = weighed(121_000, 400, CODE, HALF)
    assert young.p_back < 0.1
    assert old.p_back > 0.9


def test_a_price_that_is_not_known_moves_nobody():
    assert choose(weighed(121_000, 40, CODE, None), demanded=False).word == "price_unknown"


@pytest.mark.parametrize(("idle_s", "cold"), [(20.0, False), (4000.0, True)])
def test_a_threads_own_cache_is_what_is_foreseen(snapshot, forecast, idle_s, cold):
    _, first = asked("a")
    record = answered(first)
    ask, print_ = asked("a", "b")
    turn = Turn(ask=ask, print_=print_, image=False)
    prices = PriceBook.load(())
    scales = scales_for(record, "claude-haiku-5-5", turn, snapshot, prices, forecast, NOW + idle_s)
    assert scales.cold is cold
    assert scales.stays is not None
    assert scales.goes is None, "the other model is not in this config"
    seen = foreseen(with_model(record, HERE.model), None, print_, ask, HERE, snapshot, forecast, NOW + idle_s)
    assert (seen.freshness.state == "cold") is cold
    warm = scales_for(record, HERE.model, turn, snapshot, prices, forecast, NOW + 20.0).stays
    assert warm is not None
    assert scales.stays.now >= warm.now
    assert scales.opaque == ""
