"""Writes what an upstream said as Anthropic Messages: events in the order its clients insist on, or one whole answer.

One content block is open at a time, indexes rise by one, a block is closed before the next begins: clients drop an answer
that does otherwise ("Content block not found").
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.metering.usage_openai import openai_usage
from gateway.upstream.said import CallPart, Calls, Object, Said, Thought, Unwritable
from gateway.upstream.tools import object_of

_REASONS = {"length": "max_tokens", "tool_calls": "tool_use", "function_call": "tool_use", "content_filter": "refusal"}
_WRITES = {
    "cache_write_5m": "ephemeral_5m_input_tokens",
    "cache_write_1h": "ephemeral_1h_input_tokens",
    "cache_write_30m": "ttl_30m_tokens",
    "cache_write_12h": "ttl_12h_tokens",
}
_NOTHING = {"input_tokens": 0, "output_tokens": 0}
"""Several clients drop an event without these numbers; the meter knows that none at all is no report."""


class MessagesWriter:
    """One answer for a Messages caller. `names` gives back tool names that were too long for the upstream."""

    def __init__(self, name: str, model: str, names: Mapping[str, str]) -> None:
        self._id = f"msg_{name}"
        self._model = model
        self._names = names
        self._blocks: list[dict[str, Any]] = []
        self._open = False
        self._calls = Calls()
        self._inputs: dict[int, int] = {}
        """The block of each call, by the call's position."""
        self._stop = ""
        self._usage: Object | None = None
        self._begun = False

    def take(self, said: Said) -> bytes:
        """The caller's events for this chunk. `Unwritable` where two tool calls come interleaved."""
        self._model = said.model or self._model
        self._usage = said.usage or self._usage
        self._stop = said.stop or self._stop
        out = b"" if self._begun else self._begin()
        for thought in said.thoughts:
            out += self._think(thought)
        if said.text:
            out += self._speak(said.text)
        for part in said.calls:
            out += self._call(*self._calls.take(part))
        return out

    def end(self) -> bytes:
        """What ends the stream: the open block, the reason with the usage, the last word."""
        delta = {"stop_reason": self._reason(), "stop_sequence": None}
        usage = counts(self._usage, self._model) or _NOTHING
        last = _event("message_delta", delta=delta, usage=usage)
        return (b"" if self._begun else self._begin()) + self._close() + last + _event("message_stop")

    @property
    def ended(self) -> bool:
        """Whether the upstream said that its answer is whole."""
        return bool(self._stop)

    def whole(self) -> bytes:
        """The answer in one piece."""
        content = [self._finished(position, block) for position, block in enumerate(self._blocks)]
        usage = counts(self._usage, self._model) or {"input_tokens": None, "output_tokens": None}
        return msgspec.json.encode(
            {**self._message(content), "stop_reason": self._reason(), "stop_sequence": None, "usage": usage}
        )

    def _begin(self) -> bytes:
        self._begun = True
        start = {**self._message([]), "stop_reason": None, "stop_sequence": None, "usage": _NOTHING}
        return _event("message_start", message=start)

    def _message(self, content: list[dict[str, Any]]) -> dict[str, Any]:
        return {"id": self._id, "type": "message", "role": "assistant", "model": self._model, "content": content}

    def _think(self, thought: Thought) -> bytes:
        if thought.sealed:
            return self._start({"type": "redacted_thinking", "data": thought.sealed}) + self._close()
        out = b"" if self._is_open("thinking") else self._start({"type": "thinking", "thinking": "", "signature": ""})
        block = self._blocks[-1]
        if thought.text:
            block["thinking"] += thought.text
            out += self._delta(type="thinking_delta", thinking=thought.text)
        if thought.signature:
            block["signature"] = thought.signature
            out += self._delta(type="signature_delta", signature=thought.signature) + self._close()
        return out

    def _speak(self, text: str) -> bytes:
        out = b"" if self._is_open("text") else self._start({"type": "text", "text": ""})
        self._blocks[-1]["text"] += text
        return out + self._delta(type="text_delta", text=text)

    def _call(self, part: CallPart, begins: bool) -> bytes:
        out = b""
        if begins:
            name = self._names.get(part.name, part.name)
            out = self._start({"type": "tool_use", "id": part.id, "name": name, "input": {}})
            self._inputs[part.place] = len(self._blocks) - 1
        elif not self._open or self._inputs[part.place] != len(self._blocks) - 1:
            raise Unwritable("the upstream mixes the arguments of two tool calls")
        return out + (self._delta(type="input_json_delta", partial_json=part.arguments) if part.arguments else b"")

    def _finished(self, position: int, block: dict[str, Any]) -> dict[str, Any]:
        call = next((place for place, at in self._inputs.items() if at == position), None)
        return block if call is None else {**block, "input": object_of(self._calls.arguments(call))}

    def _is_open(self, kind: str) -> bool:
        return self._open and self._blocks[-1]["type"] == kind

    def _start(self, block: dict[str, Any]) -> bytes:
        out = self._close() + _event("content_block_start", index=len(self._blocks), content_block=block)
        self._blocks.append(dict(block))
        self._open = True
        return out

    def _delta(self, **delta: str) -> bytes:
        return _event("content_block_delta", index=len(self._blocks) - 1, delta=delta)

    def _close(self) -> bytes:
        if not self._open:
            return b""
        self._open = False
        return _event("content_block_stop", index=len(self._blocks) - 1)

    def _reason(self) -> str:
        return _REASONS.get(self._stop, "tool_use" if self._calls.made else "end_turn")


def counts(usage: Object | None, model: str) -> dict[str, Any]:
    """Chat's usage as Messages says it: what was read from or written to the cache is no input there.

    Empty where nothing was reported. The lifetimes of OpenAI's cache writes keep their names: the meter knows them, clients
    pass them over.
    """
    read = None if usage is None else openai_usage(usage, model)
    if read is None or not read.kinds:
        return {}
    kinds = read.kinds
    written = {name: kinds[kind] for kind, name in _WRITES.items() if kind in kinds}
    told: dict[str, Any] = {
        "input_tokens": sum(kinds.get(kind, 0) for kind in ("input_uncached", "input_audio", "input_image")),
        "cache_read_input_tokens": kinds.get("cache_read", 0),
        "cache_creation_input_tokens": sum(written.values()),
        "output_tokens": sum(kinds.get(kind, 0) for kind in ("output", "reasoning", "output_audio", "output_image")),
    }
    if written:
        told["cache_creation"] = {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0, **written}
    if thought := kinds.get("reasoning"):
        told["output_tokens_details"] = {"thinking_tokens": thought}
    return told


def _event(name: str, /, **members: Any) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), msgspec.json.encode({"type": name, **members}))
