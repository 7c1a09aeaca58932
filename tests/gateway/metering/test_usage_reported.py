"""The provider's own word on what an answer cost: whose counts, what it means, and how it is shared among the kinds."""

import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.metering.account import account
from gateway.metering.prices import PriceBook
from gateway.metering.tally import tally
from gateway.metering.types import PICOS_PER_USD, Priced, Usage
from gateway.metering.usage_openai import openai_usage
from gateway.metering.usage_reported import reported

AT = datetime(2026, 11, 25, 12, tzinfo=UTC).timestamp()
BOOK = PriceBook.load(())
OPUS = "anthropic/claude-opus-5.5"
LIST = 1_000 * 4_000_000 + 100 * 20_000_000


def price(picos: int | None, provider: str = "openrouter", model: str = OPUS, book: PriceBook = BOOK, **more: Any) -> Priced:
    kinds = {"input_uncached": 1_000, "output": 100}
    return book.price(Usage(**({"kinds": kinds, "reported": picos} | more)), provider, model, AT)


@pytest.mark.parametrize(
    ("usage", "picos"),
    [
        ({"cost": 0.0123}, 12_300_000_000),
        ({"cost": 0}, 0),
        ({"cost": 1}, PICOS_PER_USD),
        ({"cost": 1.5e-07}, 150_000),
        ({"cost_in_usd_ticks": 37_756_000}, 3_775_600_000),
        ({"cost_in_usd_ticks": 5, "cost": 7}, 500),
        ({}, None),
        ({"cost": None}, None),
        ({"cost": True}, None),
        ({"cost": "0.1"}, None),
        ({"cost": -0.1}, None),
        ({"cost": math.inf}, None),
        ({"cost": math.nan}, None),
        ({"cost": 1e9}, None),
        ({"cost": {"total_cost": 1}}, None),
        ({"cost": 0.001, "is_byok": True}, None),
        ({"cost": 0.001, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.02}}, 21_000_000_000),
        ({"cost": 0.001, "is_byok": True, "cost_details": {"upstream_inference_cost": None}}, None),
        ({"cost": 0.001, "is_byok": True, "cost_details": []}, None),
        ({"cost": 0.001, "is_byok": False, "cost_details": {"upstream_inference_cost": 0.02}}, 1_000_000_000),
        ({"cost_in_usd_ticks": -1}, None),
        ({"cost_in_usd_ticks": 0.5}, None),
    ],
)
def test_what_counts_as_a_word(usage: dict[str, Any], picos: int | None) -> None:
    assert reported(usage) == picos
    whole = openai_usage({"prompt_tokens": 9, "completion_tokens": 1, **usage})
    assert whole is not None
    assert whole.reported == picos


def test_the_providers_word_wins_over_the_table() -> None:
    priced = price(3_000_000_000)
    assert (priced.picos, priced.status, priced.reason) == (3_000_000_000, "priced", "")
    assert priced.rows == (f"2026-11-25/openrouter/{OPUS}", "reported/openrouter")
    assert dict(priced.by_kind) == {"input_uncached": 2_000_000_000, "output": 1_000_000_000}


def test_where_they_agree_there_is_nothing_to_say() -> None:
    assert price(LIST) == price(None)


def test_a_model_the_table_has_not_is_priced_by_it() -> None:
    priced = price(42, model="somebody/new-model")
    assert (priced.picos, dict(priced.by_kind), priced.rows, priced.status) == (42, {}, ("reported/openrouter",), "priced")
    assert price(None, model="somebody/new-model").status == "unpriced"


def test_calls_the_table_has_no_price_for_are_what_is_left() -> None:
    priced = price(LIST + 5, fees={"levitation": 1})
    assert (priced.picos, sum(priced.by_kind.values()), priced.status) == (LIST + 5, LIST, "priced")
    assert price(7, fees={"levitation": 1}).picos == 7


def test_only_those_who_bill_are_believed() -> None:
    assert price(1, provider="openai", model="gpt-5.5") == price(None, provider="openai", model="gpt-5.5")


def test_a_contract_knows_better() -> None:
    book = PriceBook.load(({"provider": "openrouter", "model": "*", "percent": "90"},))
    assert price(1, book=book).picos == LIST * 9 // 10


def test_what_contradicts_itself_is_not_priced_by_a_word() -> None:
    assert price(5, problem="negative", kinds={}).picos is None


def test_a_broken_stream_has_no_last_word() -> None:
    class Relayed:
        bytes_out = 500
        events = 40

    counted = tally("chat")
    counted.event(b'{"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":9,"completion_tokens":1,"cost":0.1}}')
    assert account(counted, Relayed(), "chat", 99, "cut", 200, True).reported is None


@given(st.dictionaries(st.sampled_from(["input_uncached", "cache_read", "output"]), st.integers(1, 10**6)), st.integers(0, 10**13))
def test_the_shares_add_up(kinds: dict[str, int], picos: int) -> None:
    priced = price(picos, kinds=kinds)
    assert priced.picos == picos
    assert not kinds or sum(priced.by_kind.values()) == picos
    assert all(part >= 0 for part in priced.by_kind.values())
