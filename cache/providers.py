"""What each provider says about its prompt cache: one table, with where and when it was read.

Numbers are documented ones. Where a vendor promises nothing, that is what stands here: a minimum of 0 seconds. Where a
vendor names no end either, `maximum_s` is None and nobody will be told "cold" by the clock alone. The one exception is
marked: OpenAI allows retention for hours but has been seen to drop most prompts within one or two, so its end is set
where reads were no longer observed.
"""

import re
from functools import lru_cache
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

Activation = Literal["automatic", "markers"]
"""Cached by itself, or only where the request marks blocks with `cache_control`."""
Breakpoints = Literal["any_block", "breakpoints", "markers", "units", "unpublished"]
"""Where a cached prefix may end: any block, the newest messages and explicit breakpoints, marked blocks, whole stored
units (end of an input or an output), or not said."""


class Tier(Struct, frozen=True):
    """One lifetime a cache entry can have, in seconds since it was last written or read."""

    minimum_s: float
    """Promised; 0 where nothing is."""
    maximum_s: float | None
    """After this nothing is left; None where no end is named."""


class CacheRules(Struct, frozen=True):
    """How one family of models caches prompts at one provider."""

    family: str
    tiers: tuple[Tier, ...]
    """The default first."""
    source: str
    as_of: str
    """When the source was read, year and month."""
    activation: Activation = "automatic"
    refreshes: bool = True
    """A read starts the lifetime anew."""
    minimum_tokens: int = 0
    """Shorter prompts are not cached."""
    granularity: int = 1
    """Cached reads are a multiple of this many tokens."""
    breakpoints: Breakpoints = "unpublished"
    look_back: int | None = None
    """How many blocks or breakpoints before its end a prompt is compared at; None where there is no such bound."""
    divided_by_settings: bool = False
    """Effort, verbosity, format and tier, or thinking and tool choice, each have a cache of their own."""
    writes_reported: bool = False
    """Usage names the tokens written, so an answer that reports neither a write nor a read left nothing behind."""

    def tier(self, granted_s: float) -> Tier:
        """The tier an answer reported; the default where it named none of these."""
        for tier in self.tiers:
            if granted_s and tier.minimum_s == granted_s:
                return tier
        return self.tiers[0]


_AS_OF = "2026-11"
_HOUR = 3600.0

_OPENAI_BLOCKS = CacheRules(
    family="openai up to gpt-5.5",
    # In memory 5 to 10 idle minutes and up to an hour; extended retention up to 24 hours, without a promise. In public
    # transcripts of Codex (38 sessions, entire.io checkpoints, January to July 2026) no prompt was read in full after
    # one idle hour and nothing at all after two.
    tiers=(Tier(minimum_s=300.0, maximum_s=2 * _HOUR),),
    source="https://developers.openai.com/api/docs/guides/prompt-caching",
    as_of=_AS_OF,
    minimum_tokens=1024,
    granularity=128,
    breakpoints="any_block",
    divided_by_settings=True,
)
_OPENAI_BREAKPOINTS = CacheRules(
    family="openai since gpt-5.6",
    # `prompt_cache_options.ttl` is a minimum and no end is documented. Field reports saw entries of 30 minutes alive
    # after 90 minutes and half of them gone after 120 (moxi-cache 0.1.1, lifetimes.toml).
    tiers=(Tier(minimum_s=1800.0, maximum_s=2 * _HOUR), Tier(minimum_s=12 * _HOUR, maximum_s=24 * _HOUR)),
    source="https://developers.openai.com/api/docs/guides/prompt-caching",
    as_of=_AS_OF,
    minimum_tokens=1024,
    breakpoints="breakpoints",
    look_back=80,
    divided_by_settings=True,
    writes_reported=True,
)
_ANTHROPIC = CacheRules(
    family="anthropic",
    tiers=(Tier(minimum_s=300.0, maximum_s=300.0), Tier(minimum_s=_HOUR, maximum_s=_HOUR)),
    source="https://platform.claude.com/docs/en/build-with-claude/prompt-caching",
    as_of=_AS_OF,
    activation="markers",
    minimum_tokens=1024,
    breakpoints="markers",
    look_back=20,
    divided_by_settings=True,
    writes_reported=True,
)
_ANTHROPIC_MINIMUMS = (
    ("claude-opus-4-5", 4096),
    ("claude-opus-4-6", 4096),
    ("claude-opus-4-7", 2048),
    ("claude-opus-5", 512),
    ("claude-sonnet-5-5", 512),
    ("claude-haiku-4-5", 4096),
    ("claude-haiku-5-5", 512),
    ("claude-3-haiku", 2048),
    ("claude-3-5-haiku", 2048),
    ("claude-fable-5", 512),
    ("claude-mythos-5", 512),
)
"""Fewest tokens cached, by how the name begins; 1024 for all others (Anthropic, "Prompt caching", limitations)."""

_GEMINI_MINIMUMS = (("gemini-2.5-flash", 1024), ("gemini-2.5-pro", 2048), ("gemini-3", 4096))
"""Fewest tokens of a prompt that is cached by itself, by how the name begins; 1024 for all others (as litellm's table of
November 2026 has them; Google's own page names 1024 and 4096)."""

