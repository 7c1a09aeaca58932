"""What the vendors' own pages say where both sources of the price table are silent or wrong, each with its page.

Sources speak of today; a ledger also prices last month. So most of this is history: what a price was before it was cut, and
the hours of the day as they came to be. A correction the sources have caught up with is found by a test and goes.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime

from msgspec import Struct
from msgspec.structs import replace

from gateway.metering.build_prices_shape import Listing, Tiers
from gateway.metering.price_names import spellings

Name = tuple[str, str]


class Change(Struct, frozen=True):
    """USD per million tokens that replace or join what the sources have, up to a day."""

    why: str
    """What the vendor's page says."""
    usd: Mapping[str, Mapping[int, Mapping[str, str]]]
    """By tier, by the input tokens they hold above, by kind."""
    until: str = ""
    """Day the change ends, ISO; empty for one that holds to this day."""


_SONNET_LONG = {
    "input_uncached": "6",
    "cache_read": "0.6",
    "cache_write_5m": "7.5",
    "cache_write_1h": "12",
    "output": "22.5",
}
CHANGES: Mapping[Name, Change] = {
    ("anthropic", "claude-sonnet-5-5"): Change(
        why="reading the cache cost 0.20 until 2026-10-07 (model page of Claude Sonnet 5.5 as of September)",
        usd={"": {0: {"cache_read": "0.2"}}, "batch": {0: {"cache_read": "0.1"}}},
        until="2026-10-07",
    ),
    ("anthropic", "claude-sonnet-4-5"): Change(
        why="above 200,000 tokens it cost twice the input and one and a half times the output until 2026-04-30",
        usd={"": {200_000: _SONNET_LONG}},
        until="2026-04-30",
    ),
    ("openai", "o3"): Change(
        why="reading the cache cost 2.50 until 2025-06-10 (OpenAI, the price of o3 falls by four fifths)",
        usd={"": {0: {"cache_read": "2.5"}}},
        until="2025-06-10",
    ),
    ("openai", "gpt-4o-audio-preview"): Change(
        why="sound costs 40 in and 80 out (API pricing, Audio tokens)",
        usd={"": {0: {"input_audio": "40", "output_audio": "80"}}},
    ),
    ("openai", "gpt-4o-mini-audio-preview"): Change(
        why="sound costs 10 in and 20 out (API pricing, Audio tokens)",
        usd={"": {0: {"input_audio": "10", "output_audio": "20"}}},
    ),
    ("vertex", "claude-opus-5-5"): Change(
        why="batch costs half (Vertex AI pricing)",
        usd={"batch": {0: {"input_uncached": "2", "cache_write_1h": "4", "output": "10"}}},
    ),
}

_WORKING_DAYS = (1, 2, 3, 4, 5)
_QUIET = ((0, 1), (4, 6), (10, 24))
"""Hours of a day, UTC, outside DeepSeek's busy ones (01:00-04:00 and 06:00-10:00)."""
QUIET_DAYS = tuple(
    (date.fromisoformat(day) - date(1970, 1, 1)).days
    for day in ("2026-09-25", "2026-10-01", "2026-10-02", "2026-10-05", "2026-10-06", "2026-10-07", "2027-01-01")
)
"""Holidays in China on working days (State Council, holidays of 2026): quiet all day. Those of 2027 are not yet announced
beyond New Year."""


def _deepseek(since: str, fresh: str, read: str, made: str, quiet: bool = True) -> Listing:
    """DeepSeek's prices of busy hours from a moment on, and half of them for the quiet ones."""
    busy = {"input_uncached": _picos(fresh), "cache_read": _picos(read), "output": _picos(made)}
    at = int(datetime.fromisoformat(since).replace(tzinfo=UTC).timestamp()) if since else 0
    if not quiet:
        return Listing(tiers={"": {0: busy}}, since=at)
    windows = [(_WORKING_DAYS, start * 60, end * 60) for start, end in _QUIET]
    return Listing(
        tiers={"": {0: busy}},
        off_peak={kind: usd // 2 for kind, usd in busy.items()},
        windows=[*windows, ((6, 7), 0, 24 * 60)],
        quiet_days=QUIET_DAYS,
        since=at,
    )


def _picos(usd: str) -> int:
    whole, _, part = usd.partition(".")
    return int(whole + part.ljust(6, "0"))


WHOLE: Mapping[Name, tuple[Listing, ...]] = {
    ("deepseek", "deepseek-v4-flash"): (
        _deepseek("", "0.14", "0.0028", "0.28", quiet=False),
        _deepseek("2026-08-16T16:00", "0.44", "0.014", "1.32"),
        _deepseek("2026-09-10T04:00", "0.3", "0.006", "1.2"),
    ),
    ("deepseek", "deepseek-flash"): (_deepseek("", "0.3", "0.006", "1.2"),),
    ("deepseek", "deepseek-v4-pro"): (
        _deepseek("", "0.435", "0.003625", "0.87", quiet=False),
        _deepseek("2026-08-16T16:00", "1.32", "0.044", "3.96"),
    ),
}
"""Models whose prices depend on the hour: taken whole from DeepSeek's "Models & Pricing" of August and November 2026, whose
moments are hours where the sources have days."""


def corrected(name: Name, listings: list[Listing]) -> list[Listing]:
    """A model's periods as its vendor's page has them."""
    if name in WHOLE:
        return list(WHOLE[name])
    provider, model = name
    change = next((CHANGES[provider, each] for each in spellings(provider, model) if (provider, each) in CHANGES), None)
    if change is None:
        return listings
    if not change.until:
        return [_changed(each, change) for each in listings]
    until = int(datetime.fromisoformat(change.until).replace(tzinfo=UTC).timestamp())
    before = [_changed(each, change) for each in listings if each.since < until]
    after = [each for each in listings if each.since >= until]
    if not after or after[0].since > until:
        last = [each for each in listings if each.since < until][-1]
        after.insert(0, replace(last, since=until))
    return [*before, *after]


def _changed(listing: Listing, change: Change) -> Listing:
    tiers: Tiers = {tier: {over: dict(kinds) for over, kinds in bands.items()} for tier, bands in listing.tiers.items()}
    for tier, bands in change.usd.items():
        for over, kinds in bands.items():
            tiers.setdefault(tier, {}).setdefault(over, {}).update({kind: _picos(usd) for kind, usd in kinds.items()})
    return replace(listing, tiers=tiers)
