"""Usage as Chat Completions, Responses and their many imitators write it: the input includes what was cached.

OpenAI's fields by the API reference of November 2026; imitators put the same facts under other names. DeepSeek reports
`prompt_cache_hit_tokens`, Moonshot a `cached_tokens` beside the totals, Qwen and translating gateways
`cache_creation_input_tokens`, images and transcription singular or plural `…_token(s)_details`. xAI leaves reasoning out
of the output, Gemini's compatible endpoint leaves it out of everything but the total.
"""

from collections.abc import Mapping
from typing import Any

from gateway.metering.types import Usage
from gateway.metering.usage_counts import Impossible, Object, count, greatest, part, word, writes
from gateway.metering.usage_reported import reported

_READ = ("cached_tokens", "cache_read_tokens", "cache_read_input_tokens", "prompt_cache_hit_tokens")
_WRITTEN = ("cache_write_tokens", "cache_creation_tokens", "cache_creation_input_tokens")
_TIERS = ("cache_write_tokens_details", "cache_creation_token_details", "cache_creation")
INPUT_DETAILS = ("prompt_tokens_details", "input_tokens_details", "input_token_details")
OUTPUT_DETAILS = ("completion_tokens_details", "output_tokens_details", "output_token_details")
_STANDARD = ("default", "standard", "auto", "on_demand", "standard_only")


def openai_usage(
    usage: Object,
    model: str = "",
    tier: object = None,
    response_id: object = "",
    fees: Mapping[str, int] | None = None,
    *,
    embedding: bool = False,
) -> Usage | None:
    """Disjoint kinds of one usage object; None when it reports nothing.

    What is impossible is named in `problem` and left out of the kinds; nothing raises. `embedding`: there need be no
    output, so a lone total is the input.
    """
    problems: list[str] = []
    kinds: dict[str, int] = {}
    try:
        total_in, total_out, reasoning = _totals(usage, model, embedding, problems)
        if total_in is None and total_out is None and not problems:
            return None
        if total_out:
            kinds |= _output(usage, total_out, reasoning)
        if total_in:
            kinds |= _input(usage, total_in, model, problems)
    except Impossible as no:
        problems.insert(0, no.problem)
    return Usage(
        kinds=kinds,
        model=model,
        tier=service_tier(tier),
        fees=fees or {},
        response_id=word(response_id),
        exact=not problems,
        problem=problems[0] if problems else "",
        reported=reported(usage),
    )


def service_tier(value: object) -> str:
    """The tier's name as priced; empty for the standard one under any of its names."""
    name = word(value)
    return "" if name in _STANDARD else name


def _totals(usage: Object, model: str, embedding: bool, problems: list[str]) -> tuple[int | None, int | None, int]:
    """Input, output and reasoning as billed; what one of the two lacks is made up from the total."""
    given = _given(usage)
    made = greatest(usage, ("completion_tokens", "output_tokens"))
    total = count(usage.get("total_tokens"))
    reasoning = count(part(usage, *OUTPUT_DETAILS).get("reasoning_tokens")) or 0
    if embedding:
        return (total if given is None else given), made, reasoning
    if given is None and made is None:
        if total is not None:
            problems.append("input_missing")
        return None, None, 0
    if given is None or made is None:
        rest = None if total is None else total - (given or 0) - (made or 0)
        if rest is not None and rest >= 0:
            return (rest, made, reasoning) if given is None else (given, rest, reasoning)
        problems.append("input_missing" if given is None else "output_missing")
        return given, made, reasoning
    apart = _apart(given + made, total, reasoning, model)
    if apart is None:
        problems.append("total_differs")
        return given, made, reasoning
    return given, made + apart, max(reasoning, apart)


def _apart(known: int, total: int | None, reasoning: int, model: str) -> int | None:
    """Reasoning that is in the total but not in the output; None when the total is something else altogether."""
    gap = 0 if total is None else total - known
    if gap in (0, reasoning) or (gap > 0 and not reasoning and "gemini" in model):
        return gap
    return None


def _given(usage: Object) -> int | None:
    given = greatest(usage, ("prompt_tokens", "input_tokens"))
    if given is None and "prompt_cache_miss_tokens" in usage:
        missed = count(usage["prompt_cache_miss_tokens"])
        hit = count(usage.get("prompt_cache_hit_tokens"))
        given = None if missed is None or hit is None else missed + hit
    return given


def _input(usage: Object, total: int, model: str, problems: list[str]) -> dict[str, int]:
    details = part(usage, *INPUT_DETAILS)
    read = max(greatest(details, _READ) or 0, greatest(usage, _READ) or 0)
    written = _written(usage, details, model)
    fresh = total - read - sum(written.values())
    if fresh < 0:
        raise Impossible("cached_exceeds_input")
    audio, image = count(details.get("audio_tokens")) or 0, count(details.get("image_tokens")) or 0
    if audio or image:
        if audio + image > total:
            raise Impossible("media_exceeds_input")
        cached = part(details, "cached_tokens_details")
        cached_audio, cached_image = count(cached.get("audio_tokens")) or 0, count(cached.get("image_tokens")) or 0
        if cached_audio or cached_image:
            problems.append("cached_media")  # its price is neither that of a read nor that of the medium
        # Without a breakdown of the cached part, as little of the medium as possible is taken to be in it.
        audio = min(max(0, audio - cached_audio), fresh)
        image = min(max(0, image - cached_image), fresh - audio)
    kinds = {"input_uncached": fresh - audio - image, "cache_read": read, "input_audio": audio, "input_image": image}
    return {kind: tokens for kind, tokens in (kinds | written).items() if tokens}


def _written(usage: Object, details: Object, model: str) -> dict[str, int]:
    found = greatest(details, _WRITTEN)
    written = greatest(usage, _WRITTEN) if found is None else found
    tiers = part(details, *_TIERS) or part(usage, *_TIERS)
    if not written and not tiers:
        return {}
    named: dict[str, Any] = {
        "cache_write_30m": count(tiers.get("ttl_30m_tokens")),
        "cache_write_12h": count(tiers.get("ttl_12h_tokens")),
        "cache_write_5m": count(tiers.get("ephemeral_5m_input_tokens")),
        "cache_write_1h": count(tiers.get("ephemeral_1h_input_tokens")),
    }
    return writes(written, named, default_write(model))


def default_write(model: str) -> str:
    """The kind of a write whose lifetime is not reported: each vendor's default (Anthropic, Qwen 5 min, OpenAI 30)."""
    return "cache_write_5m" if "claude" in model or "qwen" in model else "cache_write_30m"


def _output(usage: Object, total: int, reasoning: int) -> dict[str, int]:
    details = part(usage, *OUTPUT_DETAILS)
    audio, image = count(details.get("audio_tokens")) or 0, count(details.get("image_tokens")) or 0
    text = total - reasoning - audio - image
    if text < 0:
        raise Impossible("reasoning_exceeds_output" if reasoning > total else "media_exceeds_output")
    kinds = {"output": text, "reasoning": reasoning, "output_audio": audio, "output_image": image}
    return {kind: tokens for kind, tokens in kinds.items() if tokens}
