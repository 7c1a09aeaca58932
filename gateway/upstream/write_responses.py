"""Writes what an upstream said as OpenAI Responses: every item from added to done, or one whole response.

Items are closed in the order they began, each before the next but for tool calls, whose arguments may come mixed.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.upstream.said import CallPart, Calls, Object, Said, Thought
from gateway.upstream.tools import Names, content_of

_ECHOED: Mapping[str, Any] = {
    "instructions": None,
    "max_output_tokens": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "reasoning": {"effort": None, "summary": None},
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
    "truncation": "disabled",
}
"""Settings a response repeats, with what it shows where the caller was silent."""
_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


class ResponsesWriter:
    """One answer for a Responses caller, who asked `asked`; `names` says what its tools are called there."""

    def __init__(self, name: str, at: int, model: str, asked: Object, names: Names) -> None:
        self._name = name
        self._at = at
        self._model = model
        self._asked = asked
        self._names = names
        self._keeps_reasoning = "reasoning.encrypted_content" in (asked.get("include") or ())
        self._items: list[dict[str, Any]] = []
        self._open: int | None = None
        """The item under way, where it is reasoning or a message."""
        self._calls = Calls()
        self._blocks: list[dict[str, Any]] = []
        """The open reasoning as its provider wants it back."""
        self._at_call: list[int] = []
        """The item of each call, by the call's position."""
        self._stop = ""
        self._usage: Object | None = None
        self._number = 0
        self._begun = False

    def take(self, said: Said) -> bytes:
        """The caller's events for this chunk."""
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
        """What ends the stream: the open items, and the whole response as its last word."""
        out = (b"" if self._begun else self._begin()) + self._finish()
        word = "response.incomplete" if self._stop in _INCOMPLETE else "response.completed"
        return out + self._event(word, response=self._response(self._items))

    @property
    def ended(self) -> bool:
        """Whether the upstream said that its answer is whole."""
        return bool(self._stop)

    def whole(self) -> bytes:
        """The answer in one piece."""
        self._finish()
        return msgspec.json.encode(self._response(self._items))

    def _begin(self) -> bytes:
        self._begun = True
        started = {**self._response([]), "status": "in_progress", "incomplete_details": None, "usage": None}
        return self._event("response.created", response=started) + self._event("response.in_progress", response=started)

    def _response(self, output: list[dict[str, Any]]) -> dict[str, Any]:
        short = _INCOMPLETE.get(self._stop)
        body: dict[str, Any] = {
            "id": f"resp_{self._name}",
            "object": "response",
            "created_at": self._at,
            "status": "incomplete" if short else "completed",
            "error": None,
            "incomplete_details": {"reason": short} if short else None,
            "model": self._model,
            "output": output,
            "previous_response_id": None,
            "store": False,
            "usage": None if self._usage is None else counts(self._usage),
        }
        for name, silent in _ECHOED.items():
            value = self._asked.get(name)
            body[name] = silent if value is None else value
        return body

    # reasoning

    def _think(self, thought: Thought) -> bytes:
        out = b""
        if not self._is_open("reasoning"):
            item: dict[str, Any] = {"id": self._id("rs"), "type": "reasoning", "summary": []}
            out = self._start(item)
            self._blocks = []
        if thought.sealed:
            self._blocks.append({"type": "redacted_thinking", "data": thought.sealed})
            return out
        place = {**self._place(), "summary_index": 0}
        summary = self._items[-1]["summary"]
        if thought.text and not summary:
            summary.append({"type": "summary_text", "text": ""})
            out += self._event("response.reasoning_summary_part.added", **place, part=dict(summary[0]))
        if thought.text:
            summary[0]["text"] += thought.text
            out += self._event("response.reasoning_summary_text.delta", **place, delta=thought.text)
        if thought.signature:
            text = summary[0]["text"] if summary else ""
            self._blocks.append({"type": "thinking", "thinking": text, "signature": thought.signature})
            out += self._close()
        return out

    def _end_thought(self, item: dict[str, Any]) -> bytes:
        out = b""
        if item["summary"]:
            place = {**self._place(), "summary_index": 0}
            part = item["summary"][0]
            out = self._event("response.reasoning_summary_text.done", **place, text=part["text"])
            out += self._event("response.reasoning_summary_part.done", **place, part=part)
        if self._blocks and self._keeps_reasoning:
            item["encrypted_content"] = msgspec.json.encode(self._blocks).decode()
        return out

    # text

    def _speak(self, text: str) -> bytes:
        out = b""
        if not self._is_open("message"):
            part: dict[str, Any] = {"type": "output_text", "annotations": [], "logprobs": [], "text": ""}
            item = {"id": self._id("msg"), "type": "message", "role": "assistant", "status": "in_progress"}
            out = self._start({**item, "content": []})
            out += self._event("response.content_part.added", **self._place(), content_index=0, part=part)
            self._items[-1]["content"] = [part]
        self._items[-1]["content"][0]["text"] += text
        place = {**self._place(), "content_index": 0}
        return out + self._event("response.output_text.delta", **place, delta=text, logprobs=[])

    def _end_text(self, item: dict[str, Any]) -> bytes:
        item["status"] = "incomplete" if self._stop in _INCOMPLETE else "completed"
        place = {**self._place(), "content_index": 0}
        part = item["content"][0]
        out = self._event("response.output_text.done", **place, text=part["text"], logprobs=[])
        return out + self._event("response.content_part.done", **place, part=part)

    # tool calls

    def _call(self, part: CallPart, begins: bool) -> bytes:
        out = b""
        if begins:
            out = self._close() + self._begin_call(part)
        item = self._items[self._at_call[part.place]]
        if item["type"] == "custom_tool_call" or not part.arguments:
            return out  # its input is inside JSON until that is whole
        return out + self._event(
            "response.function_call_arguments.delta", **self._call_place(part.place), delta=part.arguments
        )

    def _begin_call(self, part: CallPart) -> bytes:
        custom = part.name in self._names.custom
        namespace, name = self._names.of(part.name)
        item: dict[str, Any] = {
            "id": self._id("ctc" if custom else "fc"),
            "type": "custom_tool_call" if custom else "function_call",
            "status": "in_progress",
            "call_id": part.id,
            "name": name,
            "input" if custom else "arguments": "",
        }
        if namespace:
            item["namespace"] = namespace
        self._at_call.append(len(self._items))
        self._items.append(item)
        return self._event("response.output_item.added", output_index=len(self._items) - 1, item=item)

    def _end_call(self, position: int) -> bytes:
        item = self._items[self._at_call[position]]
        place = self._call_place(position)
        arguments = self._calls.arguments(position)
        item["status"] = "completed"
        if item["type"] == "custom_tool_call":
            item["input"] = text = content_of(arguments)
            out = self._event("response.custom_tool_call_input.delta", **place, delta=text)
            out += self._event("response.custom_tool_call_input.done", **place, input=text)
        else:
            item["arguments"] = arguments
            out = self._event(
                "response.function_call_arguments.done", **place, arguments=arguments, name=item["name"]
            )
        return out + self._event("response.output_item.done", output_index=place["output_index"], item=item)

    def _call_place(self, position: int) -> dict[str, Any]:
        index = self._at_call[position]
        return {"item_id": self._items[index]["id"], "output_index": index}

    # any item

    def _id(self, kind: str) -> str:
        return f"{kind}_{self._name}_{len(self._items)}"

    def _is_open(self, kind: str) -> bool:
        return self._open is not None and self._items[self._open]["type"] == kind

    def _place(self) -> dict[str, Any]:
        return {"item_id": self._items[-1]["id"], "output_index": len(self._items) - 1}

    def _start(self, item: dict[str, Any]) -> bytes:
        out = self._close()
        self._items.append(item)
        self._open = len(self._items) - 1
        return out + self._event("response.output_item.added", output_index=self._open, item=item)

    def _close(self) -> bytes:
        """End the reasoning or message under way."""
        if self._open is None:
            return b""
        index, self._open = self._open, None
        item = self._items[index]
        out = self._end_thought(item) if item["type"] == "reasoning" else self._end_text(item)
        return out + self._event("response.output_item.done", output_index=index, item=item)

    def _finish(self) -> bytes:
        """End whatever is under way."""
        return self._close() + b"".join(self._end_call(call.place) for call in self._calls.made)

    def _event(self, name: str, /, **members: Any) -> bytes:
        data = msgspec.json.encode({"type": name, "sequence_number": self._number, **members})
        self._number += 1
        return b"event: %b\ndata: %b\n\n" % (name.encode(), data)


def counts(usage: Object) -> dict[str, Any]:
    """Chat's usage as Responses says it: the same facts under other names."""
    given, made = usage.get("prompt_tokens") or 0, usage.get("completion_tokens") or 0
    told: dict[str, Any] = {"input_tokens": given, "output_tokens": made, "total_tokens": given + made}
    told["input_tokens_details"] = {"cached_tokens": 0, **_known(usage.get("prompt_tokens_details"))}
    told["output_tokens_details"] = {"reasoning_tokens": 0, **_known(usage.get("completion_tokens_details"))}
    return told


def _known(details: object) -> dict[str, Any]:
    """What a breakdown really says."""
    return {name: value for name, value in details.items() if value is not None} if isinstance(details, Mapping) else {}
