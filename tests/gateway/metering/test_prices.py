"""Prices: exact to the pico-dollar, unknown never zero, and in agreement with two independent reckonings."""

import timeit
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.metering import price_table
from gateway.metering.account import account
from gateway.metering.prices import KNOWN_MAX, PriceBook
from gateway.metering.tally import tally
from gateway.metering.types import KINDS, PICOS_PER_USD, Priced, Usage
from gateway.simulator.prices import PRICES, charge

AT = datetime(2026, 11, 25, 12, tzinfo=UTC).timestamp()
BOOK = PriceBook.load(())
tokens = st.integers(0, 3_000_000)


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def price(kinds: dict[str, int], provider: str, model: str, when: float = AT, **more: Any) -> Priced:
    return BOOK.price(Usage(kinds=kinds, **more), provider, model, when)


@pytest.mark.parametrize("model", sorted(PRICES))
@given(data=st.data())
def test_the_simulator_reckons_the_same(model: str, data: st.DataObject) -> None:
    """Its price list was written from the vendors' pages, apart from this table."""
    kinds = {kind: data.draw(tokens) for kind in PRICES[model].per_token}
    priced = price(kinds, "anthropic" if model.startswith("claude") else "openai", model)
    assert priced.status == "priced"
    assert priced.picos == charge(model, kinds)
    assert priced.picos == sum(priced.by_kind.values())


@given(
    kinds=st.dictionaries(st.sampled_from(KINDS), tokens, min_size=1),
    fees=st.dictionaries(st.sampled_from(("web_search", "no_such_fee")), st.integers(1, 5)),
    tier=st.sampled_from(("", "priority", "flex")),
    whose=st.sampled_from((("openai", "gpt-5.6-sol"), ("openai", "gpt-4o"), ("anthropic", "claude-opus-5-5"))),
)
def test_a_sum_is_the_price_where_all_of_it_has_one(kinds, fees, tier, whose) -> None:
    usage = Usage(kinds=kinds, fees=fees, tier=tier)
    priced = BOOK.price(usage, *whose, AT)
    if priced.reason == "unknown_tier":
        priced = BOOK.price(replace(usage, tier=""), *whose, AT)
    rates = BOOK.held(*whose, tier, usage.input_tokens, AT)
    assert rates is not None
    assert rates.total(kinds, fees) == (priced.picos if priced.status == "priced" else None)


GENAI_NAMES = {"gemini": "google", "xai": "x-ai", "bedrock": "aws"}


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-4o"), ("openai", "gpt-5.5"), ("openai", "gpt-6.1-sol"), ("openai", "gpt-6-luna"),
        ("openai", "text-embedding-3-large"), ("anthropic", "claude-opus-5-5"), ("anthropic", "claude-haiku-5-5"),
        ("anthropic", "claude-fable-5-1"), ("gemini", "gemini-3.8-flash"), ("gemini", "gemini-2.5-pro"),
        ("deepseek", "deepseek-v4-flash"), ("deepseek", "deepseek-v4-pro"), ("xai", "grok-4.6"),
        ("mistral", "mistral-large-4"), ("groq", "openai/gpt-oss-120b"), ("openrouter", "anthropic/claude-opus-5.5"),
        ("bedrock", "global.anthropic.claude-opus-4-6-v1"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [900, 150_000, 200_000, 250_000, 300_000])
def test_genai_prices_reckons_the_same(provider: str, model: str, size: int) -> None:
    genai = pytest.importorskip("genai_prices")
    uses_cache = "embedding" not in model
    read = size // 3 if uses_cache and BOOK.rate(provider, model, "cache_read", AT) is not None else 0
    made = 700 if uses_cache else 0
    theirs = genai.calc_price(
        genai.Usage(input_tokens=size, cache_read_tokens=read, output_tokens=made),
        model_ref=model,
        provider_id=GENAI_NAMES.get(provider, provider),
        genai_request_timestamp=datetime.fromtimestamp(AT, UTC),
    )
    kinds = {"input_uncached": size - read, "cache_read": read, "output": made}
    ours = price({kind: count for kind, count in kinds.items() if count}, provider, model)
    assert ours.status == "priced"
    assert Decimal(ours.picos or 0) == theirs.total_price * PICOS_PER_USD


