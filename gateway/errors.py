"""Errors we originate, in the caller's own envelope. Upstream answers are never rewritten into these.

One table, every column stated for every kind: what a client does with an error depends on the words as much as on the
status (an OpenAI SDK obeys `x-should-retry` before any status rule; Claude Code retries a 401 for minutes without it).
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from gateway.wire.types import Headers
from routing.types import Dialect


class Kind(Struct, frozen=True):
    """How one kind of error looks to each family of callers."""

    status: int
    openai_type: str
    openai_code: str
    anthropic_type: str
    retry: bool
    """Whether the same request may succeed when sent again."""


KINDS: dict[str, Kind] = {
    "not_readable": Kind(400, "invalid_request_error", "bad_request_body", "invalid_request_error", False),
    "body_too_large": Kind(413, "invalid_request_error", "body_too_large", "request_too_large", False),
    "unsupported_encoding": Kind(415, "invalid_request_error", "unsupported_encoding", "invalid_request_error", False),
    "unknown_key": Kind(401, "authentication_error", "invalid_api_key", "authentication_error", False),
    "not_allowed": Kind(403, "permission_error", "model_not_allowed", "permission_error", False),
    "rule_refused": Kind(403, "permission_error", "refused_by_rule", "permission_error", False),
    "unknown_model": Kind(404, "invalid_request_error", "model_not_found", "not_found_error", False),
    "unknown_path": Kind(404, "invalid_request_error", "unknown_path", "not_found_error", False),
    "rule_asks": Kind(400, "invalid_request_error", "asked_by_rule", "billing_error", False),
    "cold_resume": Kind(400, "invalid_request_error", "cold_resume", "billing_error", False),
    "budget_spent": Kind(429, "insufficient_quota", "insufficient_quota", "billing_error", False),
    "rate_limited": Kind(429, "rate_limit_error", "rate_limit_exceeded", "rate_limit_error", True),
    "busy": Kind(503, "server_error", "server_is_overloaded", "overloaded_error", True),
    "draining": Kind(503, "server_error", "server_is_overloaded", "overloaded_error", True),
    "upstream_unreachable": Kind(502, "server_error", "upstream_unreachable", "api_error", True),
    "upstream_failed": Kind(502, "server_error", "upstream_failed", "api_error", True),
    "upstream_timeout": Kind(504, "server_error", "upstream_timeout", "api_error", True),
    "translation_failed": Kind(400, "invalid_request_error", "translation_failed", "invalid_request_error", False),
    "bug": Kind(500, "server_error", "internal_error", "api_error", False),
}
OVERLOADED_STATUS = 529
"""Anthropic's own status for overload, which its clients wait out."""
MESSAGE_MAX = 500


class Told(Struct, frozen=True):
    """What one program is told in place of the table's row, where it makes more of that."""

    status: int
    openai_type: str
    more: Mapping[str, Any] = {}
    """Members beside those of every error, in OpenAI's envelope."""
    headers: Headers = ()


class Refusal(Struct, frozen=True):
    """One error to be told: which kind, and a sentence for the person who will read it."""

    kind: str
    status: int
    message: str
    param: str | None = None
    retry_after_s: float | None = None
    told: Told | None = None

    @classmethod
    def of(
        cls,
        kind: str,
        message: str,
        param: str | None = None,
        retry_after_s: float | None = None,
        told: Told | None = None,
    ) -> "Refusal":
        """A refusal of a kind in the table; the message is bounded and made valid Unicode."""
        text = message[:MESSAGE_MAX].encode("utf-8", "replace").decode()
        status = KINDS[kind].status if told is None else told.status
        return cls(kind=kind, status=status, message=text, param=param, retry_after_s=retry_after_s, told=told)


class Refused(Exception):
    """A station says no; the line turns it into the caller's own error."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.kind)
        self.refusal = refusal


def answer(
    refusal: Refusal, dialect: Dialect, request_id: str
) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Status, headers and body of a refusal for a caller of this dialect. Framing headers are the adapter's."""
    kind = KINDS[refusal.kind]
    anthropic = dialect == "messages"
    overloaded = anthropic and kind.anthropic_type == "overloaded_error"
    lines = [
        (b"content-type", b"application/json"),
        (b"request-id" if anthropic else b"x-request-id", request_id.encode()),
        (b"x-should-retry", b"true" if kind.retry else b"false"),
    ]
    if refusal.retry_after_s is not None:
        lines.append((b"retry-after", b"%d" % max(1, round(refusal.retry_after_s))))
    if refusal.told is not None:
        lines += refusal.told.headers
    body = _anthropic(refusal, request_id) if anthropic else {"error": _openai(refusal)}
    return OVERLOADED_STATUS if overloaded else refusal.status, lines, msgspec.json.encode(body)


def stream_error(refusal: Refusal, dialect: Dialect, request_id: str, code: str = "server_error") -> bytes:
    """The last event of a stream that cannot go on, in the caller's grammar; `code` is what Responses clients go by."""
    if dialect == "messages":
        return b"event: error\ndata: %b\n\n" % msgspec.json.encode(_anthropic(refusal, request_id))
    if dialect == "chat":
        return b"data: %b\n\n" % msgspec.json.encode({"error": _openai(refusal)})
    failed = {
        "type": "response.failed",
        "response": {
            "id": f"resp_{request_id}",
            "object": "response",
            "status": "failed",
            "error": {"code": code, "message": refusal.message},
            "output": [],
            "usage": None,
        },
    }
    return b"event: response.failed\ndata: %b\n\n" % msgspec.json.encode(failed)


def _openai(refusal: Refusal) -> dict[str, Any]:
    kind = KINDS[refusal.kind]
    told = refusal.told
    type_ = kind.openai_type if told is None else told.openai_type
    error = {"message": refusal.message, "type": type_, "param": refusal.param, "code": kind.openai_code}
    return error if told is None else {**error, **told.more}


def _anthropic(refusal: Refusal, request_id: str) -> dict[str, Any]:
    error = {"type": KINDS[refusal.kind].anthropic_type, "message": refusal.message}
    return {"type": "error", "error": error, "request_id": request_id}
