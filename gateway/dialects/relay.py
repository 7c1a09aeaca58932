"""An answer on its way back: the client gets its bytes, the meter sees the parts that carry usage.

An event stream is looked at event by event, not held: a read that ends on an event boundary, as nearly all do, passes as
the object it came as. Four things are changed, each only where it must be: the usage chunk nobody asked for is left
out, an `openai-model` that would alarm Codex names the model it asked for, a notice is put in for those who want it, and a
Responses stream that ends without its last word gets one from `gateway.errors`.
"""

import re
from typing import Protocol

import msgspec
from msgspec import Raw, Struct

from gateway.dialects.notice import Insertion
from gateway.dialects.sse import boundary, boundary_after, events
from gateway.metering.tally import Tally

EVENT_MAX = 8 * 1024 * 1024
"""One event larger than this is passed on unread; a base64 image stays below."""
BODY_MAX = 64 * 1024 * 1024
"""A whole answer larger than this is passed on unread and metered by estimate."""
_OPENAI_MODEL = re.compile(rb'("openai-model"\s*:\s*)"[^"]*"')
_LAST_WORD = re.compile(rb'"type"\s*:\s*"response\.(?:completed|failed|incomplete)"')
"""Inside a JSON string the quotes are escaped, so no text an answer quotes can look like this."""


class _Chunk(Struct):
    choices: list[Raw] | None = None
    usage: Raw = Raw(b"null")


_chunk = msgspec.json.Decoder(_Chunk)


class Relay(Protocol):
    """What the passage asks of an answer under way."""

    bytes_out: int
    events: int

    def take(self, data: bytes) -> bytes: ...

    def rest(self) -> bytes: ...


class BodyRelay:
    """A whole answer: passed on as it comes, kept by reference for the meter, read once at its end. With an insertion it is
    held until then."""

    __slots__ = ("_insertion", "_parts", "_tally", "bytes_out", "changes", "events")

    def __init__(self, tally: Tally | None, insertion: Insertion | None = None) -> None:
        self.bytes_out = 0
        self.events = 0
        self.changes = insertion is not None
        self._tally = tally
        self._insertion = insertion
        self._parts: list[bytes] = []

    def take(self, data: bytes) -> bytes:
        self.bytes_out += len(data)
        if self._insertion is not None:
            return self._held(data)
        if self._tally is not None and self.bytes_out <= BODY_MAX:
            self._parts.append(data)
        return data

    def rest(self) -> bytes:
        if not self._parts or self.bytes_out > BODY_MAX:
            return b""
        whole = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts = []
        if self._tally is not None:
            self._tally.body(whole)
        return self._insertion.body(whole) if self._insertion is not None else b""

    def _held(self, data: bytes) -> bytes:
        """Nothing until the end, when the whole answer can be changed; one that is too large goes as it is."""
        self._parts.append(data)
        if self.bytes_out <= BODY_MAX:
            return b""
        self._insertion = None
        held, self._parts = b"".join(self._parts), []
        return held


class StreamRelay:
    """An event stream. `hide_usage` leaves out the usage chunk; `show_model` (a JSON string) replaces `openai-model`; an
    insertion puts its notice in."""

    __slots__ = (
        "_blind", "_completed", "_hide", "_insertion", "_newest", "_pending", "_show", "_tally", "at_boundary",
        "bytes_out", "changes", "events",
    )  # fmt: skip

    def __init__(
        self, tally: Tally | None, hide_usage: bool, show_model: bytes | None, insertion: Insertion | None = None
    ) -> None:
        self.bytes_out = 0
        self.events = 0
        self.at_boundary = True
        self.changes = hide_usage or show_model is not None or insertion is not None
        """The client may get other bytes than came, so their length is not known beforehand."""
        self._tally = tally
        self._hide = hide_usage
        self._show = show_model
        self._insertion = insertion
        self._pending = bytearray()
        self._newest = b""
        self._completed = False
        self._blind = False

    @property
    def spoke_last(self) -> bool:
        """Whether a Responses stream has said its last word; taken for granted where an event was too large to read."""
        return self._completed or self._blind or _LAST_WORD.search(self._newest) is not None

    def take(self, data: bytes) -> bytes:
        """The client's share of these bytes."""
        self.bytes_out += len(data)
        if self._blind:
            return data
        if self.at_boundary and data.endswith(b"\n\n"):
            whole = data
        else:
            whole = self._gather(data)
            self.at_boundary = not self._pending
        if whole:
            if not whole.startswith(b":"):  # a comment is no event: nothing of ours may come before the vendor's first
                self.events += whole.count(b"\n\n") or 1
            self._newest = whole
        counts = b'"usage"' in whole
        if counts:
            self._meter(whole)
        return self._changed(whole, counts) if self.changes else data

    def _changed(self, whole: bytes, counts: bool) -> bytes:
        """What the client gets for complete events; `counts` says whether usage may be in them."""
        if self._hide and counts:
            whole = _without_usage(whole)
        if self._show is not None and b"openai-model" in whole:
            show = self._show
            whole = _OPENAI_MODEL.sub(lambda found: found[1] + show, whole)
        return self._insertion.stream(whole) if self._insertion is not None else whole

    def rest(self) -> bytes:
        """What was held back of an unfinished event; the vendor's last event may lack its blank line."""
        held = bytes(self._pending)
        self._pending.clear()
        self._newest = held or self._newest
        counts = b'"usage"' in held
        if counts:
            self._meter(held + b"\n\n")
        if not held or not self.changes:
            return b""
        if self._insertion is not None or (self._hide and counts):
            return self._changed(held + b"\n\n", counts)
        return held

    def _gather(self, data: bytes) -> bytes:
        """Complete events out of what is pending and what came; the remainder stays pending."""
        pending = self._pending
        seam = max(0, len(pending) - 3)  # a boundary is at most four bytes; what lies before has been searched
        pending += data
        end = boundary(bytes(memoryview(pending)[seam:]) if seam else bytes(pending))
        if end:
            end += seam
        elif len(pending) > EVENT_MAX:
            self._blind = True
            end = len(pending)
        whole = bytes(memoryview(pending)[:end])
        del pending[:end]
        return whole

    def _meter(self, whole: bytes) -> None:
        for _, data in events(whole):
            if b'"usage"' not in data:
                continue
            if self._tally is not None:
                self._tally.event(data)
            self._completed = self._completed or _LAST_WORD.search(data) is not None


def _without_usage(whole: bytes) -> bytes:
    """These events but for the final usage chunk (`choices: []` with a usage object)."""
    kept: list[bytes] = []
    position = 0
    while (end := boundary_after(whole, position)) > position:
        event = whole[position:end]
        if not _is_usage_chunk(event):
            kept.append(event)
        position = end
    return b"".join(kept) + whole[position:]


def _is_usage_chunk(event: bytes) -> bool:
    if b'"usage"' not in event:
        return False
    for _, data in events(event):
        try:
            chunk = _chunk.decode(data)
        except (msgspec.DecodeError, RecursionError):
            return False
        return chunk.choices == [] and bytes(chunk.usage) != b"null"
    return False
