"""The names of prices: what events keep is what was used, and can be found again."""

import pytest

from gateway.metering.price_rows import RowName, day_of, listed, parsed, period_of
from gateway.metering.price_table import built_in
from gateway.metering.prices import PriceBook

NAMES = [
    RowName("2026-11-25", "openai/gpt-5.5"),
    RowName("2026-11-25", "openai/gpt-5.6-sol", since="2026-08-21", tier="flex", over=272_000),
    RowName("2026-11-25", "deepseek/deepseek-v4-flash", since="2026-09-10", off_peak=True),
    RowName("2026-11-25", "bedrock/global.anthropic.claude-haiku-4-5-20251001-v1:0"),
    RowName("2026-11-25", "anthropic/claude-opus-5-5", tier="fast+us"),
]


@pytest.mark.parametrize("name", NAMES, ids=str)
def test_a_name_says_what_it_is_made_of(name: RowName) -> None:
    assert parsed(str(name)) == name
    assert PriceBook.load(()).listed(str(name))


@pytest.mark.parametrize(
    "text",
    ["", "gpt-5.5", "openai/gpt-5.5", "contract/openai/gpt-5.5", "2026-11-25", "2026-11-25/", "2026-11-25/a/b;over=many",
     "2026-11-25/a/b;colour=red", "2026-13-25/a/b"],
)  # fmt: skip
def test_what_is_no_name(text: str) -> None:
    assert parsed(text) is None
    assert PriceBook.load(()).listed(text) is None


@pytest.mark.parametrize(
    "text",
    ["2020-01-01/openai/gpt-5.5", "2026-11-25/openai/gpt-99", "2026-11-25/openai/gpt-5.5;since=2026-01-01",
     "2026-11-25/openai/gpt-5.5;tier=scale", "2026-11-25/openai/gpt-5.5;over=7"],
)  # fmt: skip
def test_what_this_table_does_not_have(text: str) -> None:
    assert PriceBook.load(()).listed(text) is None


def test_names_mean_their_own_prices() -> None:
    table = built_in()
    flex = period_of(table, NAMES[1])
    assert flex is not None
    assert listed(flex, "flex", 272_000, False) == flex.tiers["flex"][1].kinds
    assert listed(flex, "flex", 1, False) is None
    quiet = period_of(table, NAMES[2])
    assert quiet is not None
    assert listed(quiet, "", 0, True) == quiet.off_peak
    assert PriceBook.load(()).listed(str(NAMES[4])) == {
        "input_uncached": 8_800_000,
        "cache_read": 440_000,
        "cache_write_5m": 11_000_000,
        "cache_write_1h": 17_600_000,
        "output": 44_000_000,
        "reasoning": 44_000_000,
        "input_audio": 8_800_000,
        "output_audio": 44_000_000,
        "input_image": 8_800_000,
        "output_image": 44_000_000,
    }


def test_no_two_periods_of_a_model_begin_on_one_day() -> None:
    """Their names would be the same."""
    from gateway.metering.price_table import periods

    for row in built_in().rows.values():
        days = [day_of(each.since) for each in periods(row)]
        assert len(set(days)) == len(days)
