"""What the builder of the price table knows besides its sources: documented multiples, and exceptions."""

from msgspec.structs import replace

from gateway.metering.build_prices_shape import Listing, Tiers

FILE_SEARCH = 25 * 10**8
"""Pico-dollars of one call."""
EXCEPTIONS = {
    ("anthropic", "claude-sonnet-4-5"): "the surcharge above 200,000 tokens ended with the 1M beta on 2026-04-30",
    ("openai", "gpt-5.6-cyber"): "every other GPT-5.6 costs more above 272,000 tokens",
    ("xai", "grok-code-fast"): "since 2026-05-15 another model answers to this name, at its own price",
    ("xai", "grok-code-fast-1"): "since 2026-05-15 another model answers to this name, at its own price",
    ("xai", "grok-code-fast-1-0825"): "since 2026-05-15 another model answers to this name, at its own price",
}
"""Models where LiteLLM's price is taken, with the reason."""


def documented(provider: str, model: str, listing: Listing) -> Listing:
    """The listing with what its vendor documents as a multiple of the input price and neither source lists.

    OpenAI, "Prompt caching": since GPT-5.6 a write costs 1.25 times the input for 30 minutes and 2.5 times for 12 hours;
    before, writes cost what input costs. Anthropic, "Prompt caching": a write costs 2 times the input for an hour.
    OpenAI, "API pricing": $2.50 a thousand file searches. Google, "Gemini API pricing": batch and flex take as much off
    long prompts as off short ones.
    """
    if provider == "gemini":
        return replace(listing, tiers=_discounted(listing.tiers))
    if provider not in ("openai", "anthropic"):
        return listing
    if provider == "openai" and "web_search" in listing.fees:
        listing = replace(listing, fees={"file_search": FILE_SEARCH, **listing.fees})
    tiers: Tiers = {}
    for tier, bands in listing.tiers.items():
        tiers[tier] = {over: {**_multiples(provider, kinds), **kinds} for over, kinds in bands.items()}
    return replace(listing, tiers=tiers)


def _discounted(tiers: Tiers) -> Tiers:
    """The tiers with batch and flex for long prompts: where they lack a band, the share of the standard price holds."""
    standard = tiers[""]
    found = dict(tiers)
    for tier in tiers.keys() & {"batch", "flex"}:
        base = tiers[tier].get(0, {})
        shares = {kind: (usd, standard[0][kind]) for kind, usd in base.items() if standard.get(0, {}).get(kind)}
        longer = {
            over: {kind: kinds[kind] * part // whole for kind, (part, whole) in shares.items() if kind in kinds}
            for over, kinds in standard.items()
            if over
        }
        found[tier] = longer | tiers[tier]
    return found


def _multiples(provider: str, kinds: dict[str, int]) -> dict[str, int]:
    fresh = kinds.get("input_uncached")
    if fresh is None or "cache_read" not in kinds:
        return {}
    if provider == "anthropic":
        return {"cache_write_1h": 2 * fresh} if 4 * kinds.get("cache_write_5m", 0) == 5 * fresh else {}
    if "cache_write_30m" not in kinds:
        return {"cache_write_30m": fresh}
    return {"cache_write_12h": 5 * fresh // 2} if 4 * kinds["cache_write_30m"] == 5 * fresh else {}
