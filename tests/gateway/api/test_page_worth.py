"""What caching and routing were worth: the arithmetic, and silence where a price is not known."""

import pytest
from msgspec.structs import replace

from gateway.api.page_facts import Worth
from gateway.api.page_ledger import Place
from gateway.api.page_worth import worths

CODE = Place(
    route="code", model="big", provider="openai", whole=True,
    tokens={"input_uncached": 100, "cache_read": 1000, "cache_write_30m": 200, "output": 10},
    picos={"input_uncached": 400, "cache_read": 400, "cache_write_30m": 1000, "output": 200},
)  # fmt: skip
GENERAL = replace(CODE, route="general", model="small", tokens={"input_uncached": 100, "output": 10},
                  picos={"input_uncached": 100, "output": 50})  # fmt: skip
RATES = {"input_uncached": 4, "cache_read": 1, "output": 20}
MODELS = {"openai": "big"}


def rate(provider: str, model: str, kind: str) -> int | None:
    return RATES.get(kind) if (provider, model) == ("openai", "big") else None


def test_caches_save_what_full_price_would_have_been():
    assert worths([CODE], MODELS, rate, {}) == (Worth("cached", 4 * 1200 - 1400),)


def test_the_rate_that_was_paid_wins_over_the_list():
    paid = replace(CODE, picos={**CODE.picos, "input_uncached": 200})
    assert worths([paid], MODELS, rate, {}) == (Worth("cached", 2 * 1200 - 1400),)


def test_without_fresh_input_the_list_says_it():
    tokens = {"cache_read": 1000}
    read = replace(CODE, tokens=tokens, picos={"cache_read": 400})
    assert worths([read], MODELS, rate, {}) == (Worth("cached", 4 * 1000 - 400),)
    assert worths([replace(read, model="unknown")], MODELS, rate, {}) == ()


def test_routing_saves_what_the_code_model_would_have_cost():
    assert worths([GENERAL], MODELS, rate, {}) == (Worth("routed", 4 * 100 + 20 * 10 - 150),)


def test_a_dearer_model_is_a_loss_and_said_to_be_one():
    dear = replace(GENERAL, picos={"input_uncached": 9000})
    assert worths([dear], MODELS, rate, {}) == (Worth("routed", 600 - 9000),)


@pytest.mark.parametrize(
    "place",
    [
        replace(GENERAL, whole=False),
        replace(GENERAL, provider="elsewhere"),
        replace(GENERAL, route=""),
        replace(GENERAL, model="big"),
        replace(GENERAL, tokens={**GENERAL.tokens, "input_audio": 5}),
        replace(CODE, whole=False),
    ],
)
def test_what_cannot_be_reckoned_is_not(place):
    assert worths([place], MODELS, rate, {}) == ()


def test_losses_come_last_the_largest_first():
    found = worths([CODE], MODELS, rate, {"unexplained": 1, "past_lifetime": 5, "nothing": 0})
    assert [(each.what, each.cause) for each in found] == [("cached", ""), ("lost", "past_lifetime"), ("lost", "unexplained")]
