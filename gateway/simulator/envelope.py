"""What wraps an answer: response headers as the vendors send them, and errors in the vendor's own shape."""

from collections.abc import Mapping

from gateway.simulator.outline import encode
from gateway.simulator.prompt import Refused

Headers = list[tuple[bytes, bytes]]

_JSON = (b"content-type", b"application/json")
_SSE = (b"content-type", b"text/event-stream; charset=utf-8")
_ANTHROPIC_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    503: "overloaded_error",
    529: "overloaded_error",
}
_OPENAI_KINDS = {
    401: ("invalid_request_error", "invalid_api_key"),
    404: ("invalid_request_error", "not_found"),
    429: ("rate_limit_exceeded", "rate_limit_exceeded"),
    503: ("service_unavailable_error", "server_is_overloaded"),
}


def headers(asked: Mapping[bytes, bytes], path: str, request_id: str, streams: bool) -> Headers:
    """Headers of an answer to a request with the headers `asked`."""
    out: Headers = [_SSE if streams else _JSON]
    name = request_id.encode()
    if speaks_anthropic(asked, path):
        out += [(b"request-id", name), (b"anthropic-organization-id", b"org-simulated")]
    else:
        out += [(b"x-request-id", name), (b"openai-version", b"2020-10-01"), (b"openai-processing-ms", b"1")]
    if streams:
        out.append((b"cache-control", b"no-cache"))
    served = asked.get(b"x-simulate-openai-model")
    if served:
        out.append((b"openai-model", served))
    if path == "/v1/responses" and asked.get(b"originator", b"").startswith(b"codex"):
        out.append((b"x-codex-turn-state", asked.get(b"x-codex-turn-state") or b"turn-" + name))
    return out


def speaks_anthropic(asked: Mapping[bytes, bytes], path: str) -> bool:
    """Whether the caller expects Anthropic's shapes."""
    return path.startswith("/v1/messages") or b"anthropic-version" in asked


def error(asked: Mapping[bytes, bytes], path: str, request_id: str, refused: Refused) -> bytes:
    """The body of an error answer, in the envelope of the caller's dialect."""
    if speaks_anthropic(asked, path):
        kind = _ANTHROPIC_KINDS.get(refused.status, refused.kind)
        return encode(
            {"type": "error", "error": {"type": kind, "message": refused.message}, "request_id": request_id}
        )
    kind, code = _OPENAI_KINDS.get(refused.status, (refused.kind, None))
    return encode(
        {"error": {"message": refused.message, "type": kind, "param": None, "code": refused.code or code}}
    )
