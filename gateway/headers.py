"""Which headers cross the gateway, in each direction."""

from email.utils import parsedate_to_datetime

from gateway.wire.framing import HOP_BY_HOP
from gateway.wire.types import Head, Headers

_NOT_UPSTREAM = HOP_BY_HOP | frozenset(
    (
        b"host",
        b"content-length",
        b"content-encoding",
        b"accept-encoding",
        b"authorization",
        b"x-api-key",
        b"cookie",
        b"expect",
        b"forwarded",
    )
)
"""The client's credentials are for us, its body is decoded here, and the meter must be able to read the answer."""
_NOT_CLIENT = HOP_BY_HOP | frozenset((b"content-length", b"set-cookie", b"openai-organization", b"openai-project"))
"""Cookies and account names belong to the key all teams share."""
_OURS = b"x-pointsman-"
_KEPT_HERE = (_OURS, b"x-forwarded-")
_ACCOUNTS = (_OURS, b"x-codex-primary-", b"x-codex-secondary-", b"x-codex-credits-", b"anthropic-ratelimit-unified-")
"""Besides our own, how far the limits of the shared key are used: a caller has budgets of its own."""


def upstream(head: Head, credentials: Headers, request_id: str) -> list[tuple[bytes, bytes]]:
    """What the upstream gets: the lines that cross, our credentials, and what the request is called here."""
    letterhead = head.letterhead
    lines = letterhead.lines if letterhead is not None else None
    if lines is None:
        lines = _crossing(head)
        if letterhead is not None:
            letterhead.lines = lines
    return [*lines, *credentials, (b"accept-encoding", b"identity"), (b"x-pointsman-request-id", request_id.encode())]


def _crossing(head: Head) -> Headers:
    """The client's own headers, session and beta flags verbatim.

    Headers of one connection stay here, those it names itself included (RFC 9110 §7.6.1), and so does whatever speaks
    of the network behind us.
    """
    kept_here = _NOT_UPSTREAM
    if b"connection" in head.first:
        named = [value for name, value in head.headers if name == b"connection" and value not in (b"keep-alive", b"close")]
        kept_here = kept_here.union(word.strip().lower() for value in named for word in value.split(b","))
    return [line for line in head.headers if (name := line[0]) not in kept_here and not name.startswith(_KEPT_HERE)]


def client(upstream_lines: Headers, asked: str) -> tuple[list[tuple[bytes, bytes]], int | None]:
    """What the client gets of the upstream's head, and the body's length where it is known.

    `asked` is the model the client asked for where the gateway chose another, else empty. `openai-model` then says what
    was asked: Codex takes any other for a sign that its account was flagged.
    """
    lines: list[tuple[bytes, bytes]] = []
    length: int | None = None
    for line in upstream_lines:
        name, value = line
        if name == b"content-length" and value.isdigit():
            length = int(value)
        elif name == b"openai-model" and asked:
            lines.append((name, safe(asked)))
        elif name not in _NOT_CLIENT and not name.startswith(_ACCOUNTS):
            lines.append(line)
    return lines, length


def retry_after_s(lines: Headers) -> float | None:
    """How long an upstream asks us to wait, in seconds: `retry-after-ms`, else `retry-after` as a number.

    A date (RFC 9110 §10.2.3) is taken as "long": nothing here knows the time, and no vendor sends one.
    """
    found: dict[bytes, bytes] = dict(lines)
    for name, scale in ((b"retry-after-ms", 0.001), (b"retry-after", 1.0)):
        value = found.get(name)
        if value is None:
            continue
        try:
            seconds = float(value) * scale
        except ValueError:
            return LONG_S if _is_date(value) else None
        return seconds if 0 <= seconds < float("inf") else None
    return None


LONG_S = 3600.0


def _is_date(value: bytes) -> bool:
    try:
        parsedate_to_datetime(value.decode("ascii", "replace"))
    except ValueError:
        return False
    return True


def safe(text: str, longest: int = 200) -> bytes:
    """Text as a header value: printable ASCII, so many characters at most; anything else becomes a question mark."""
    if text.isascii() and text.isprintable():
        return text[:longest].encode()
    return bytes(code if 32 <= code < 127 else 63 for code in text[:longest].encode("ascii", "replace"))