@given(st.dictionaries(st.sampled_from(["input_uncached", "cache_read", "output", "reasoning"]), tokens))
def test_money_is_exact(kinds: dict[str, int]) -> None:
    """GPT-6 luna costs 0.1, 0.01 and 0.5 dollars a million; binary fractions hold none of these."""
    kinds = {kind: count for kind, count in kinds.items() if count}
    long = sum(count for kind, count in kinds.items() if kind in ("input_uncached", "cache_read")) > 272_000
    per_million = {"input_uncached": "0.1", "cache_read": "0.01", "output": "0.5", "reasoning": "0.5"}
    expected = Decimal(0)
    for kind, count in kinds.items():
        factor = (Decimal(2) if kind in ("input_uncached", "cache_read") else Decimal("1.5")) if long else Decimal(1)
        expected += count * Decimal(per_million[kind]) * factor / 10**6
    priced = price(kinds, "openai", "gpt-6-luna")
    assert Decimal(priced.picos or 0) / PICOS_PER_USD == expected


def test_long_prompts_are_priced_as_a_whole_and_count_what_was_cached() -> None:
    below = price({"cache_read": 199_999, "input_uncached": 72_001, "output": 1_000}, "openai", "gpt-5.5")
    above = price({"cache_read": 200_000, "input_uncached": 72_001, "output": 1_000}, "openai", "gpt-5.5")
    assert below.picos == 199_999 * 500_000 + 72_001 * 5_000_000 + 1_000 * 30_000_000
    assert above.picos == 200_000 * 1_000_000 + 72_001 * 10_000_000 + 1_000 * 45_000_000
    assert above.rows == ("2026-11-25/openai/gpt-5.5;over=272000",)


def test_xai_counts_its_boundary_in() -> None:
    assert price({"input_uncached": 199_999}, "xai", "grok-4.7").picos == 199_999 * 2_000_000
    assert price({"input_uncached": 200_000}, "xai", "grok-4.7").picos == 200_000 * 4_000_000


@pytest.mark.parametrize(
    ("tier", "picos"),
    [("", 2_000_000), ("flex", 1_000_000), ("priority", 4_000_000), ("batch", 1_000_000), ("ultrafast", 12_000_000)],
)
def test_service_tiers(tier: str, picos: int) -> None:
    assert price({"input_uncached": 10}, "openai", "gpt-6.1-sol", tier=tier).picos == 10 * picos


def test_fast_and_us_multiply() -> None:
    assert price({"output": 3}, "anthropic", "claude-opus-5-5", tier="fast+us").picos == 3 * 44_000_000
    assert price({"output": 3}, "anthropic", "claude-haiku-5-5", tier="us").picos == 3 * 550_000


def test_a_tier_without_a_price_is_unknown() -> None:
    for tier in ("scale", "priority", "us+ludicrous", "fast+fast", "us+us"):
        priced = price({"output": 3}, "anthropic", "claude-opus-5-5", tier=tier)
        assert (priced.status, priced.reason, priced.picos) == ("unpriced", "unknown_tier", None)
    long = price({"input_uncached": 300_000, "output": 9}, "openai", "gpt-5.5", tier="priority")
    assert (long.status, long.reason, long.picos) == ("unpriced", "unknown_kind", None)


