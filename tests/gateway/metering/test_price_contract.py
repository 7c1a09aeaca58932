"""Contracts: which entry is for a model, from which day, and what it leaves at a share of the list price."""

from datetime import UTC, datetime

import pytest

from gateway.metering.price_contract import NONE, WHOLE, agreed, contracts, portion, share_of
from gateway.metering.prices import PriceBook
from gateway.metering.types import PICOS_PER_USD, Priced, Usage

AT = datetime(2026, 11, 25, tzinfo=UTC).timestamp()


def price(*entries: dict[str, str], model: str = "claude-opus-5-5", at: float = AT, **usage: object) -> Priced:
    found = Usage(**({"kinds": {"input_uncached": 1_000, "output": 10}} | usage))  # type: ignore[arg-type]
    return PriceBook.load(entries).price(found, "anthropic", model, at)


def entry(model: str, **more: str) -> dict[str, str]:
    return {"provider": "anthropic", "model": model, **more}


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("claude-opus-5-5", True),
        ("claude-*", True),
        ("*", True),
        ("*-5", True),
        ("claude-opus-5-5*5", False),
        ("gpt-*", False),
    ],
)
def test_patterns(pattern: str, fits: bool) -> None:
    (only,) = contracts([entry(pattern, percent="90")])["anthropic"]
    assert only.is_for(("claude-opus-5-5",)) is fits


def test_exact_names_win_then_the_first_that_fits() -> None:
    listed = contracts([entry("claude-*", percent="90"), entry("*", percent="80"), entry("claude-opus-5-5", percent="70")])
    assert [each.share for each in agreed(listed["anthropic"], ["claude-opus-5-5"])] == [7_000]
    assert [each.share for each in agreed(listed["anthropic"], ["claude-haiku-4-5"])] == [9_000]
    assert [each.share for each in agreed(listed["anthropic"], ["other"])] == [8_000]
    assert agreed((), ["other"]) == ()


def test_a_discount_holds_for_every_kind_tier_and_fee() -> None:
    usage = {"kinds": {"input_uncached": 1_000, "cache_write_1h": 100}, "tier": "batch", "fees": {"web_search": 2}}
    whole, less = price(**usage), price(entry("*", percent="85"), **usage)
    assert less.picos is not None
    assert whole.picos == 1_000 * 2_000_000 + 100 * 4_000_000 + 2 * PICOS_PER_USD // 100
    assert less.picos * 100 == whole.picos * 85
    assert less.rows == ("2026-11-25/anthropic/claude-opus-5-5;tier=batch", "contract/anthropic/*;percent=85")


def test_a_surcharge_is_exact_to_the_nearest_pico_dollar() -> None:
    assert price(entry("*", percent="110")).picos == 1_000 * 4_400_000 + 10 * 22_000_000
    odd = PriceBook.load((entry("*", percent="33.33"),)).price(
        Usage(kinds={"cache_read": 1}), "anthropic", "claude-haiku-5-5", AT
    )
    assert odd.picos == 3_333


def test_a_price_of_its_own_is_not_discounted_and_the_rest_is() -> None:
    priced = price(entry("claude-opus-5-5", output="10", percent="50"))
    assert dict(priced.by_kind) == {"input_uncached": 1_000 * 2_000_000, "output": 10 * 10_000_000}


def test_an_agreement_holds_from_its_day() -> None:
    first, second = entry("claude-*", percent="90", since="2026-10-01"), entry("claude-*", percent="80", since="2026-11-25")
    list_price = 1_000 * 4_000_000 + 10 * 20_000_000
    for day, percent, row in (
        ("2026-09-30T23:59:59", 100, ()),
        ("2026-10-01T00:00:00", 90, ("contract/anthropic/claude-*;since=2026-10-01;percent=90",)),
        ("2026-11-24T23:59:59", 90, ("contract/anthropic/claude-*;since=2026-10-01;percent=90",)),
        ("2026-11-25T00:00:00", 80, ("contract/anthropic/claude-*;since=2026-11-25;percent=80",)),
    ):
        priced = price(second, first, at=datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())
        assert priced.picos == list_price * percent // 100
        assert priced.rows[1:] == row


def test_a_share_of_an_unknown_price_is_unknown() -> None:
    assert price(entry("*", percent="50"), model="claude-next").reason == "unknown_model"
    assert price(entry("*", output="1"), model="claude-next").reason == "unknown_kind"


def test_list_prices_leave_no_trace() -> None:
    assert (NONE.share, NONE.touches(["output"])) == (WHOLE, False)
    assert price(entry("claude-opus-5-5", input_audio="7")).rows == ("2026-11-25/anthropic/claude-opus-5-5",)


def test_a_house_of_ones_own_is_free() -> None:
    book = PriceBook.load(({"provider": "vllm", "model": "*", "input_uncached": "0", "output": "0"},))
    priced = book.price(Usage(kinds={"input_uncached": 9, "output": 9}), "vllm", "our-llama", AT)
    assert (priced.picos, priced.status, priced.rows) == (0, "priced", ("contract/vllm/*",))


def test_the_share_can_be_read_from_what_an_event_keeps():
    entries = ({"provider": "openai", "model": "*", "percent": "92.5", "since": "2026-01-01"},)
    (contract,) = contracts(entries)["openai"]
    assert share_of(contract.row) == contract.share == 9_250
    assert share_of("contract/openai/gpt-6;since=2026-01-01") == WHOLE
    assert portion(10, 9_250) == 9


def test_what_is_agreed_by_the_call_wins_and_makes_the_unknown_known() -> None:
    usage = Usage(kinds={"input_uncached": 1_000}, fees={"container": 2, "web_search": 1, "image_generation": 1})
    listed = PriceBook.load(()).price(usage, "openai", "gpt-6.1-sol", AT)
    assert (listed.status, listed.reason) == ("partial", "unknown_fee")
    agreed_ = {"provider": "openai", "model": "*", "percent": "50", "container": "0.03", "image_generation": "0.04"}
    found = PriceBook.load((agreed_,)).price(usage, "openai", "gpt-6.1-sol", AT)
    assert found.status == "priced"
    fees = 2 * 3 * 10**10 + 4 * 10**10 + 10**10 // 2
    assert found.picos == 1_000 * 1_000_000 + fees
    assert found.rows == ("2026-11-25/openai/gpt-6.1-sol", "contract/openai/*;percent=50")


def test_a_contract_by_the_call_alone_is_named_where_it_was_used() -> None:
    book = PriceBook.load(({"provider": "openai", "model": "*", "container": "0.03"},))
    plain = book.price(Usage(kinds={"input_uncached": 1_000}), "openai", "gpt-6.1-sol", AT)
    assert plain.rows == ("2026-11-25/openai/gpt-6.1-sol",)
    called = book.price(Usage(kinds={"input_uncached": 1_000}, fees={"container": 1}), "openai", "gpt-6.1-sol", AT)
    assert called.rows == ("2026-11-25/openai/gpt-6.1-sol", "contract/openai/*")
    assert called.picos == plain.picos + 3 * 10**10
    assert book.price(Usage(kinds={"output": 1}), "openai", "unheard-of", AT).status == "unpriced"
