"""The simulator's own price list, checked by hand; that the gateway reckons the same is tested with its prices."""

import pytest

from gateway.simulator.prices import PRICES, charge, charged


@pytest.mark.parametrize(
    ("model", "kinds", "picos"),
    [
        ("gpt-5.5", {"input_uncached": 1000, "cache_read": 1000, "output": 10}, 5_000_000_000 + 500_000_000 + 300_000_000),
        ("gpt-6-sol", {"cache_write_30m": 4, "cache_write_12h": 4}, 4 * 2_500_000 + 4 * 5_000_000),
        ("claude-opus-5-5", {"cache_write_5m": 4, "cache_write_1h": 4, "cache_read": 4}, 4 * (5_000_000 + 8_000_000 + 200_000)),
        ("claude-haiku-4-5-20251001", {"input_uncached": 3}, 3_000_000),
        ("gpt-5.5-2026-04-01", {"reasoning": 1}, 30_000_000),
        ("text-embedding-3-small", {"input_uncached": 50}, 1_000_000),
        ("gpt-6-sol", {}, 0),
    ],
)
def test_exact_pico_dollars(model, kinds, picos):
    assert charge(model, kinds) == picos


@pytest.mark.parametrize(
    ("model", "over", "input_times", "output_times"),
    [("gpt-6-sol", 272_000, 2, 1.5), ("claude-haiku-5-5", 100_000, 5, 5), ("claude-opus-5-5", 272_000, 1, 1)],
)
def test_a_long_input_costs_more_for_the_whole_request(model, over, input_times, output_times):
    price = PRICES[model].per_token
    assert charge(model, {"input_uncached": over, "output": 2}) == over * price["input_uncached"] + 2 * price["output"]
    long = {"input_uncached": 1, "cache_read": over, "output": 2}
    expected = (price["input_uncached"] + over * price["cache_read"]) * input_times + 2 * price["output"] * output_times
    assert charge(model, long) == expected


@pytest.mark.parametrize("fresh", [10, 300_000])
def test_the_parts_are_the_whole(fresh):
    kinds = {"input_uncached": fresh, "cache_read": 7, "cache_write_30m": 3, "output": 5, "reasoning": 2}
    parts = charged("gpt-6-sol", kinds)
    assert set(parts) == set(kinds)
    assert sum(parts.values()) == charge("gpt-6-sol", kinds)
    assert parts["output"] * 2 == parts["reasoning"] * 5
    assert charged("nobody-knows", kinds) == charged("gpt-6-sol", {}) == {}


@pytest.mark.parametrize(("model", "kinds"), [("nobody-knows", {"output": 1}), ("gpt-5.5", {"cache_write_5m": 1}),
                                              ("text-embedding-3-small", {"output": 1})])  # fmt: skip
def test_what_has_no_price_is_unpriced_and_never_free(model, kinds):
    assert charge(model, kinds) is None


@pytest.mark.parametrize("model", PRICES)
def test_reading_a_cache_is_never_dearer_than_not_and_writing_never_cheaper(model):
    price = PRICES[model].per_token
    for kind, picos in price.items():
        if kind == "cache_read":
            assert 0 < picos < price["input_uncached"]
        if kind.startswith("cache_write"):
            assert picos > price["input_uncached"]