@pytest.mark.parametrize(
    ("when", "picos"),
    [
        ("2026-08-16T15:59:59", 140_000),
        ("2026-08-16T16:00", 220_000),
        ("2026-08-17T02:00", 440_000),
        ("2026-10-01T02:00", 150_000),
        ("2026-11-25T00:59:59", 150_000),
        ("2026-11-25T01:00", 300_000),
        ("2026-11-25T04:00", 150_000),
        ("2026-11-25T09:59:59", 300_000),
        ("2026-11-25T10:00", 150_000),
        ("2026-11-28T02:00", 150_000),
        ("2026-11-29T09:00", 150_000),
        ("2026-11-30T09:00", 300_000),
    ],
)
def test_deepseek_is_dearer_on_weekday_mornings(when: str, picos: int) -> None:
    assert price({"input_uncached": 1}, "deepseek", "deepseek-v4-flash", at(when)).picos == picos
    assert BOOK.rate("deepseek", "deepseek-v4-flash", "input_uncached", at(when)) == picos


@pytest.mark.parametrize(("day", "picos"), [("2026-10-19", 680_000), ("2026-10-20", 1_360_000), ("2026-10-29", 700_000)])
def test_dated_changes(day: str, picos: int) -> None:
    assert price({"input_uncached": 1}, "mistral", "mistral-large-4", at(day)).picos == picos


