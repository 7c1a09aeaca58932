"""One answer on its way to a client, as bytes: its head, then its body within the frame the head promised.

No transport: what these functions give is written by whoever holds one. A body that does not keep its promise never looks
whole, and never runs into the next answer.
"""

from gateway.wire import framing
from gateway.wire.types import Headers


class Overrun(ValueError):
    """More body than the head promised."""


class Delivery:
    """The framing of one answer. `method` is the request's; `old` clients speak HTTP/1.0."""

    __slots__ = ("_frame", "_left", "_method", "_old", "keep_alive")

    def __init__(self, method: bytes, old: bool, keep_alive: bool) -> None:
        self.keep_alive = keep_alive and not old
        self._method = method
        self._old = old
        self._frame: framing.Frame | None = None
        self._left: int | None = None

    def head(self, status: int, headers: Headers, length: int | None) -> bytes:
        """The head; `length` None means the end of the body is not known yet."""
        frame = self._frame = framing.frame(status, length, self._method, self._old)
        self._left = frame.length
        return framing.head(status, headers, frame, self.keep_alive)

    def body(self, data: bytes) -> bytes:
        """A piece of the body, never empty. Raises Overrun instead of giving more than was promised."""
        frame = self._frame
        assert frame is not None
        if frame.chunked:
            return framing.chunk(data)
        if frame.bare:
            return b""
        if self._left is not None:
            self._left -= len(data)
            if self._left < 0:
                raise Overrun(f"{-self._left} bytes too many")
        return data

    def end(self) -> bytes:
        """What ends the body."""
        return framing.CHUNK_END if self._frame is not None and self._frame.chunked else b""

    @property
    def short(self) -> bool:
        """Whether the head promised more than was given."""
        return bool(self._left)

    @property
    def open_ended(self) -> bool:
        """Whether only the way the connection ends can tell the client that the body is not whole."""
        return self._frame is None or not (self._frame.chunked or self._left)
