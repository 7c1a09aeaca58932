"""Reports as the vendors answer them, and what is none."""

import pytest

from gateway.reconcile.pages import DAY_S, NotABill, add_page, tier
from gateway.reconcile.types import Bill, Place

DAY = 20_781


def read(*pages):
    bill = Bill(used={}, costs=[], usage_days=set(), cost_days=set())
    for page in pages:
        add_page(bill, page)
    return bill


def openai(*results):
    return {"object": "page", "data": [{"object": "bucket", "start_time": DAY * DAY_S, "results": list(results)}]}


def anthropic(*results):
    return {"data": [{"starting_at": "2026-11-24T00:00:00Z", "results": list(results)}], "has_more": False}


def test_openai_usage_new_and_old():
    new = {"input_tokens": 100, "input_uncached_tokens": 20, "input_cached_tokens": 50, "input_cache_write_tokens": 30,
           "output_tokens": 7, "num_model_requests": 2, "model": "m", "api_key_id": "key_a", "service_tier": "default"}  # fmt: skip
    old = {"input_tokens": 100, "input_cached_tokens": 60, "output_tokens": 1, "num_model_requests": 1, "model": "m"}
    bill = read(openai(new, old))
    first, second = bill.used.items()
    assert first[0] == Place(DAY, "openai", "key_a", "m", "standard")
    assert first[1].tokens == {"input": 20, "cache_read": 50, "cache_write": 30, "output": 7}
    assert (second[0].key, second[0].tier, second[1].tokens["input"]) == ("", "", 40)


def test_openai_costs():
    charges = [("m-2026-10-01, cached input", 0.1), ("m, output", 2.5e-7), ("web search, high", 3.0), (None, 1.0)]
    bill = read(openai(*({"amount": {"value": value, "currency": "usd"}, "line_item": item} for item, value in charges)))
    assert [(cost.place.model, cost.kind, cost.picos) for cost in bill.costs] == [
        ("m-2026-10-01", "cache_read", 100_000_000_000), ("m", "output", 250_000),
    ]  # fmt: skip
    assert (bill.skipped, bill.cost_days, bill.usage_days) == (2, {DAY}, set())


def test_anthropic_usage_and_costs():
    usage = {"uncached_input_tokens": 5, "cache_read_input_tokens": 6, "output_tokens": 7, "model": "c", "service_tier": "batch",
             "cache_creation": {"ephemeral_5m_input_tokens": 1, "ephemeral_1h_input_tokens": 2}, "api_key_id": None}  # fmt: skip
    cost = {"amount": "123.456", "token_type": "cache_creation.ephemeral_1h_input_tokens", "model": "c", "service_tier": "standard"}
    search = {"amount": "1", "token_type": None, "cost_type": "web_search", "model": None}
    bill = read(anthropic(usage), anthropic(cost, search))
    ((place, used),) = bill.used.items()
    assert (place, used.tokens["cache_write"]) == (Place(DAY, "anthropic", "", "c", "batch"), 3)
    assert (bill.costs[0].picos, bill.costs[0].kind, bill.skipped) == (1_234_560_000_000, "cache_write", 1)


@pytest.mark.parametrize(
    "page",
    [None, [], {"data": None}, {"data": [1]}, {"data": [{"start_time": "x", "results": []}]}, openai({"model": "m"}),
     anthropic({"amount": "much", "token_type": "output_tokens"}), openai({"amount": {"value": None}, "line_item": "m, input"})],
)  # fmt: skip
def test_what_is_no_report_says_so(page):
    with pytest.raises(NotABill):
        read(page)


def test_tiers():
    assert [tier(word) for word in (None, "", "default", "auto", "standard", "flex")] == ["standard"] * 5 + ["flex"]
