"""The price table is what its sources compile to, and disagreements are on the page."""

import sys
from importlib.metadata import PackageNotFoundError, version

import pytest

from gateway.metering import price_table

TABLE = price_table.built_in()


def pinned(package: str) -> bool:
    try:
        return version(package) == TABLE.sources[package]
    except PackageNotFoundError:
        return False


needs_sources = pytest.mark.skipif(not all(map(pinned, TABLE.sources)), reason="the sources are not at their versions")


@needs_sources
def test_building_again_changes_nothing() -> None:
    from gateway.metering.build_prices import files

    for path, text in files(TABLE.as_of).items():
        assert path.read_text("utf-8") == text, f"{path.name}: run `python -m gateway.metering.build_prices {TABLE.as_of}`"
    assert "litellm" not in sys.modules, "its map is read, the package is not imported"


@needs_sources
def test_the_sources_agree_where_most_of_the_money_goes() -> None:
    from gateway.metering.build_prices import compiled

    _, found = compiled(1_795_564_800.0)
    disputed = {each.model for each in found if each.provider in ("openai", "anthropic") and each.what != "web_search"}
    main = {"gpt-4o", "gpt-5.5", "gpt-6.1-sol", "gpt-6-luna", "claude-opus-5-5", "claude-haiku-5-5", "claude-sonnet-5-5"}
    assert not disputed & main
    assert {"mistral-large-4", "grok-4.7"} <= {each.model for each in found}, "known disagreements are found"


@needs_sources
def test_every_exception_is_still_one() -> None:
    from gateway.metering.build_prices import compiled
    from gateway.metering.build_prices_rules import EXCEPTIONS

    _, found = compiled(1_795_564_800.0)
    assert EXCEPTIONS.keys() <= {(each.provider, each.model) for each in found}


def test_documented_multiples() -> None:
    from gateway.metering.build_prices_rules import documented
    from gateway.metering.build_prices_shape import Listing

    def after(provider: str, **kinds: int) -> dict[str, int]:
        return documented(provider, "m", Listing(tiers={"": {0: kinds}})).tiers[""][0]

    written = after("openai", input_uncached=400, cache_read=40, cache_write_30m=500)
    assert written["cache_write_12h"] == 1_000
    assert after("openai", input_uncached=400, cache_read=40)["cache_write_30m"] == 400
    assert "cache_write_30m" not in after("openai", input_uncached=400)
    assert after("anthropic", input_uncached=400, cache_read=40, cache_write_5m=500)["cache_write_1h"] == 800
    assert after("anthropic", input_uncached=400, cache_read=40, cache_write_5m=500, cache_write_1h=7)["cache_write_1h"] == 7
    assert after("azure", input_uncached=400, cache_read=40) == {"input_uncached": 400, "cache_read": 40}
