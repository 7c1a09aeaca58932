"""Reads genai-prices for the table's builder: exact decimals with the days from which they hold."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, time
from decimal import Decimal
from importlib.metadata import version
from typing import Any

from genai_prices.data import providers
from genai_prices.types import ClauseEquals, ClauseOr, StartDateConstraint, TieredPrices, TimeOfDateConstraint

from gateway.metering.build_prices_shape import Listing, Tiers, default_writes, picos

PROVIDERS = {
    "anthropic": "anthropic",
    "aws": "bedrock",
    "azure": "azure",
    "cerebras": "cerebras",
    "cohere": "cohere",
    "deepseek": "deepseek",
    "fireworks": "fireworks",
    "google": "gemini",
    "groq": "groq",
    "minimax": "minimax",
    "mistral": "mistral",
    "moonshotai": "moonshot",
    "openai": "openai",
    "openrouter": "openrouter",
    "together": "together",
    "x-ai": "xai",
    "zai": "zai",
}
"""The source's provider to the table's."""

_KINDS = {
    "input_mtok": "input_uncached",
    "output_mtok": "output",
    "output_reasoning_mtok": "reasoning",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write",
    "cache_write_5m_mtok": "cache_write_5m",
    "cache_write_1h_mtok": "cache_write_1h",
    "input_audio_mtok": "input_audio",
    "output_audio_mtok": "output_audio",
    "input_image_mtok": "input_image",
    "output_image_mtok": "output_image",
}
_MILLION = Decimal(10**6)


def installed() -> str:
    """The version whose data is read."""
    return version("genai-prices")


def listings() -> Iterator[tuple[str, str, Listing]]:
    """Provider, model and prices, periods of one model oldest first. Of the names a model goes by only exact ones count."""
    for source in providers:
        provider = PROVIDERS.get(source.id)
        if provider is None:
            continue
        for model in source.models:
            found = list(_periods(model, provider))
            for name in sorted(_names(model)):
                for listing in found:
                    yield provider, name, listing


def _names(model: Any) -> set[str]:
    clauses = model.match.or_ if isinstance(model.match, ClauseOr) else [model.match]
    return {model.id.lower(), *(clause.equals.lower() for clause in clauses if isinstance(clause, ClauseEquals))}


def _periods(model: Any, provider: str) -> Iterator[Listing]:
    if not isinstance(model.prices, list):
        yield _listing(model.prices, model, provider, 0, {})
        return
    dated = [each for each in model.prices if not isinstance(each.constraint, TimeOfDateConstraint)]
    daily = [each for each in model.prices if isinstance(each.constraint, TimeOfDateConstraint)]
    for index, each in enumerate(dated):
        since = 0
        if isinstance(each.constraint, StartDateConstraint):
            since = int(datetime.combine(each.constraint.start_date, time(), UTC).timestamp())
        newest = index == len(dated) - 1
        yield _listing(each.prices, model, provider, since, daily[-1].prices if daily and newest else {})


def _listing(prices: Any, model: Any, provider: str, since: int, peak: Any) -> Listing:
    """One period; `peak` holds the dearer hours of its day, where it has such."""
    tiers: Tiers = {"": _bands(prices, provider, model.id)}
    off_peak: dict[str, int] = {}
    if peak:
        off_peak = tiers[""][0]
        tiers[""] = _bands(peak, provider, model.id)
    for variant in model.price_variants or ():
        tier = _tier(variant.when)
        if not tier or (variant.constraint is not None and not _holds(variant.constraint, since)):
            continue
        found = tiers.setdefault(tier, {})
        for over, kinds in _bands(variant.prices, provider, model.id).items():
            found[over] = kinds | found.get(over, {})
    searches = getattr(prices, "web_searches_kcount", None)
    fees = {} if not isinstance(searches, Decimal) else {"web_search": picos(searches / 1000)}
    if getattr(prices, "requests_kcount", None):
        fees["request"] = picos(prices.requests_kcount / 1000)
    return Listing(tiers=tiers, fees=fees, off_peak=off_peak, since=since)


def _tier(when: dict[str, str]) -> str:
    if when == {"processing": "batch"}:
        return "batch"
    name = when.get("service_tier") or when.get("speed") or ""
    return name if len(when) == 1 and name != "default" else ""


def _holds(constraint: Any, since: int) -> bool:
    """Whether a dated variant belongs to the period that begins at `since`: the variants begin where periods do."""
    start = getattr(constraint, "start_date", None)
    return start is not None and int(datetime.combine(start, time(), UTC).timestamp()) <= since


def _bands(prices: Any, provider: str, model: str) -> dict[int, dict[str, int]]:
    """Kinds by the number of input tokens they hold above."""
    bands: dict[int, dict[str, int]] = defaultdict(dict)
    listed = {kind: getattr(prices, key) for key, kind in _KINDS.items() if getattr(prices, key, None) is not None}
    starts = {0} | {tier.start for price in listed.values() if isinstance(price, TieredPrices) for tier in price.tiers}
    for over in sorted(starts):
        for kind, price in listed.items():
            usd = price
            if isinstance(price, TieredPrices):
                usd = max((tier for tier in price.tiers if tier.start <= over), key=lambda t: t.start, default=None)
                usd = price.base if usd is None else usd.price
            kinds = default_writes(provider, model) if kind == "cache_write" else (kind,)
            for each in kinds:
                bands[over].setdefault(each, picos(usd / _MILLION))
    return dict(bands)
