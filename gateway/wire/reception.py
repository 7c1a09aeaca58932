"""One request as it arrives: how far it has come, how much of it there is, and when that is too much.

Counts and keeps; it parses nothing. The parser hands over header lines whole, so a line that never ends would be collected
without a bound: what a read brought beyond body bytes is counted too.
"""

from gateway.wire.types import Head, Headers

LINE_COST = 32
"""Bytes a header line costs beyond its text, as HPACK counts them (RFC 7541 §4.1): many short lines are no cheaper."""
CHUNK_COST = 8
"""Bytes of framing granted for each byte of body: a chunk of one byte takes five more on the wire."""
SURPLUS_MAX = 64 * 1024 * 1024
"""A body over its bound is dropped up to here, so that a plain client hears why before it has sent it all in vain."""


class Reception:
    """The bounds of one connection and the request it is receiving."""

    __slots__ = (
        "_begun_now",
        "_body_max",
        "_framing",
        "_head_max",
        "_parts",
        "in_body",
        "missing",
        "oversized",
        "request",
        "size",
        "under_way",
        "upgrade",
    )

    def __init__(self, head_max: int, body_max: int) -> None:
        self._head_max = head_max
        self._body_max = body_max
        self.begin()
        self.under_way = False

    def begin(self) -> None:
        """A request starts to arrive."""
        self._parts: list[bytes] = []
        self._framing = 0
        self._begun_now = True
        self.under_way = True
        self.in_body = False
        self.request: Head | None = None
        """Known beforehand where the body comes past the parser."""
        self.missing = 0
        """Bytes of that body still to come."""
        self.size = 0
        """Bytes of body, also when they were too many to keep."""
        self.oversized = False
        self.upgrade = False
        """The head asks for a protocol we do not speak; it will be read again without that."""

    def head_complete(self, url: bytes, headers: Headers) -> None:
        """The head is here. Raises ValueError when it is too large."""
        self.in_body = True
        size = len(url) + LINE_COST * len(headers) + sum([len(name) + len(value) for name, value in headers])
        if size > self._head_max:
            self.oversized = True
            raise ValueError("the request head is too large")

    def announces_too_much(self, headers: Headers) -> bool:
        """Whether content-length exceeds the bound already; its size is then taken for the body's."""
        announced = next((int(value) for name, value in headers if name == b"content-length"), 0)
        if announced <= self._body_max:
            return False
        self.size = announced
        return True

    def body(self, part: bytes) -> bool:
        """Keep a piece of the body, or drop it all once it is too large. False: nobody needs to see the rest."""
        self.size += len(part)
        if self.size <= self._body_max:
            self._parts.append(part)
            return True
        self._parts = []
        return self.size <= self._body_max + SURPLUS_MAX

    def passed(self, size: int) -> None:
        """A piece of a body that somebody else keeps."""
        self.size += size

    def more(self, size: int) -> bool:
        """One read of `size` bytes is over. False when too much of this message was neither body nor its framing."""
        if self._begun_now:  # what came before the message in the same read is not its own
            self._begun_now = False
        else:
            self._framing += size
        return not self.under_way or self._framing - CHUNK_COST * self.size <= self._head_max

    def expect(self, request: Head) -> None:
        """A request begins whose head is known: its body follows, past the parser."""
        self.begin()
        self.in_body = True
        self.request = request
        self.size = self.missing = request.size

    def fill(self, data: bytes) -> bytes:
        """Keep what belongs to that body; gives back what comes behind it."""
        part = data[: self.missing]
        self._parts.append(part)
        self.missing -= len(part)
        if not self.missing:
            self.complete()
        return data[len(part) :]

    def complete(self) -> None:
        self.under_way = self.in_body = False

    def taken(self) -> bytes:
        """The body, handed over."""
        self.request = None
        parts = self._parts
        self._parts = []
        return parts[0] if len(parts) == 1 else b"".join(parts)
