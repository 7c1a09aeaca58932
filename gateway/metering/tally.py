"""Counts one answer as it passes: the provider's own usage, from whichever event or body carries it.

The relay shows only events that mention usage. What a stream reports before its end (Anthropic's input side, the running
totals of some imitators) is kept apart from the final report, so that a stream that breaks off is not taken for whole.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

import msgspec
from msgspec import UNSET, Raw, Struct
from msgspec.structs import replace

from gateway.metering.diagnosis import of_messages, of_responses
from gateway.metering.types import Usage
from gateway.metering.usage_counts import word
from gateway.metering.usage_messages import messages_usage
from gateway.metering.usage_openai import openai_usage
from gateway.metering.usage_plain import plain_usage
from routing.types import Dialect

BYTES_PER_TOKEN = 4
"""The usual rule of thumb for English and code."""
FRAME_BYTES = 110
"""What the JSON around one text delta of a Messages stream takes."""
OPENING_EVENTS: Mapping[Dialect, int] = {"chat": 1, "responses": 4, "messages": 3}
"""Events that come before the first word: the role; created, in progress, item, part; start, block, ping."""
SECOND_READING_MAX = 1024 * 1024
"""A malformed answer larger than this is not worth the 10 ms that reading it again would hold everybody up."""

T = TypeVar("T")
_STOPPED = re.compile(rb'"(?:finish|stop)_reason"\s*:\s*"')
"""Inside a JSON string the quotes are escaped, so no text an answer quotes can look like this."""
_BILLED_CALLS = {"file_search_call": "file_search", "image_generation_call": "image_generation"}
_LAST = (".completed", ".done", ".failed", ".incomplete")
_NONE = Raw(b"")


class Tally(Protocol):
    """What one answer reports of its usage. Unreadable events are passed over, never raised."""

    def event(self, data: bytes) -> None:
        """The data of one stream event."""

    def body(self, data: bytes) -> None:
        """A whole answer."""

    def usage(self) -> Usage | None:
        """The provider's final report, None while there is none."""

    def partial(self) -> Usage | None:
        """What was reported so far of an answer whose final report has not come."""


def tally(dialect: Dialect) -> Tally:
    """A fresh tally for one answer in this dialect."""
    return MessagesTally() if dialect == "messages" else OpenAITally()


