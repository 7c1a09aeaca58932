"""Event streams, cut into events (WHATWG HTML §9.2.6): only line feed and carriage return end a line.

Text may hold U+2028 and its like; general "splitlines" functions tear events apart there, which has broken several clients.
"""

import re
from collections.abc import Iterator

_BOUNDARY = re.compile(rb"\n\n|\r\r|\n\r\n|\r\n\r\n|\n\r(?!\n)|\r\n\n")
"""Two line ends in a row, in any mixture of the three that the standard allows."""
_LINE_END = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"

KEEPALIVE = {
    "messages": b'event: ping\ndata: {"type": "ping"}\n\n',
    "responses": b'data: {"type":"keepalive"}\n\n',
    "chat": b": keep-alive\n\n",
}
"""What keeps each kind of client waiting: Codex counts only data events as life, AI-SDK clients on chat die of unknown
chunks but take comments, Anthropic's own servers send pings."""


def boundary(data: bytes) -> int:
    """The index just after the last complete event, 0 when there is none.

    A trailing carriage return is left for later: it may be half of a line end.
    """
    if data.endswith(b"\n\n"):
        return len(data)
    end = 0
    limit = len(data) - 1 if data.endswith(b"\r") else len(data)
    for found in _BOUNDARY.finditer(data, 0, limit):
        end = found.end()
    return end


def boundary_after(whole: bytes, position: int) -> int:
    """The end of the first complete event at or after `position`, or `position` when there is none."""
    found = [at + len(mark) for mark in (b"\n\n", b"\r\n\r\n", b"\r\r") if (at := whole.find(mark, position)) >= 0]
    return min(found, default=position)


def events(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The complete events in these bytes: name (empty for the default) and data, its lines joined by line feeds.

    Comments and events without data are left out, as the standard asks.
    """
    name = b""
    lines: list[bytes] = []
    for line in _LINE_END.split(data.removeprefix(_BOM)):
        if not line:
            if lines:
                yield name, b"\n".join(lines)
            name, lines = b"", []
            continue
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            lines.append(value)
        elif field == b"event":
            name = value
