"""What an upstream said, one chunk or one whole answer at a time, free of the dialect it came in.

LiteLLM gives chat completions whatever the upstream speaks; here they become values the writers share
(`write_chat`, `write_messages`, `write_responses`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

Object = Mapping[str, Any]
_NONE: Object = {}


class Unwritable(Exception):
    """The upstream's answer cannot be told in the caller's dialect; it ends here, as one that broke off."""


class Thought(Struct, frozen=True):
    """A piece of reasoning. A signature or sealed data ends the block it belongs to: what follows is another."""

    text: str = ""
    signature: str = ""
    sealed: str = ""
    """Reasoning that only its provider can read (Anthropic's redacted thinking)."""


class CallPart(Struct, frozen=True):
    """A piece of a tool call; `id` and `name` come with its first."""

    place: int
    id: str = ""
    name: str = ""
    arguments: str = ""


class Said(Struct, frozen=True):
    """One chunk, or a whole answer. Within a chunk reasoning comes before text, text before tool calls."""

    model: str = ""
    thoughts: tuple[Thought, ...] = ()
    text: str = ""
    calls: tuple[CallPart, ...] = ()
    stop: str = ""
    """Why the answer ended, as chat says it (`stop`, `length`, `tool_calls`, `content_filter`); empty before its end."""
    usage: Object | None = None
    """As chat says it. None where the upstream reported nothing: never a guess, never zeros."""


def said(plain: Object) -> Said:
    """What one chat chunk or completion says. Anything of a wrong type counts as unsaid."""
    choice = _first(plain.get("choices"))
    part = _object(choice.get("delta")) or _object(choice.get("message"))
    return Said(
        model=_text(plain.get("model")),
        thoughts=_thoughts(part),
        text=_text(part.get("content")) or _text(part.get("refusal")),
        calls=tuple(_call(call, place) for place, call in enumerate(_objects(part.get("tool_calls")))),
        stop=_text(choice.get("finish_reason")),
        usage=_reported(plain.get("usage")),
    )


def _thoughts(part: Object) -> tuple[Thought, ...]:
    blocks = [
        Thought(_text(block.get("thinking")), _text(block.get("signature")), _text(block.get("data")))
        for block in _objects(part.get("thinking_blocks"))
    ]
    if not blocks:
        blocks = [Thought(_text(part.get("reasoning_content")) or _text(part.get("reasoning")))]
    return tuple(block for block in blocks if block.text or block.signature or block.sealed)


def _call(call: Object, place: int) -> CallPart:
    named = _object(call.get("function"))
    given = call.get("index")
    return CallPart(
        place=given if isinstance(given, int) else place,
        id=_text(call.get("id")),
        name=_text(named.get("name")),
        arguments=_text(named.get("arguments")),
    )


def _reported(usage: object) -> Object | None:
    """LiteLLM puts zeros where an upstream reported nothing; no real answer used nothing."""
    if not isinstance(usage, Mapping):
        return None
    return usage if usage.get("prompt_tokens") or usage.get("completion_tokens") or usage.get("total_tokens") else None


class Calls:
    """The tool calls of one answer in the order they began, whatever an upstream makes of their indexes."""

    def __init__(self) -> None:
        self.made: list[CallPart] = []
        """Each call as far as it is known; `place` is its position here."""
        self._at: dict[int, int] = {}
        self._arguments: list[list[str]] = []

    def take(self, part: CallPart) -> tuple[CallPart, bool]:
        """The part with its position, and whether a call begins with it."""
        position = self._at.get(part.place)
        if position is None or (part.id and self.made[position].id != part.id):  # some upstreams give every call index 0
            position = len(self.made)
            self._at[part.place] = position
            begun = CallPart(place=position, id=part.id or f"call_{position}", name=part.name)
            self.made.append(begun)
            self._arguments.append([part.arguments])
            return msgspec.structs.replace(begun, arguments=part.arguments), True
        self._arguments[position].append(part.arguments)
        return msgspec.structs.replace(self.made[position], arguments=part.arguments), False

    def arguments(self, position: int) -> str:
        """All that came of one call's arguments."""
        return "".join(self._arguments[position])


def _first(choices: object) -> Object:
    return next(iter(_objects(choices)), _NONE)


def _object(value: object) -> Object:
    return value if isinstance(value, Mapping) else _NONE


def _objects(value: object) -> Sequence[Object]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list | tuple) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