_OTHERS = {
    "gemini": CacheRules(
        family="gemini, implicit",
        tiers=(Tier(minimum_s=0.0, maximum_s=None),),
        source="https://ai.google.dev/gemini-api/docs/caching",
        as_of=_AS_OF,
        minimum_tokens=1024,
    ),
    "deepseek": CacheRules(
        family="deepseek",
        # Cleared when unused, "usually within a few hours to a few days"; best effort.
        tiers=(Tier(minimum_s=0.0, maximum_s=72 * _HOUR),),
        source="https://api-docs.deepseek.com/guides/kv_cache",
        as_of=_AS_OF,
        minimum_tokens=64,
        granularity=64,
        breakpoints="units",
    ),
    "xai": CacheRules(
        family="xai",
        tiers=(Tier(minimum_s=0.0, maximum_s=None),),
        source="https://docs.x.ai/docs/guides/prompt-caching",
        as_of=_AS_OF,
    ),
    "groq": CacheRules(
        family="groq",
        tiers=(Tier(minimum_s=0.0, maximum_s=2 * _HOUR),),
        source="https://console.groq.com/docs/prompt-caching",
        as_of=_AS_OF,
    ),
    "mistral": CacheRules(
        family="mistral",
        tiers=(Tier(minimum_s=0.0, maximum_s=None),),
        source="https://docs.mistral.ai/capabilities/prompt_caching",
        as_of=_AS_OF,
        minimum_tokens=64,
        granularity=64,
        breakpoints="any_block",
    ),
    "fireworks": CacheRules(
        family="fireworks",
        tiers=(Tier(minimum_s=0.0, maximum_s=None),),
        source="https://docs.fireworks.ai/guides/prompt-caching",
        as_of=_AS_OF,
    ),
    "qwen": CacheRules(
        family="qwen, explicit",
        tiers=(Tier(minimum_s=300.0, maximum_s=300.0),),
        source="https://www.alibabacloud.com/help/en/model-studio/context-cache",
        as_of=_AS_OF,
        minimum_tokens=1024,
        breakpoints="markers",
        look_back=20,
    ),
    "vllm": CacheRules(
        family="vllm",
        # Least recently used blocks go when memory is needed; there is no clock.
        tiers=(Tier(minimum_s=0.0, maximum_s=None),),
        source="https://docs.vllm.ai/en/latest/design/prefix_caching",
        as_of=_AS_OF,
        minimum_tokens=16,
        granularity=16,
        breakpoints="any_block",
    ),
}
_ELSEWHERE = {
    "azure": "https://learn.microsoft.com/azure/foundry/openai/how-to/prompt-caching",
    "bedrock": "https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html",
    "vertex": "https://docs.cloud.google.com/vertex-ai/generative-ai/docs/context-cache/context-cache-overview",
    "openrouter": "https://openrouter.ai/docs/features/prompt-caching",
}
"""Places that resell the models of others under those others' rules."""
_ALIASES = {"google": "gemini", "azure_openai": "azure", "vertex_ai": "vertex", "dashscope": "qwen", "sglang": "vllm",
            "fireworks_ai": "fireworks", "x-ai": "xai", "mistralai": "mistral"}  # fmt: skip

_GPT = re.compile(r"gpt-(\d+)(?:\.(\d+))?(?![\d.])")
_FIRST_WITH_BREAKPOINTS = (5, 6)
_FIRST_WITH_CACHE = ("gpt-4o", "gpt-4.1", "gpt-4.5", "chatgpt-4o")
_REASONERS = re.compile(r"(?:o[134]|codex-mini|computer-use)(?:-|$)")
_CLAUDE = re.compile(r"(?:^|[./])(claude-[a-z0-9.\-]+)")


@lru_cache(maxsize=4096)
def rules_for(provider: str, model: str) -> CacheRules | None:
    """The rules for a model, by its provider and the name it has there; None where this table has none.

    Cached because it is asked per request; bounded because clients choose model names.
    """
    provider = _ALIASES.get(provider.lower(), provider.lower())
    model = model.lower()
    if provider == "openai":
        return _openai(model.rpartition("/")[2])
    if provider == "anthropic":
        return _anthropic(model)
    if provider in _ELSEWHERE:
        found = _resold(provider, model)
        return found and replace(found, source=_ELSEWHERE[provider])
    return _gemini(model) if provider == "gemini" else _OTHERS.get(provider)


def _openai(model: str) -> CacheRules | None:
    """OpenAI's two generations, told apart by the number in the name; open weights and embeddings have no cache."""
    model = model.removeprefix("ft:")
    found = _GPT.match(model)
    if found is not None:
        version = (int(found[1]), int(found[2] or 0))
        if version >= _FIRST_WITH_BREAKPOINTS:
            return _OPENAI_BREAKPOINTS
        if version >= (5, 0):
            return _OPENAI_BLOCKS
    if model.startswith(_FIRST_WITH_CACHE) or _REASONERS.match(model):
        return _OPENAI_BLOCKS
    return None


def _anthropic(model: str) -> CacheRules | None:
    """Claude under any of its names: bare, dated, with a region and vendor before it, dots for dashes."""
    found = _CLAUDE.search(model)
    if found is None:
        return None
    name = found[1].replace(".", "-")
    least = next((tokens for prefix, tokens in _ANTHROPIC_MINIMUMS if name.startswith(prefix)), 1024)
    return replace(_ANTHROPIC, minimum_tokens=least)


def _gemini(model: str) -> CacheRules:
    name = model.rpartition("/")[2]
    least = next((tokens for prefix, tokens in _GEMINI_MINIMUMS if name.startswith(prefix)), 1024)
    return replace(_OTHERS["gemini"], minimum_tokens=least)


def _resold(provider: str, model: str) -> CacheRules | None:
    """The rules of whoever made the model; a vendor's name before a slash says who that is."""
    vendor, slash, name = model.partition("/")
    if slash and vendor not in _ELSEWHERE and (found := rules_for(vendor, name)) is not None:
        return found
    if provider == "vertex" and model.startswith("gemini-"):
        return _gemini(model)
    return _anthropic(model) if provider != "azure" and "claude-" in model else _openai(model)
