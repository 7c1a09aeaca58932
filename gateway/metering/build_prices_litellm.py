"""Reads LiteLLM's price map (the JSON file in its package; the package itself is not imported) for the table's builder."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gateway.metering.build_prices_shape import Listing, Tiers, default_writes, picos

PROVIDERS = {
    "anthropic": "anthropic",
    "azure": "azure",
    "azure_ai": "azure",
    "bedrock": "bedrock",
    "bedrock_converse": "bedrock",
    "cerebras": "cerebras",
    "cohere": "cohere",
    "cohere_chat": "cohere",
    "dashscope": "qwen",
    "deepseek": "deepseek",
    "fireworks_ai": "fireworks",
    "fireworks_ai-embedding-models": "fireworks",
    "gemini": "gemini",
    "groq": "groq",
    "minimax": "minimax",
    "mistral": "mistral",
    "moonshot": "moonshot",
    "openai": "openai",
    "text-completion-openai": "openai",
    "together_ai": "together",
    "vertex_ai": "vertex",
    "xai": "xai",
    "zai": "zai",
}
"""LiteLLM's provider to the table's; `vertex_ai-…` are one provider."""

_KINDS = {
    "input_cost_per_token": "input_uncached",
    "output_cost_per_token": "output",
    "output_cost_per_reasoning_token": "reasoning",
    "cache_read_input_token_cost": "cache_read",
    "cache_creation_input_token_cost": "cache_write",
    "cache_creation_input_token_cost_above_1hr": "cache_write_1h",
    "cache_creation_input_token_cost_above_12hr": "cache_write_12h",
    "input_cost_per_audio_token": "input_audio",
    "output_cost_per_audio_token": "output_audio",
    "input_cost_per_image_token": "input_image",
    "output_cost_per_image_token": "output_image",
}
_TIERS = {"batches": "batch"} | {name: name for name in ("", "flex", "priority", "ultrafast", "balanced")}
_KEY = re.compile(
    rf"({'|'.join(sorted(_KINDS, key=len, reverse=True))})(?:_above_(\d+)k_tokens)?(?:_({'|'.join(filter(None, _TIERS))}))?"
)
_WEEK = (1, 2, 3, 4, 5, 6, 7)


def installed() -> str:
    """The version whose map is read."""
    return version("litellm")


def listings() -> Iterator[tuple[str, str, Listing]]:
    """Provider, model and prices of every entry that is priced by the token; of two for one model the better first."""
    spec = find_spec("litellm")
    assert spec is not None
    assert spec.origin is not None
    path = Path(spec.origin).parent / "model_prices_and_context_window_backup.json"
    entries = json.loads(path.read_text("utf-8"), parse_float=Decimal)
    for name, entry in sorted(entries.items(), key=_own_first):
        source = entry.get("litellm_provider", "")
        provider = "vertex" if source.startswith("vertex_ai-") else PROVIDERS.get(source)
        if provider is None:
            continue
        model = _model(name, provider)
        listing = _listing(entry, provider, model)
        if listing is not None:
            yield provider, model, listing


def _own_first(item: tuple[str, Mapping[str, Any]]) -> tuple[bool, bool, str]:
    """Entries under the provider's plain name before those of its side doors, prefixed names before bare ones."""
    name, entry = item
    source = entry.get("litellm_provider", "")
    return source not in ("azure", "bedrock", "vertex_ai"), not name.startswith(f"{source}/"), name


def _model(name: str, provider: str) -> str:
    """The name at the provider: LiteLLM's prefix is its own."""
    head, slash, rest = name.lower().partition("/")
    return rest if slash and PROVIDERS.get(head, head.removesuffix("_ai")) == provider else name.lower()


def _listing(entry: Mapping[str, Any], provider: str, model: str) -> Listing | None:
    tiers = _tiers(entry, provider, model)
    if not any(tiers.get("", {}).get(0, {}).get(kind) for kind in ("input_uncached", "output", "input_audio")):
        return None
    off_peak, windows = _off_peak(entry.get("off_peak_pricing"))
    extra = entry.get("provider_specific_entry") or {}
    return Listing(
        tiers=tiers,
        fees=_fees(entry),
        percent={word: int(Decimal(extra[word]) * 100) for word in ("us", "fast") if word in extra},
        off_peak=off_peak,
        windows=windows,
    )


def _tiers(entry: Mapping[str, Any], provider: str, model: str) -> Tiers:
    tiers: Tiers = defaultdict(lambda: defaultdict(dict))
    for key, usd in entry.items():
        found = _KEY.fullmatch(key)
        if found is None or not isinstance(usd, int | Decimal):
            continue
        kinds = default_writes(provider, model) if _KINDS[found[1]] == "cache_write" else (_KINDS[found[1]],)
        if usd == 0 and "write" in kinds[0]:
            continue  # a write that costs nothing extra is billed as input, not given away
        for kind in kinds:
            tiers[_TIERS[found[3] or ""]][int(found[2] or 0) * 1000][kind] = picos(Decimal(usd))
    for step in entry.get("tiered_pricing") or ():
        if "range" in step:
            band = {_KINDS[key]: picos(Decimal(usd)) for key, usd in step.items() if key in _KINDS}
            tiers[""][int(step["range"][0])] |= {kind: usd for kind, usd in band.items() if kind != "cache_write"}
    return {tier: dict(bands) for tier, bands in tiers.items()}


def _fees(entry: Mapping[str, Any]) -> dict[str, int]:
    """Web searches where they cost the same whatever the size of their context: the usage does not tell the size."""
    sizes = entry.get("search_context_cost_per_query")
    if not isinstance(sizes, dict) or len(set(sizes.values())) != 1:
        return {}
    return {"web_search": picos(next(iter(sizes.values())))}


def _off_peak(pricing: Any) -> tuple[dict[str, int], list[tuple[tuple[int, ...], int, int]]]:
    if not pricing:
        return {}, []
    kinds = {_KINDS[key]: picos(Decimal(usd)) for key, usd in pricing.items() if key in _KINDS}
    windows = []
    for window in pricing["windows"]:
        hours = window["hours_utc"]
        for span in [hours] if isinstance(hours, str) else hours:
            start, end = (_minutes(time) for time in span.split("-"))
            windows.append((tuple(window.get("weekdays", _WEEK)), start, end or 24 * 60))
    return kinds, windows


def _minutes(time: str) -> int:
    hours, minutes = time.split(":")
    return int(hours) * 60 + int(minutes)