def test_fees_are_in_the_sum_and_not_in_the_kinds() -> None:
    priced = price({"output": 1}, "anthropic", "claude-opus-5-5", fees={"web_search": 3})
    assert priced.picos == 20_000_000 + 3 * PICOS_PER_USD // 100
    assert dict(priced.by_kind) == {"output": 20_000_000}
    only = price({}, "anthropic", "claude-opus-5-5", fees={"web_search": 1})
    assert (only.status, only.picos) == ("priced", PICOS_PER_USD // 100)


def test_unknown_is_never_zero() -> None:
    model = price({"output": 5}, "openai", "gpt-99")
    assert (model.picos, model.status, model.reason, model.by_kind) == (None, "unpriced", "unknown_model", {})
    provider = price({"output": 5}, "nobody", "gpt-5.5")
    assert (provider.picos, provider.status) == (None, "unpriced")
    kind = price({"output": 5, "cache_write_1h": 7}, "openai", "gpt-6-sol")
    assert (kind.picos, kind.status, kind.reason) == (50_000_000, "partial", "unknown_kind")
    fee = price({"output": 5}, "openai", "gpt-6-sol", fees={"levitation": 1})
    assert (fee.picos, fee.status, fee.reason) == (50_000_000, "partial", "unknown_fee")
    silent = price({}, "openai", "gpt-6-sol", problem="no_usage")
    assert (silent.picos, silent.status, silent.reason) == (None, "unpriced", "no_usage")
    wrong = price({"output": 5}, "openai", "gpt-6-sol", problem="negative")
    assert (wrong.picos, wrong.status, wrong.reason) == (None, "unpriced", "impossible_usage")
    half = price({"output": 5}, "openai", "gpt-6-sol", problem="input_missing")
    assert (half.picos, half.status, half.reason) == (50_000_000, "partial", "incomplete_usage")
    assert BOOK.rate("openai", "gpt-99", "output", AT) is None
    assert BOOK.rate("openai", "gpt-6-sol", "cache_write_1h", AT) is None


def test_nothing_used_costs_nothing() -> None:
    assert price({}, "nobody", "nothing") == Priced(picos=0, by_kind={}, rows=(), status="priced")


def test_contract_prices_win_for_the_kinds_they_name() -> None:
    book = PriceBook.load(
        (
            {"provider": "openai", "model": "gpt-6.1-sol", "input_uncached": "1.5", "output": "7.000001"},
            {"provider": "vllm", "model": "Our-Llama", "input_uncached": "0.000001"},
        )
    )
    usage = Usage(kinds={"input_uncached": 300_000, "cache_read": 10, "output": 1, "reasoning": 2}, tier="flex")
    priced = book.price(usage, "openai", "gpt-6.1-sol-2026-10-02", AT)
    assert dict(priced.by_kind) == {
        "input_uncached": 300_000 * 1_500_000,
        "cache_read": 10 * 100_000,
        "output": 7_000_001,
        "reasoning": 2 * 7_000_001,
    }
    assert priced.rows == ("2026-11-25/openai/gpt-6.1-sol;tier=flex;over=272000", "contract/openai/gpt-6.1-sol")
    ours = book.price(Usage(kinds={"input_uncached": 7, "output": 1}), "vllm", "our-llama", AT)
    assert (ours.picos, ours.status, ours.reason) == (7, "partial", "unknown_kind")
    assert ours.rows == ("contract/vllm/our-llama",)
    assert BOOK.rate("vllm", "our-llama", "input_uncached", AT) is None


def test_media_are_folded_where_the_vendor_does_not_price_them_apart() -> None:
    usage = Usage(kinds={"input_uncached": 5, "input_image": 7, "input_audio": 2, "reasoning": 3})
    assert BOOK.split(usage, "xai", "grok-4.7", AT) == {"input_uncached": 14, "reasoning": 3}
    assert BOOK.split(usage, "openai", "gpt-99", AT) == usage.kinds
    heard = Usage(kinds={"input_uncached": 5, "input_audio": 7})
    assert BOOK.split(heard, "openai", "gpt-4o-transcribe", AT) == heard.kinds
    assert price({"input_image": 7}, "xai", "grok-4.7").picos == 14_000_000
    assert price({"input_audio": 7}, "openai", "gpt-4o-transcribe").picos == 7 * 6_000_000


def test_names_from_outside_do_not_pile_up() -> None:
    book = PriceBook.load(())
    for number in range(KNOWN_MAX + 10):
        book.rate("openai", f"gpt-made-up-{number}", "output", AT)
    assert len(book._known) <= KNOWN_MAX


def test_every_row_can_be_read() -> None:
    table = price_table.built_in()
    assert len(table.rows) > 3_000
    for row in table.rows.values():
        found = price_table.periods(row)
        assert [each.since for each in found] == sorted({each.since for each in found})
        for period in found:
            assert price_table.STANDARD in period.tiers
            assert bool(period.windows) == bool(period.off_peak)
            for bands in period.tiers.values():
                assert bands[0].over == 0
                assert [band.over for band in bands] == sorted({band.over for band in bands})
                assert all(set(band.kinds) <= set(KINDS) and min(band.kinds.values(), default=0) >= 0 for band in bands)


def test_loading_is_cheap_enough_for_the_start() -> None:
    seconds = min(timeit.repeat(price_table.built_in.__wrapped__, number=1, repeat=5))
    assert seconds < 0.03
    assert PriceBook.load(()).built_at == at("2026-11-25")


def test_one_answer_is_accounted_and_priced_in_25_microseconds() -> None:
    event = (
        b'{"type":"response.completed","response":{"id":"r","model":"gpt-6.1-sol","service_tier":"default","output":[],'
        b'"usage":{"input_tokens":90000,"input_tokens_details":{"cached_tokens":80000,"cache_write_tokens":9000},'
        b'"output_tokens":900,"output_tokens_details":{"reasoning_tokens":400},"total_tokens":90900}}}'
    )

    class Relayed:
        bytes_out = 5_000
        events = 40

    counted = tally("responses")
    counted.event(event)

    def settle() -> None:
        usage = account(counted, Relayed, "responses", 360_000, "complete", 200, True)  # type: ignore[arg-type]
        BOOK.price(usage, "openai", usage.model, AT)

    settle()
    assert min(timeit.repeat(settle, number=200, repeat=20)) / 200 < 25e-6


def test_the_version_changes_with_the_prices_and_with_nothing_else() -> None:
    one = {"provider": "openai", "model": "gpt-6.1-sol", "output": "10"}
    other = {"provider": "openai", "model": "gpt-6-luna", "output": "1"}
    assert PriceBook.load(()).version == BOOK.version
    assert PriceBook.load((one, other)).version == PriceBook.load((other, one)).version
    assert len({PriceBook.load(each).version for each in ((), (one,), (other,), ({**one, "output": "11"},))}) == 4
