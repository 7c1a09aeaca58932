"""Alternatives of one event, worked out by hand from list prices, and nothing claimed where nothing is known."""

import pytest
from msgspec.structs import replace

from cache.types import ThreadRecord
from gateway.metering.prices import PriceBook
from gateway.metering.types import Usage
from gateway.metering.whatif import NOTHING_KNOWN, Road, Roads, moved_from, what_if
from tests.gateway.metering.records import AT, intent, settlement

BOOK = PriceBook.load(())
SOL, LUNA, HAIKU = Road("openai", "gpt-6.1-sol"), Road("openai", "gpt-6-luna"), Road("anthropic", "claude-haiku-5-5")
OPUS = Road("anthropic", "claude-opus-5-5")
ROADS = Roads(code={"responses": SOL, "messages": OPUS}, general={"responses": LUNA, "messages": HAIKU})
M = 10**6
"""A dollar per million tokens, in pico-dollars per token."""


def settled(kinds, road=SOL, **changes):
    priced = BOOK.price(Usage(kinds=kinds), road.provider, road.model, AT)
    made = settlement("a", kinds=kinds, by_kind=dict(priced.by_kind), picos=priced.picos, cache_observed="unknown")
    return replace(made, model=road.model, served=road.model, provider=road.provider, at=AT, **changes)


def asked(**changes):
    return intent("a", endpoint="responses", **changes)


KINDS = {"input_uncached": 100, "cache_read": 1000, "cache_write_30m": 200, "output": 10}
"""On Sol at $2 in, $0.10 read, $2.50 written, $10 out: 200 + 100 + 500 + 100 micro-dollars."""


def test_on_the_code_model_and_on_the_general_one():
    found = what_if(asked(), settled(KINDS), ROADS, BOOK)
    assert found.code == 900 * M
    assert found.general == (100 * 10 + 1000 * 1 + 200 * 12.5 + 10 * 50) * M / 100  # Luna: $0.10, $0.01, $0.125, $0.50
    assert found.uncached == (1300 * 2 + 10 * 10) * M
    assert (found.stayed, found.wasted) == (900 * M, 0)


def test_a_general_event_would_have_cost_more_on_code():
    event = settled({"input_uncached": 1000, "output": 100}, LUNA)
    found = what_if(asked(), event, ROADS, BOOK)
    assert (event.picos, found.code, found.general) == (150 * M, 3000 * M, 150 * M)


def test_what_was_asked_for_by_name_is_the_same_everywhere():
    event = settled(KINDS)
    for meant in (asked(route=""), intent("a", endpoint="embeddings")):
        found = what_if(meant, event, ROADS, BOOK)
        assert (found.code, found.general) == (event.picos, event.picos)
        assert found.uncached > event.picos


def test_a_vendor_without_the_kind_bills_the_next_best():
    """Anthropic has no half-hour writes: five minutes at 1.25 times $4, and reads at $0.20."""
    event = settled({"cache_read": 1000, "cache_write_30m": 200, "output": 10})
    found = what_if(asked(), event, replace(ROADS, general={"responses": OPUS}), BOOK)
    assert found.general == (1000 * 0.2 + 200 * 5 + 10 * 20) * M
    plain = what_if(asked(), event, replace(ROADS, general={"responses": Road("openai", "gpt-3.5-turbo-instruct")}), BOOK)
    assert plain.general is not None


def test_staying_would_have_read_what_was_cached():
    event = settled({"cache_write_30m": 1300, "output": 10})
    found = what_if(asked(moved_from="openai/gpt-6-luna", known_tokens=1000), event, ROADS, BOOK)
    assert found.stayed == (1000 * 1 + 300 * 10 + 10 * 50) * M / 100
    assert what_if(asked(moved_from="nobody/none"), event, ROADS, BOOK).stayed is None


def test_a_cache_filled_again_is_wasted():
    event = settled({"input_uncached": 1000, "output": 10}, cache_observed="miss")
    found = what_if(asked(known_tokens=800, cache_cause="past_lifetime"), event, ROADS, BOOK)
    assert (found.wasted, found.wasted_cause) == (800 * (2 * M - M // 10), "past_lifetime")
    assert what_if(asked(known_tokens=800), event, ROADS, BOOK).wasted == 0


@pytest.mark.parametrize(
    "changes",
    [{"picos": None, "price_status": "unpriced"}, {"exact": False}, {"price_status": "partial"}, {"picos": 1}],
)
def test_nothing_is_claimed_of_what_cannot_be_priced_again(changes):
    assert what_if(asked(), replace(settled(KINDS), **changes), ROADS, BOOK) == NOTHING_KNOWN


def test_what_cost_nothing_costs_nothing():
    found = what_if(asked(), settled({}), ROADS, BOOK)
    assert (found.code, found.general, found.uncached, found.stayed, found.wasted) == (0, 0, 0, 0, 0)


def test_a_road_that_is_not_there_is_unknown():
    found = what_if(asked(), settled(KINDS), Roads(), BOOK)
    assert (found.code, found.general) == (None, None)
    assert found.uncached is not None


def test_where_a_thread_came_from():
    record = ThreadRecord(thread="t", team="p", model="big", served="big-2026", provider="openai")
    assert moved_from(None, "big") == moved_from(record, "big") == ""
    assert moved_from(record, "small") == "openai/big-2026"


def test_a_ping_saves_nothing_itself():
    kinds = {"cache_read": 100_000}
    found = what_if(asked(agent="keep_warm"), settled(kinds), ROADS, BOOK)
    assert found.uncached == found.code == found.stayed == settled(kinds).picos
    assert what_if(asked(), settled(kinds), ROADS, BOOK).uncached > settled(kinds).picos
