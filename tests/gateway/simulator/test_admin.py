"""The admin APIs: the vendors' shapes, as their own libraries read them, and the bill's own sums."""

import json
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest
from openai.types.admin.organization import UsageCompletionsResponse, UsageCostsResponse

from gateway.simulator.admin import report
from gateway.simulator.prompt import Refused
from gateway.simulator.provider import Call
from tests.gateway.reconcile.made import DAY, Books

DAY_S = 86_400
BOOKS = Books()


def ask(path, *query, rows=None):
    provider = SimpleNamespace(bill=SimpleNamespace(rows=list(BOOKS.billed.values()) if rows is None else rows))
    told = report(provider, Call("GET", path, urlencode(query).encode(), {}, b""))
    return told if told is None else json.loads(json.dumps(told))


def usage(*query):
    return ask("/v1/organization/usage/completions", ("start_time", str((DAY - 2) * DAY_S)), *query)


def test_openais_own_types_read_it():
    page = UsageCompletionsResponse.model_validate(usage(("group_by", "model,service_tier"), ("group_by[]", "api_key_id")))
    results = [result for bucket in page.data for result in bucket.results]
    assert len(results) == 6
    assert {(result.model, result.service_tier, result.api_key_id) for result in results} == {
        ("gpt-6.1-sol", "default", "key_a"), ("gpt-6-luna", "default", "key_a"),
    }  # fmt: skip
    written = results[0].input_cache_write_tokens
    assert results[0].input_tokens == results[0].input_uncached_tokens + results[0].input_cached_tokens + written
    costs = ask("/v1/organization/costs", ("start_time", str((DAY - 2) * DAY_S)), ("group_by[]", "line_item"))
    charges = [each for bucket in UsageCostsResponse.model_validate(costs).data for each in bucket.results]
    whole = sum(row.picos for row in BOOKS.billed.values() if row.model.startswith("gpt"))
    assert sum(each.amount.value for each in charges) == pytest.approx(whole / 10**12)


def test_ungrouped_is_one_sum_a_day():
    buckets = usage()["data"]
    assert [len(bucket["results"]) for bucket in buckets] == [1, 1, 1]
    assert buckets[0]["results"][0]["model"] is None


def test_pages_follow_each_other():
    days, page = [], ()
    while True:
        told = usage(("limit", "1"), *page)
        days += [bucket["start_time"] // DAY_S for bucket in told["data"]]
        if not told["has_more"]:
            break
        page = (("page", told["next_page"]),)
    assert days == [DAY - 2, DAY - 1, DAY]


def test_anthropics_costs_are_cents_and_know_no_keys():
    start = ("starting_at", "2026-11-22T00:00:00Z")
    told = ask("/v1/organizations/cost_report", start, ("group_by[]", "description"))
    charges = [each for bucket in told["data"] for each in bucket["results"]]
    whole = sum(row.picos for row in BOOKS.billed.values() if row.model.startswith("claude"))
    assert sum(float(each["amount"]) for each in charges) == pytest.approx(whole / 10**10)
    assert "api_key_id" not in charges[0]
    used = ask("/v1/organizations/usage_report/messages", start, ("group_by[]", "model"))["data"][0]["results"][0]
    assert used["cache_creation"] == {"ephemeral_5m_input_tokens": 30_045, "ephemeral_1h_input_tokens": 0}


def test_wrong_questions():
    assert ask("/v1/models") is None
    with pytest.raises(Refused):
        ask("/v1/organization/costs")
    with pytest.raises(Refused):
        usage(("limit", "many"))
    assert usage()["object"] == "page"
    assert ask("/v1/organization/usage/embeddings", ("start_time", "0"), rows=[])["data"] == [
        {"object": "bucket", "start_time": 0, "end_time": DAY_S, "results": []}
    ]
