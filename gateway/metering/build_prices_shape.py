"""What both sources of the price table are read into."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal

from msgspec import Struct

from gateway.metering.types import PICOS_PER_USD
from gateway.metering.usage_openai import default_write

Tiers = dict[str, dict[int, dict[str, int]]]
"""Pico-dollars per token by service tier, by the input tokens they hold above, by kind."""


class Listing(Struct, frozen=True):
    """One source's prices of one model, from `since` (unix seconds) on."""

    tiers: Tiers
    fees: Mapping[str, int] = {}
    percent: Mapping[str, int] = {}
    off_peak: Mapping[str, int] = {}
    windows: Sequence[tuple[tuple[int, ...], int, int]] = ()
    quiet_days: Sequence[int] = ()
    """Days (since 1970-01-01) on which `off_peak` holds around the clock."""
    since: int = 0


def picos(usd: Decimal) -> int:
    """Whole pico-dollars; sources hold a few quotients of rounded numbers, which are rounded to the nearest."""
    return int((usd * PICOS_PER_USD).to_integral_value(ROUND_HALF_EVEN))


def default_writes(provider: str, model: str) -> tuple[str, ...]:
    """The kinds a price for writing a cache, given without a lifetime, stands for.

    Where it is not known whose default lifetime a provider reports under, the same price holds for both.
    """
    if provider in ("openai", "anthropic") or "claude" in model or "gpt-" in model:
        return ("cache_write_5m" if provider == "anthropic" else default_write(model),)
    return ("cache_write_5m", "cache_write_30m")
