"""What LiteLLM is asked for each pair of dialects, and how its answers are written in the caller's own events.

Pure: bodies and values in, arguments and bytes out. What is lost on the way is in docs/reference/translation.md.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from gateway.dialects.edits import BILLING_MARK
from gateway.errors import Refusal, answer
from gateway.wire.types import Headers, Translate
from routing.types import Dialect

Call = Literal["acompletion", "aresponses", "messages"]

_BILLING = BILLING_MARK.decode()
_CARRIED = frozenset(
    (b"x-session-id", b"x-session-affinity", b"session-id", b"thread-id", b"x-client-request-id", b"x-pointsman-request-id")
)
"""Headers that steer an upstream's prompt cache; all others belong to the caller's dialect."""
_NOT_BRIDGED = frozenset(
    ("client_metadata", "store", "include", "prompt_cache_key", "prompt_cache_options", "previous_response_id")
)
"""Members of a Responses body that only OpenAI's own endpoint understands."""
_NOT_CHAT = frozenset(("diagnostics", "context_management", "mcp_servers", "container", "inference_geo", "speed"))
"""Members of a Messages body that only Anthropic's own endpoint understands."""
_KINDS = {401: "unknown_key", 403: "not_allowed", 404: "unknown_model", 413: "body_too_large", 429: "rate_limited"}


def arguments(translate: Translate, body: bytes, headers: Headers) -> tuple[Call, dict[str, Any]]:
    """Which of LiteLLM's calls carries this, and with what."""
    asked: dict[str, Any] = msgspec.json.decode(body)
    common: dict[str, Any] = {
        "model": translate.model,
        "custom_llm_provider": "anthropic" if translate.speaks == "messages" else "openai",
        "api_key": translate.key or "none",
        "api_base": _base(translate),
        "num_retries": 0,
        "max_retries": 0,
        "drop_params": True,
        "extra_headers": {name.decode(): value.decode("latin-1") for name, value in headers if name in _CARRIED},
    }
    if translate.dialect == "chat":
        if "messages" not in asked and "input" in asked:
            asked = {name: value for name, value in _hoisted(asked).items() if name not in _NOT_BRIDGED}
        if translate.stream:
            asked["stream_options"] = {"include_usage": True}
        return "acompletion", {**asked, **common}
    if translate.dialect == "responses":
        asked = _hoisted({name: value for name, value in asked.items() if name not in _NOT_BRIDGED})
        return "aresponses", {**asked, **common, "use_chat_completions_api": translate.speaks == "chat"}
    asked = {name: value for name, value in asked.items() if name not in _NOT_CHAT}
    return "messages", {**_without_billing(asked), **common}


def _base(translate: Translate) -> str:
    """LiteLLM adds `/v1/messages` for Anthropic and `/chat/completions` for all others."""
    return translate.base_url.removesuffix("/v1") if translate.speaks == "messages" else translate.base_url


def _without_billing(asked: dict[str, Any]) -> dict[str, Any]:
    """Claude Code's billing block differs per conversation: to anyone but Anthropic it only breaks prefix reuse."""
    system = asked.get("system")
    if isinstance(system, list) and system and _BILLING in str(system[0])[:200]:
        return {**asked, "system": system[1:]}
    return asked


def _hoisted(asked: dict[str, Any]) -> dict[str, Any]:
    """Codex for GPT-6 puts its tools into the input; chat has them at the top, without namespaces or grammars."""
    items = asked.get("input")
    tools = list(asked.get("tools") or [])
    if isinstance(items, list):
        for item in items:
            if isinstance(item, dict) and item.get("type") == "additional_tools":
                tools += item.get("tools") or []
        asked = {**asked, "input": [item for item in items if not _is_tools(item)]}
    flat = [tool for tool in _flat(tools) if tool.get("type") == "function"]
    return {**asked, "tools": flat} if tools else asked


def _is_tools(item: object) -> bool:
    return isinstance(item, dict) and item.get("type") == "additional_tools"


def _flat(tools: list[Any]) -> Iterator[dict[str, Any]]:
    for tool in tools:
        if isinstance(tool, dict) and tool.get("type") == "namespace":
            yield from (inner for inner in tool.get("tools") or [] if isinstance(inner, dict))
        elif isinstance(tool, dict):
            yield tool


def whole(said: Any) -> bytes:
    """A whole answer as the caller's JSON."""
    return msgspec.json.encode(_plain(said))


def event(said: Any, dialect: Dialect) -> bytes:
    """One event of a stream as the caller's dialect writes it."""
    if isinstance(said, bytes):
        return said
    plain = _plain(said)
    data = msgspec.json.encode(plain)
    if dialect == "chat":
        return b"data: %b\n\n" % data
    return b"event: %b\ndata: %b\n\n" % (str(plain.get("type", "")).encode(), data)


def last(dialect: Dialect) -> bytes:
    """What ends a stream; only chat has a word for it."""
    return b"data: [DONE]\n\n" if dialect == "chat" else b""


def refused(status: int, message: str, dialect: Dialect, retry_after_s: float | None) -> tuple[int, Headers, bytes]:
    """The upstream's error in the caller's own envelope."""
    kind = _KINDS.get(status) or ("not_readable" if 400 <= status < 500 else "upstream_failed")
    refusal = msgspec.structs.replace(Refusal.of(kind, message, retry_after_s=retry_after_s), status=status)
    return answer(refusal, dialect, "")


def _plain(said: Any) -> dict[str, Any]:
    """Plain values of what LiteLLM gives: models of its own, or dictionaries."""
    if isinstance(said, Mapping):
        return dict(said)
    plain: dict[str, Any] = said.model_dump(mode="json", exclude_none=True)
    return plain