def estimate(dialect: Dialect, size: int, events: int, bytes_out: int) -> Usage:
    """Usage of an answer that reported none, from the sizes of both sides in bytes and the number of events.

    OpenAI's streams carry about one token per event and pad it at will, so events count there; Anthropic's carry several,
    so there it is the bytes without their frames.
    """
    if not events:
        made = bytes_out // BYTES_PER_TOKEN
    else:
        said = max(0, events - OPENING_EVENTS[dialect])
        text = (bytes_out - events * FRAME_BYTES) // BYTES_PER_TOKEN
        made = max(said, text) if dialect == "messages" else said
    kinds = {"input_uncached": max(1, size // BYTES_PER_TOKEN), "output": made}
    return Usage(kinds={kind: tokens for kind, tokens in kinds.items() if tokens}, exact=False)


class _Item(Struct):
    type: Any = None
    action: Any = None
    container_id: Any = None


class _Response(Struct):
    id: Any = None
    model: Any = None
    service_tier: Any = None
    usage: Any = None
    output: Raw = _NONE
    prompt_cache_diagnostics: Any = None


class _Event(Struct):
    type: Any = None
    object: Any = None
    id: Any = None
    model: Any = None
    service_tier: Any = None
    usage: Any = None
    choices: Raw = _NONE
    output: Raw = _NONE
    response: _Response | None = None
    x_groq: Any = None
    prompt_cache_diagnostics: Any = None


class _Message(Struct):
    id: Any = None
    type: Any = None
    model: Any = None
    usage: Any = None
    delta: Raw = _NONE
    message: "_Message | None" = None
    diagnostics: Any = UNSET


_event = msgspec.json.Decoder(_Event)
_message = msgspec.json.Decoder(_Message)
_items = msgspec.json.Decoder(list[_Item])


class OpenAITally:
    """Chat Completions, Completions, Embeddings, Responses, Images, Transcriptions: OpenAI's and its imitators'."""

    __slots__ = ("_plain", "_seen", "_whole")

    def __init__(self) -> None:
        self._plain: Usage | None = None
        self._seen: _Event | None = None
        self._whole = False

    def event(self, data: bytes) -> None:
        seen = _decoded(_event, data)
        if seen is not None:
            self._take(seen, word(seen.type).endswith(_LAST) or _is_last_chunk(bytes(seen.choices)))

    def body(self, data: bytes) -> None:
        self._plain = plain_usage(data)
        if self._plain is None and (seen := _decoded(_event, data)) is not None:
            self._take(seen, True)

    def usage(self) -> Usage | None:
        return self._plain or (self._read() if self._whole else None)

    def partial(self) -> Usage | None:
        return None if self._whole else self._read()

    def _take(self, seen: _Event, last: bool) -> None:
        if seen.usage is None and isinstance(seen.x_groq, dict):
            seen.usage = seen.x_groq.get("usage")
        source = seen if seen.response is None else seen.response
        if source.usage is not None and source.usage != {}:
            self._seen = seen
            self._whole = self._whole or last

    def _read(self) -> Usage | None:
        seen = self._seen
        if seen is None:
            return None
        source = seen if seen.response is None else seen.response
        model = word(source.model)
        if not isinstance(source.usage, dict):
            return Usage(kinds={}, model=model, exact=False, problem="not_an_object")
        found = openai_usage(
            source.usage,
            model,
            source.service_tier,
            source.id,
            _tool_calls(source.output),
            embedding=seen.object == "list",
        )
        said = source.prompt_cache_diagnostics
        return found if said is None or found is None else replace(found, diagnosis=of_responses(said))


class MessagesTally:
    """Anthropic Messages. Counts are cumulative: of several reports the largest counts, nothing is added up."""

    __slots__ = ("_diagnostics", "_id", "_model", "_usage", "_whole")

    def __init__(self) -> None:
        self._usage: Any = None
        self._diagnostics: Any = UNSET
        self._model = ""
        self._id = ""
        self._whole = False

    def event(self, data: bytes) -> None:
        seen = _decoded(_message, data)
        if seen is None:
            return
        if seen.message is not None:
            self._take(seen.message)
        elif seen.usage is not None:
            self._take(seen)
            self._whole = self._whole or _STOPPED.search(bytes(seen.delta)) is not None

    def body(self, data: bytes) -> None:
        seen = _decoded(_message, data)
        if seen is not None and seen.usage is not None:
            self._take(seen)
            self._whole = True

    def usage(self) -> Usage | None:
        return self._read() if self._whole else None

    def partial(self) -> Usage | None:
        return None if self._whole else self._read()

    def _take(self, seen: _Message) -> None:
        self._model = word(seen.model) or self._model
        self._id = word(seen.id) or self._id
        self._usage = merged(self._usage, seen.usage)
        if seen.diagnostics is not UNSET:
            self._diagnostics = seen.diagnostics

    def _read(self) -> Usage | None:
        if self._usage is None:
            return None
        if not isinstance(self._usage, dict):
            return Usage(kinds={}, model=self._model, response_id=self._id, exact=False, problem="not_an_object")
        found = messages_usage(self._usage, self._model, self._id)
        if found is not None and not (found.kinds or found.fees or found.problem):
            return None  # a prompt has tokens: a report of none at all, as its clients insist on, reports nothing
        if found is None or self._diagnostics is UNSET:
            return found
        return replace(found, diagnosis=of_messages(self._diagnostics))


def merged(before: Any, after: Any) -> Any:
    """Two reports of one answer as one: the larger of two counts, the newer of anything else that is not null."""
    if after is None:
        return before
    if type(before) is int and type(after) is int:
        return max(before, after) if before >= 0 and after >= 0 else min(before, after)
    if isinstance(before, dict) and isinstance(after, dict):
        return before | {name: merged(before.get(name), value) for name, value in after.items()}
    return after


def _decoded(decoder: msgspec.json.Decoder[T], data: bytes) -> T | None:
    """The event, or None when it is none of ours.

    What strict JSON does not know (NaN, numbers out of range, half a surrogate pair) must not hide the rest: it is read
    again with Python's parser, such numbers as text, which then counts as impossible usage.
    """
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        if len(data) > SECOND_READING_MAX:
            return None
    try:
        lenient = json.loads(data, parse_constant=str, parse_float=_finite)
        return decoder.decode(json.dumps(lenient, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None


def _finite(digits: str) -> float | str:
    value = float(digits)
    return value if math.isfinite(value) else digits


def _is_last_chunk(choices: bytes) -> bool:
    return choices == b"[]" or _STOPPED.search(choices) is not None


def _tool_calls(output: Raw) -> dict[str, int]:
    """Calls that OpenAI bills one by one, from the items of a finished response.

    Of web searches only the action `search` is billed; opening a page and finding in it are not (OpenAI, "Web search").
    A container costs by its size and time, a made image by another model's tokens, and the answer tells neither: they are
    counted so that their price is known to be missing (OpenAI, "API pricing", Built-in tools).
    """
    if b"_call" not in bytes(output):
        return {}
    try:
        items = _items.decode(output)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return {}
    fees: dict[str, int] = {}
    containers = set()
    for item in items:
        if item.type == "web_search_call" and _searched(item.action):
            fees["web_search"] = fees.get("web_search", 0) + 1
        elif (fee := _BILLED_CALLS.get(word(item.type))) is not None:
            fees[fee] = fees.get(fee, 0) + 1
        elif item.type == "code_interpreter_call":
            containers.add(word(item.container_id))
    return fees | {"container": len(containers)} if containers else fees


def _searched(action: object) -> bool:
    return not isinstance(action, dict) or action.get("type", "search") == "search"
