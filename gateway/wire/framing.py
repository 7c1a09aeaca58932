"""HTTP/1.1 as it goes to the client: status lines, heads, chunks."""

import http

from msgspec import Struct

from gateway.wire.types import Headers

STATUS_LINES: dict[int, bytes] = {
    status: b"HTTP/1.1 %d %b\r\n"
    % (status, http.HTTPStatus(status).phrase.encode() if status in http.HTTPStatus._value2member_map_ else b"")
    for status in range(100, 600)
}
CHUNK_END = b"0\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)
"""Headers that speak of one connection, not of the message (RFC 9110 §7.6.1)."""


class Frame(Struct, frozen=True):
    """How one answer's body is delimited."""

    lines: tuple[tuple[bytes, bytes], ...]
    """The header lines that say so."""
    chunked: bool = False
    bare: bool = False
    """No body at all, whatever its headers say: HEAD, 204, 304 (RFC 9112 §6.3)."""
    length: int | None = None
    """Bytes that must follow; None where the end of the chunks or of the connection tells."""


def frame(status: int, length: int | None, method: bytes, old: bool) -> Frame:
    """The framing of an answer; `old` clients speak HTTP/1.0 and know no chunks (proxies still do, nginx among them)."""
    known = () if length is None else ((b"content-length", b"%d" % length),)
    if method == b"HEAD" or status in (204, 304):
        return Frame(lines=() if status == 204 else known, bare=True)
    if length is not None:
        return Frame(lines=known, length=length)
    if old:
        return Frame(lines=())
    return Frame(lines=((b"transfer-encoding", b"chunked"),), chunked=True)


def head(status: int, headers: Headers, framed: Frame, keep_alive: bool) -> bytes:
    """An answer's head, with its framing."""
    lines = [*headers, *framed.lines]
    if not keep_alive:
        lines.append((b"connection", b"close"))
    return block(STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status, lines)


def block(first: bytes, headers: Headers) -> bytes:
    """A head on the wire. No header can start a line of its own: stray CR and LF become spaces (RFC 9110 §5.5)."""
    lines = [first[:-2], *map(b": ".join, headers)]
    said = b"".join(lines)
    if b"\n" in said or b"\r" in said:
        lines = [one_line(line) for line in lines]
    lines += (b"", b"")
    return b"\r\n".join(lines)


def one_line(text: bytes) -> bytes:
    """Text without anything that would end a header line."""
    return text.replace(b"\r", b" ").replace(b"\n", b" ")


def chunk(data: bytes) -> bytes:
    """One chunk. Never empty: an empty chunk would end the body."""
    assert data
    return b"%x\r\n%b\r\n" % (len(data), data)
