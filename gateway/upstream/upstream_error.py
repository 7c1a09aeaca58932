"""An upstream's error that came through LiteLLM, told in the caller's own envelope."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from gateway.errors import Refusal, answer
from gateway.headers import retry_after_s
from gateway.wire.types import Ended, Headers
from routing.types import Dialect

NO_REASON = "the upstream gave no reason"
CAUSES_MAX = 10
"""How far a chain of exceptions is followed; LiteLLM's are four deep."""
_UNREACHED = frozenset(
    "ConnectError ConnectTimeout ConnectionRefusedError ClientConnectorError ClientConnectorDNSError "
    "ClientConnectorCertificateError ConnectionTimeoutError gaierror".split()
)
"""Names of errors that mean nothing was sent."""
_SILENT = frozenset("Timeout APITimeoutError ReadTimeout WriteTimeout PoolTimeout TimeoutError SocketTimeoutError".split())
_KINDS = {401: "unknown_key", 403: "not_allowed", 404: "unknown_model", 413: "body_too_large", 429: "rate_limited"}
_BUSY = frozenset((503, 529))
_TOO_LONG = ("prompt is too long", "context_length_exceeded", "maximum context length", "input is too long")
"""How vendors say that a prompt exceeds the model's window; clients compact when they recognise their own vendor's words."""


class UpstreamError(Exception):
    """What an upstream answered instead of what was asked: its status, words and code."""

    def __init__(self, status: int, message: str, code: str, retry_after_s: float | None) -> None:
        super().__init__(status)
        self.status = status
        self.message = message
        self.code = code
        self.retry_after_s = retry_after_s


def ended(error: BaseException) -> Ended:
    """How the attempt ended that raised this: `refused` only where nothing can have been sent."""
    names = {type(each).__name__ for each in _chain(error)}
    if names & _UNREACHED:
        return "refused"
    return "timeout" if names & _SILENT else "cut"


def upstreams_own(error: BaseException) -> UpstreamError | None:
    """The upstream's own error behind what LiteLLM raised; None where none was received.

    Only the HTTP client's exception is believed: LiteLLM guesses other statuses from the words (a 400 that speaks of rate
    limits becomes a 429) and makes some up where there was no answer.
    """
    for each in _chain(error):
        if type(each).__name__ == "HTTPStatusError":
            response: Any = getattr(each, "response", None)
            message, code = _words(response.content)
            return UpstreamError(response.status_code, message, code, retry_after_s(_lines(response.headers)))
    return None


def is_unsent(error: BaseException) -> bool:
    """Whether LiteLLM itself refused the request: there is a complaint, and neither an answer nor a silence behind it."""
    status = getattr(error, "status_code", 0)
    return isinstance(status, int) and 400 <= status < 500 and ended(error) == "cut" and upstreams_own(error) is None


def untranslatable(message: str, dialect: Dialect) -> tuple[int, Headers, bytes]:
    """Our own refusal, for a caller of this dialect."""
    return answer(Refusal.of("translation_failed", message), dialect, "")


def told(error: UpstreamError, dialect: Dialect) -> tuple[int, Headers, bytes]:
    """Status, headers and body for a caller of this dialect."""
    kind = _kind(error.status)
    too_long = error.status < 500 and any(mark in f"{error.code} {error.message}".lower() for mark in _TOO_LONG)
    message = error.message
    if too_long and dialect == "messages" and "prompt is too long" not in message:
        message = f"prompt is too long: {message}"
    refusal = Refusal.of(kind, message, retry_after_s=error.retry_after_s)
    status, headers, body = answer(msgspec.structs.replace(refusal, status=error.status), dialect, "")
    if dialect != "messages" and (too_long or error.code):
        envelope = msgspec.json.decode(body)
        envelope["error"]["code"] = "context_length_exceeded" if too_long else error.code
        body = msgspec.json.encode(envelope)
    return 503 if status == 529 and dialect != "messages" else status, headers, body


def _kind(status: int) -> str:
    if status in _BUSY:
        return "busy"
    return _KINDS.get(status) or ("not_readable" if status < 500 else "upstream_failed")


def _chain(error: BaseException) -> Iterator[BaseException]:
    at: BaseException | None = error
    for _ in range(CAUSES_MAX):
        if at is None:
            return
        yield at
        at = at.__cause__ or at.__context__


def _words(body: bytes) -> tuple[str, str]:
    """Message and code of an error body, in OpenAI's envelope or Anthropic's, or whatever text it is."""
    try:
        plain: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return body.decode("utf-8", "replace") or NO_REASON, ""
    inner = plain.get("error", plain) if isinstance(plain, Mapping) else plain
    if not isinstance(inner, Mapping):
        return str(inner), ""
    code = inner.get("code")
    return str(inner.get("message") or inner.get("type") or NO_REASON), code if isinstance(code, str) else ""


def _lines(headers: Any) -> Headers:
    return [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
