"""A whole chat answer as OpenAI itself writes it, read in one step with fixed fields.

Nine in ten answers look like this, and reading them member by member costs several times as much. Whatever has a field
more, a field less or a number that does not add up is left to `usage_openai`, which knows every imitator; a property test
holds the two to the same result.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from gateway.metering.types import Usage
from gateway.metering.usage_counts import COUNT_MAX
from gateway.metering.usage_openai import default_write, service_tier

Count = Annotated[int, Meta(ge=0, le=COUNT_MAX)]
Word = Annotated[str, Meta(max_length=200)]


class _Input(Struct, frozen=True, forbid_unknown_fields=True):
    cached_tokens: Count = 0
    cache_write_tokens: Count = 0
    audio_tokens: Count = 0


class _Output(Struct, frozen=True, forbid_unknown_fields=True):
    reasoning_tokens: Count = 0
    audio_tokens: Count = 0
    accepted_prediction_tokens: Count = 0
    rejected_prediction_tokens: Count = 0


class _Usage(Struct, frozen=True, forbid_unknown_fields=True):
    prompt_tokens: Count
    completion_tokens: Count
    total_tokens: Count
    prompt_tokens_details: _Input = _Input()
    completion_tokens_details: _Output = _Output()


class _Answer(Struct, frozen=True):
    object: Literal["chat.completion"]
    usage: _Usage
    id: Word = ""
    model: Word = ""
    service_tier: Word | None = None


_answer = msgspec.json.Decoder(_Answer)


def plain_usage(data: bytes) -> Usage | None:
    """The usage of a whole answer; None where it is not the plain form."""
    try:
        answer = _answer.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    usage = answer.usage
    given, made = usage.prompt_tokens_details, usage.completion_tokens_details
    read, written, reasoning = given.cached_tokens, given.cache_write_tokens, made.reasoning_tokens
    fresh = usage.prompt_tokens - read - written
    text = usage.completion_tokens - reasoning
    adds_up = usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    if not adds_up or fresh < 0 or text < 0 or given.audio_tokens or made.audio_tokens:
        return None
    kinds: dict[str, int] = {}
    if text:
        kinds["output"] = text
    if reasoning:
        kinds["reasoning"] = reasoning
    if fresh:
        kinds["input_uncached"] = fresh
    if read:
        kinds["cache_read"] = read
    if written:
        kinds[default_write(answer.model)] = written
    return Usage(kinds=kinds, model=answer.model, tier=service_tier(answer.service_tier), response_id=answer.id)
