"""Which path speaks which dialect, and whose error envelope its caller reads."""

from collections.abc import Collection, Mapping

from gateway.dialects.ask import Ask, Endpoint, is_crossed
from routing.types import Dialect

_ENDPOINTS: Mapping[str, tuple[Endpoint, Dialect]] = {
    "/v1/chat/completions": ("chat", "chat"),
    "/v1/responses": ("responses", "responses"),
    "/v1/messages": ("messages", "messages"),
    "/v1/messages/count_tokens": ("count_tokens", "messages"),
    "/v1/embeddings": ("embeddings", "chat"),
    "/v1/completions": ("completions", "chat"),
}

TRANSLATED: frozenset[str] = frozenset(("chat", "responses", "messages"))
"""Endpoints that can reach an upstream of another dialect; the others need one that speaks them."""

NAMED: frozenset[str] = frozenset(("responses", "other"))
"""Endpoints whose answers are named again by their id: in a path, or as the response that is continued."""

TRANSLATABLE: frozenset[str] = frozenset(("chat", "messages"))
"""Dialects an upstream must speak one of to be reached from another."""


def endpoint_of(method: str, path: str, first: Mapping[bytes, bytes]) -> tuple[Endpoint, Dialect]:
    """The endpoint of a request and the dialect of its caller; `other` passes through to whoever owns it."""
    if method == "POST" and (found := _ENDPOINTS.get(path)) is not None:
        return found
    if b"anthropic-version" in first or path.startswith("/v1/messages"):
        return "other", "messages"
    return "other", "responses" if path.startswith("/v1/responses") else "chat"


def must_translate(ask: Ask, spoken: Collection[str]) -> bool:
    """Whether an upstream that speaks these dialects can only be reached with this request in other words."""
    return ask.endpoint in TRANSLATED and (ask.endpoint not in spoken or is_crossed(ask))
