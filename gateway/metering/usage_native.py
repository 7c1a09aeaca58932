"""Usage in the vendors' own dialects that this gateway does not speak, read as one that it does; for `pointsman price`.

Google's `usageMetadata` counts what was cached inside the prompt and thinking outside the candidates; Amazon's Converse
counts as Anthropic does, under camel-case names.
"""

from gateway.metering.types import Usage
from gateway.metering.usage_counts import Impossible, Object, count
from gateway.metering.usage_messages import messages_usage
from gateway.metering.usage_openai import openai_usage


def gemini_usage(usage: Object, model: str) -> Usage | None:
    """Kinds of Google's `usageMetadata`; tool results it looked at are prompt, too."""
    try:
        thought = count(usage.get("thoughtsTokenCount")) or 0
        tools = count(usage.get("toolUsePromptTokenCount")) or 0
        prompt = count(usage.get("promptTokenCount"))
        made = count(usage.get("candidatesTokenCount"))
    except Impossible as no:
        return Usage(kinds={}, model=model, exact=False, problem=no.problem)
    cached = {f"{medium}_tokens": tokens for medium, tokens in _media(usage, "cacheTokensDetails").items()}
    same = {
        "prompt_tokens": None if prompt is None else prompt + tools,
        "completion_tokens": thought if made is None and thought else None if made is None else made + thought,
        "total_tokens": usage.get("totalTokenCount"),
        "prompt_tokens_details": {
            "cached_tokens": usage.get("cachedContentTokenCount"),
            "cached_tokens_details": cached,
            **{f"{medium}_tokens": tokens for medium, tokens in _media(usage, "promptTokensDetails").items()},
        },
        "completion_tokens_details": {
            "reasoning_tokens": thought,
            **{f"{medium}_tokens": tokens for medium, tokens in _media(usage, "candidatesTokensDetails").items()},
        },
    }
    return openai_usage(same, model)


def converse_usage(usage: Object, model: str) -> Usage | None:
    """Kinds of the `usage` of Amazon Bedrock's Converse."""
    same = {
        "input_tokens": usage.get("inputTokens"),
        "output_tokens": usage.get("outputTokens"),
        "cache_read_input_tokens": usage.get("cacheReadInputTokens"),
        "cache_creation_input_tokens": usage.get("cacheWriteInputTokens"),
        "cache_creation": _lifetimes(usage.get("cacheDetails")),
    }
    return messages_usage(same, model)


def _lifetimes(entries: object) -> dict[str, object]:
    """What was written by lifetime, as Anthropic writes it; what has another lifetime stays in the total."""
    if not isinstance(entries, list):
        return {}
    return {
        f"ephemeral_{each['ttl']}_input_tokens": each.get("inputTokens")
        for each in entries
        if isinstance(each, dict) and each.get("ttl") in ("5m", "1h")
    }


def _media(usage: Object, name: str) -> dict[str, object]:
    """Counts by medium, audio and image only: text is the rest, and video is billed as it."""
    entries = usage.get(name)
    if not isinstance(entries, list):
        return {}
    found = {str(each.get("modality", "")).lower(): each.get("tokenCount") for each in entries if isinstance(each, dict)}
    return {medium: tokens for medium, tokens in found.items() if medium in ("audio", "image")}
