"""HTTP/1.1 as it goes to the client: status lines, heads, chunks."""

import http

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


def head(status: int, headers: Headers, length: int | None, keep_alive: bool) -> bytes:
    """An answer's head with its framing: a length where it is known, chunks where it is not."""
    lines = [STATUS_LINES.get(status, b"HTTP/1.1 %d \r\n" % status)]
    lines += [b"%b: %b\r\n" % line for line in headers]
    if length is not None:
        lines.append(b"content-length: %d\r\n" % length)
    elif status not in (204, 304):
        lines.append(b"transfer-encoding: chunked\r\n")
    if not keep_alive:
        lines.append(b"connection: close\r\n")
    lines.append(b"\r\n")
    return b"".join(lines)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)
