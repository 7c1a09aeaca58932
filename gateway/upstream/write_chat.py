"""Writes what an upstream said as chat completions: chunks, or one whole answer."""

from typing import Any

import msgspec

from gateway.upstream.said import Calls, Object, Said

LAST = b"data: [DONE]\n\n"


class ChatWriter:
    """One answer for a chat caller. Reasoning goes out as `reasoning_content`, as most chat-only upstreams name it."""

    def __init__(self, name: str, at: int, model: str) -> None:
        self._head = {"id": f"chatcmpl-{name}", "created": at, "model": model}
        self._calls = Calls()
        self._thought: list[str] = []
        self._text: list[str] = []
        self._stop = ""
        self._usage: Object | None = None
        self._begun = False

    def take(self, said: Said) -> bytes:
        """The caller's chunk for this one; empty where it holds nothing a caller sees."""
        delta = self._delta(said)
        self._usage = said.usage or self._usage
        self._head["model"] = said.model or self._head["model"]
        self._stop = said.stop or self._stop
        if not delta and not said.stop:
            return b""
        if not self._begun:
            self._begun = True
            delta = {"role": "assistant", "content": "", **delta}
        return self._chunk([{"index": 0, "delta": delta, "finish_reason": said.stop or None}])

    def end(self) -> bytes:
        """What ends the stream: usage, where the upstream reported it, and the last word."""
        usage = self._chunk([], usage=dict(self._usage)) if self._usage is not None else b""
        return usage + LAST

    @property
    def ended(self) -> bool:
        """Whether the upstream said that its answer is whole."""
        return bool(self._stop)

    def whole(self) -> bytes:
        """The answer in one piece."""
        message: dict[str, Any] = {"role": "assistant", "content": "".join(self._text) or None}
        if self._thought:
            message["reasoning_content"] = "".join(self._thought)
        if self._calls.made:
            message["tool_calls"] = [
                _call(call.id, call.name, self._calls.arguments(call.place)) for call in self._calls.made
            ]
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self._stop or "stop"}
        body = {**self._head, "object": "chat.completion", "choices": [choice]}
        return msgspec.json.encode(body if self._usage is None else {**body, "usage": dict(self._usage)})

    def _delta(self, said: Said) -> dict[str, Any]:
        delta: dict[str, Any] = {}
        thought = "".join(each.text for each in said.thoughts)
        if thought:
            self._thought.append(thought)
            delta["reasoning_content"] = thought
        if said.text:
            self._text.append(said.text)
            delta["content"] = said.text
        calls = []
        for part in said.calls:
            placed, begins = self._calls.take(part)
            made = _call(placed.id, placed.name, part.arguments) if begins else {"function": {"arguments": part.arguments}}
            calls.append({"index": placed.place, **made})
        if calls:
            delta["tool_calls"] = calls
        return delta

    def _chunk(self, choices: list[dict[str, Any]], **more: Any) -> bytes:
        body = {**self._head, "object": "chat.completion.chunk", "choices": choices, **more}
        return b"data: %b\n\n" % msgspec.json.encode(body)


def _call(name: str, function: str, arguments: str) -> dict[str, Any]:
    return {"id": name, "type": "function", "function": {"name": function, "arguments": arguments}}
