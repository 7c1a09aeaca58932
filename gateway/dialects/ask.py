"""One request body, seen once: its top-level members as raw slices, and where each of them lies.

`read` is the only parse on the byte path. It validates the JSON in one linear pass (msgspec) and keeps every member as a
view of the client's bytes; nothing is decoded that nobody needs, and nothing is ever re-serialised. Edits are splices at
known offsets, so the upstream gets the client's own bytes with only the named values replaced.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
from msgspec import Raw, Struct

from routing.types import Dialect

Endpoint = Literal["chat", "responses", "messages", "count_tokens", "embeddings", "completions", "other"]

Edit = tuple[int, int, bytes]
"""Replace the bytes from start to end with these."""


class NotReadable(ValueError):
    """The body is not a JSON object this gateway can route; the message is fit for the client."""


class Ask(Struct, frozen=True):
    """A request body and a shallow view of it. Unknown members survive because the bytes are kept."""

    endpoint: Endpoint
    dialect: Dialect
    body: bytes
    fields: Mapping[str, Raw]
    walked: Mapping[str, tuple[int, int]] | None
    """Where each member's value lies; None for a body whose members follow each other without white space."""
    model: str
    stream: bool

    def span(self, name: str) -> tuple[int, int] | None:
        """Where the value of a top-level member begins and ends; None where there is no such member."""
        if self.walked is not None:
            return self.walked.get(name)
        position = 1
        for each, value in self.fields.items():
            start = position + len(each) + 3
            end = start + len(value)
            if each == name:
                return start, end
            position = end + 1
        return None


_members = msgspec.json.Decoder(dict[str, Raw])
_string = msgspec.json.Decoder(str)
_boolean = msgspec.json.Decoder(bool)
_array = msgspec.json.Decoder(list[Raw])

_OPEN = re.compile(rb"[ \t\r\n]*\{[ \t\r\n]*")
_KEY = re.compile(rb'"((?:[^"\\]|\\.)*)"[ \t\r\n]*:[ \t\r\n]*', re.DOTALL)
_NEXT = re.compile(rb"[ \t\r\n]*([,}])[ \t\r\n]*")


def read(body: bytes, endpoint: Endpoint, dialect: Dialect) -> Ask:
    """Parse a request body shallowly; raise `NotReadable` when it cannot be routed as it stands.

    Duplicate top-level members are refused: two readers could disagree about which of them counts.
    """
    try:
        fields = _members.decode(body)
    except msgspec.ValidationError:
        raise NotReadable("the request body must be a JSON object") from None
    except msgspec.DecodeError as error:
        raise NotReadable(f"the request body is not valid JSON: {error}") from None
    except (UnicodeDecodeError, UnicodeEncodeError):
        raise NotReadable("the request body is not valid UTF-8") from None
    except RecursionError:
        raise NotReadable("the request body is nested too deeply") from None
    return Ask(
        endpoint=endpoint,
        dialect=dialect,
        body=body,
        fields=fields,
        walked=None if _is_compact(body, fields) else _walked(body, fields),
        model=_model(fields),
        stream=_stream(fields),
    )


def splice(body: bytes, edits: Sequence[Edit]) -> bytes:
    """Apply edits (disjoint, in any order) to the bytes with one copy."""
    view = memoryview(body)
    parts: list[bytes | memoryview] = []
    position = 0
    for start, end, replacement in sorted(edits):
        parts += (view[position:start], replacement)
        position = end
    parts.append(view[position:])
    return b"".join(parts)


def items(raw: Raw) -> list[Raw]:
    """The elements of a raw JSON array, each still raw; empty when it is no array."""
    try:
        return _array.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return []


def text(raw: Raw) -> str:
    """The value of a raw JSON string; empty when it is none (lone surrogates included)."""
    try:
        return _string.decode(raw)
    except (msgspec.DecodeError, UnicodeError):
        return ""


def members(raw: Raw) -> dict[str, Raw]:
    """The members of a raw JSON object; empty when it is none."""
    try:
        return _members.decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return {}


def is_crossed(ask: Ask) -> bool:
    """Whether a chat request has a Responses body, as Cursor posts with its own key; it wants chat events back."""
    return ask.dialect == "chat" and "input" in ask.fields and "messages" not in ask.fields


def opening(raw: Raw, size: int = 1) -> bytes:
    """The first bytes of a raw value, without a copy of the rest."""
    return bytes(memoryview(raw)[:size])


def _is_compact(body: bytes, fields: dict[str, Raw]) -> bool:
    """Whether a body has no white space between members, as SDKs write it.

    Names and values take so many bytes and no fewer. If that is all there is, no member came twice, no name has an escape
    or another alphabet, and everything lies where the sum says.
    """
    return len(body) == sum(map(len, fields)) + sum(map(len, fields.values())) + 4 * len(fields) + 1


def _walked(body: bytes, fields: dict[str, Raw]) -> dict[str, tuple[int, int]]:
    """Offsets of every top-level value: the lengths are known from the parse, so only the keys are walked."""
    spans: dict[str, tuple[int, int]] = {}
    opening = _OPEN.match(body)
    assert opening is not None, "the parse accepted an object"
    position = opening.end()
    while (key := _KEY.match(body, position)) is not None:
        name = _string.decode(b'"%b"' % key[1])
        start = key.end()
        end = start + len(fields[name])
        after = _NEXT.match(body, end)
        if name in spans or after is None:
            raise NotReadable(f"the request body has the member {name!r} twice")
        spans[name] = (start, end)
        position = after.end()
        if after[1] == b"}":
            break
    return spans


def _model(fields: Mapping[str, Raw]) -> str:
    raw = fields.get("model")
    if raw is None:
        raise NotReadable("the request body has no 'model'")
    try:
        model = _string.decode(raw)
    except (msgspec.DecodeError, UnicodeError):
        raise NotReadable("'model' must be a string of valid Unicode") from None
    if not model or len(model) > 256:
        raise NotReadable("'model' must have 1 to 256 characters")
    return model


def _stream(fields: Mapping[str, Raw]) -> bool:
    raw = fields.get("stream")
    if raw is None or bytes(raw) == b"null":
        return False
    try:
        return _boolean.decode(raw)
    except msgspec.DecodeError:
        raise NotReadable("'stream' must be true or false") from None
