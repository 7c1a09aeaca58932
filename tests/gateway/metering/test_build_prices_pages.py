"""Corrections to the sources: history split at its day, what is listed kept, and none that the sources have caught up with."""

from datetime import UTC, datetime
from importlib.util import find_spec

import pytest

from gateway.metering.build_prices_pages import CHANGES, QUIET_DAYS, WHOLE, corrected
from gateway.metering.build_prices_shape import Listing

NAME = ("anthropic", "claude-sonnet-5-5")
CUT = int(datetime(2026, 10, 7, tzinfo=UTC).timestamp())


def listing(since: int = 0, read: int = 100_000) -> Listing:
    return Listing(tiers={"": {0: {"input_uncached": 2_000_000, "cache_read": read}}}, since=since)


def test_a_price_of_the_past_is_split_off() -> None:
    before, after = corrected(NAME, [listing()])
    assert (before.since, after.since) == (0, CUT)
    assert before.tiers[""][0] == {"input_uncached": 2_000_000, "cache_read": 200_000}
    assert after.tiers[""] == listing().tiers[""]


def test_the_sources_own_day_is_kept() -> None:
    assert [each.since for each in corrected(NAME, [listing(), listing(CUT)])] == [0, CUT]
    assert [each.since for each in corrected(NAME, [listing(), listing(CUT + 86_400)])] == [0, CUT, CUT + 86_400]


def test_a_dated_name_has_its_models_history() -> None:
    assert len(corrected(("anthropic", "claude-sonnet-5-5-20260928"), [listing()])) == 2
    assert corrected(("anthropic", "claude-sonnet-99"), [listing()]) == [listing()]
    assert corrected(("bedrock", "claude-sonnet-5-5"), [listing()]) == [listing()]


def test_what_holds_to_this_day_joins_every_period() -> None:
    found = corrected(("openai", "gpt-4o-audio-preview"), [listing(), listing(9)])
    assert [each.tiers[""][0]["output_audio"] for each in found] == [80_000_000, 80_000_000]


def test_holidays_are_working_days_otherwise() -> None:
    for day in QUIET_DAYS:
        assert datetime.fromtimestamp(day * 86_400, UTC).isoweekday() <= 5


@pytest.mark.skipif(
    find_spec("genai_prices") is None or find_spec("litellm") is None, reason="the sources are not installed"
)
def test_every_correction_is_still_one() -> None:
    from gateway.metering import build_prices_genai, build_prices_litellm

    theirs = dict[tuple[str, str], list[Listing]]()
    for source in (build_prices_genai, build_prices_litellm):
        found = dict[tuple[str, str], list[Listing]]()
        for provider, model, each in source.listings():
            found.setdefault((provider, model), []).append(each)
        for name, listings in found.items():
            if name in CHANGES or name in WHOLE:
                assert corrected(name, listings) != listings, f"{name} is right in {source.__name__}"
                theirs[name] = listings
    assert theirs.keys() == CHANGES.keys() | WHOLE.keys()
