"""What staying and leaving cost, by prices and expected caches of both models."""

import pytest

from cache.course import Course, Run
from cache.providers import Tier
from cache.types import ThreadRecord
from cache.visits import with_model
from gateway.foresight import foreseen
from gateway.metering.prices import PriceBook
from gateway.scales import Turn, behind_of, kept, scales_for, weighed
from routing.ahead import Behind, Party
from routing.stay import choose
from tests.gateway.test_foresight import HERE, NOW, answered, asked, forecast, snapshot

__all__ = ["forecast", "snapshot"]
CODE = Party(read=200_000, write=5_000_000, output=20_000_000, kept=0.8, expected=lambda after_s: 120_000 if after_s <= 300 else 0)


def test_a_price_that_is_not_known_moves_nobody():
    assert choose(weighed(121_000, Behind(40, 6), CODE, None), demanded=False).word == "price_unknown"


def test_a_promise_is_kept_and_half_of_what_comes_after():
    assert kept(None) == 0.0
    assert kept(Tier(minimum_s=10**9, maximum_s=None)) == 1.0
    assert kept(Tier(minimum_s=0.0, maximum_s=None)) == 0.5
    assert 0.8 < kept(Tier(minimum_s=300.0, maximum_s=300.0)) < kept(Tier(minimum_s=1800.0, maximum_s=7200.0)) < 1.0


def test_a_threads_past_is_what_its_record_tells():
    course = Course(6, "general", (Run("general", 3, 2), Run("code", 2, 1)))
    record = ThreadRecord("t", "a", requests=40, course=course)
    assert behind_of(record, "general") == Behind(requests=40, turns=6, alike=4, again=3), "this turn is one more"
    assert behind_of(record, "code") == Behind(requests=40, turns=6, alike=2, again=1)


@pytest.mark.parametrize(("idle_s", "cold"), [(20.0, False), (4000.0, True)])
def test_a_threads_own_cache_is_what_is_foreseen(snapshot, forecast, idle_s, cold):
    _, first = asked("a")
    record = answered(first)
    ask, print_ = asked("a", "b")
    turn = Turn(ask=ask, print_=print_, image=False)
    prices = PriceBook.load(())
    scales = scales_for(record, "general", "claude-haiku-5-5", turn, snapshot, prices, forecast, NOW + idle_s)
    assert scales.cold is cold
    assert scales.goes is None, "the other model is not in this config"
    seen = foreseen(with_model(record, HERE.model), None, print_, ask, HERE, snapshot, forecast, NOW + idle_s)
    assert (seen.freshness.state == "cold") is cold
    warm, later = (
        scales_for(record, "code", HERE.model, turn, snapshot, prices, forecast, NOW + after_s).stays or 0 for after_s in (20.0, idle_s)
    )
    assert later >= warm > 0
    assert scales.opaque == ""
