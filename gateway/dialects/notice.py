"""Puts a notice in front of an answer, in each dialect's own grammar, so that no client takes it for anything but text.

Messages: a text block before all others, whose indices move up by one. Responses: a message of its own right after
`response.created` (nothing may come before that), as commentary, and everything after it moves up. Chat: a first piece of
the content. Only answers that get a notice are read and written here; the meter has seen them as they came.
"""

from collections.abc import Iterator

import msgspec
from msgspec import Raw, Struct

from gateway.dialects.ask import items, members, text
from gateway.dialects.sse import boundary_after, events
from routing.types import Dialect

TEXT_START = b"[Pointsman notice "
ITEM_START = b"msg_pointsman_"
_EVENTS = 6
"""Events that a message takes in a Responses stream."""
_OVER = frozenset(("response.completed", "response.incomplete", "response.failed"))
_NONE = Raw(b'""')


class Notice(Struct, frozen=True):
    """What is put in, and the id it has where texts have ids."""

    text: str
    item: str


class Insertion:
    """Puts one notice into one answer."""

    def __init__(self, notice: Notice, dialect: Dialect) -> None:
        self._notice = notice
        self._dialect = dialect
        self._done = False

    def stream(self, whole: bytes) -> bytes:
        """Complete events with the notice among them; whatever is not understood passes as it came."""
        parts: list[bytes] = []
        position = 0
        while (end := boundary_after(whole, position)) > position:
            parts.append(self._event(whole[position:end]))
            position = end
        return b"".join(parts) + whole[position:]

    def body(self, whole: bytes) -> bytes:
        """A whole answer with the notice at its beginning."""
        answer = members(Raw(whole))
        if self._dialect == "messages" and "content" in answer:
            block = {"type": "text", "text": self._notice.text}
            return _written({**answer, "content": _before(answer["content"], block)})
        if self._dialect == "responses" and "output" in answer:
            return _written({**answer, "output": _before(answer["output"], self._item())})
        choices = items(answer.get("choices", Raw(b"[]")))
        if self._dialect == "chat" and choices:
            first = members(choices[0])
            message = members(first.get("message", Raw(b"{}")))
            content = self._notice.text + "\n\n" + text(message.get("content", _NONE))
            choice = _written({**first, "message": _raw({**message, "content": _encoded(content)})})
            return _written({**answer, "choices": _listed([choice, *map(bytes, choices[1:])])})
        return whole

    def _event(self, event: bytes) -> bytes:
        name, data = next(events(event), (b"", b""))
        told = members(Raw(data)) if data[:1] == b"{" else {}
        if not told:
            return event
        if self._dialect == "chat":
            return self._chat(event, told)
        kind = text(told.get("type", _NONE))
        if self._dialect == "messages":
            return self._messages(event, name, kind, told)
        return self._responses(event, name, kind, told)

    def _messages(self, event: bytes, name: bytes, kind: str, told: dict[str, Raw]) -> bytes:
        if kind == "message_start" and not self._done:
            self._done = True
            block = {"type": "text", "text": ""}
            delta = {"type": "text_delta", "text": self._notice.text}
            return event + b"".join(
                (
                    _named("content_block_start", index=0, content_block=block),
                    _named("content_block_delta", index=0, delta=delta),
                    _named("content_block_stop", index=0),
                )
            )
        if not self._done or not kind.startswith("content_block_"):
            return event
        return _sent(name, _moved(told, "index", 1))

    def _responses(self, event: bytes, name: bytes, kind: str, told: dict[str, Raw]) -> bytes:
        if kind == "response.created" and not self._done:
            self._done = True
            number = _number(told.get("sequence_number"))
            return event + b"".join(self._message(number))
        if not self._done:
            return event
        told = _moved(_moved(told, "output_index", 1), "sequence_number", _EVENTS)
        if kind in _OVER and "response" in told:
            response = members(told["response"])
            output = _before(response.get("output", Raw(b"[]")), self._item())
            told = {**told, "response": _raw({**response, "output": output})}
        return _sent(name, told)

    def _message(self, number: int) -> Iterator[bytes]:
        """The events of a message, from the sequence number before them."""
        at = {"item_id": self._notice.item, "output_index": 0, "content_index": 0}
        empty = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
        part = {**empty, "text": self._notice.text}
        begun = {**self._item(), "status": "in_progress", "content": []}
        told = (
            ("response.output_item.added", {"output_index": 0, "item": begun}),
            ("response.content_part.added", {**at, "part": empty}),
            ("response.output_text.delta", {**at, "delta": self._notice.text, "logprobs": []}),
            ("response.output_text.done", {**at, "text": self._notice.text, "logprobs": []}),
            ("response.content_part.done", {**at, "part": part}),
            ("response.output_item.done", {"output_index": 0, "item": self._item()}),
        )
        for offset, (kind, more) in enumerate(told, start=1):
            yield _named(kind, sequence_number=number + offset, **more)

    def _item(self) -> dict[str, object]:
        part = {"type": "output_text", "text": self._notice.text, "annotations": [], "logprobs": []}
        return {
            "id": self._notice.item,
            "type": "message",
            "status": "completed",
            "role": "assistant",
            "phase": "commentary",
            "content": [part],
        }

    def _chat(self, event: bytes, told: dict[str, Raw]) -> bytes:
        """After a first piece that only names the role; SDKs add up roles that come twice."""
        choices = items(told.get("choices", Raw(b"[]")))
        if self._done or not choices:
            return event
        self._done = True
        delta = members(members(choices[0]).get("delta", Raw(b"{}")))
        piece = {"index": 0, "delta": {"content": self._notice.text + "\n\n"}, "finish_reason": None}
        kept = {name: value for name, value in told.items() if name != "usage"}
        ours = _sent(b"", {**kept, "choices": _listed([msgspec.json.encode(piece)])})
        starts = "role" in delta and not text(delta.get("content", _NONE)) and "tool_calls" not in delta
        return event + ours if starts else ours + event


def _moved(told: dict[str, Raw], name: str, by: int) -> dict[str, Raw]:
    """An event whose number is higher by so much, where it has this number."""
    return {**told, name: _encoded(_number(told[name]) + by)} if name in told else told


def _number(raw: Raw | None) -> int:
    said = bytes(raw) if raw is not None else b""
    return int(said) if said.isdigit() else 0


def _before(listing: Raw, first: object) -> Raw:
    """A raw list with one more element at its beginning."""
    return _listed([msgspec.json.encode(first), *map(bytes, items(listing))])


def _listed(parts: list[bytes]) -> Raw:
    return Raw(b"[%b]" % b",".join(parts))


def _encoded(value: object) -> Raw:
    return Raw(msgspec.json.encode(value))


def _written(told: dict[str, Raw]) -> bytes:
    return msgspec.json.encode(told)


def _raw(told: dict[str, Raw]) -> Raw:
    return Raw(_written(told))


def _named(kind: str, **more: object) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), msgspec.json.encode({"type": kind, **more}))


def _sent(name: bytes, told: dict[str, Raw]) -> bytes:
    head = b"event: %b\n" % name if name else b""
    return b"%bdata: %b\n\n" % (head, _written(told))
