"""What a request's body gives away about the agent that wrote it: single members and bounded edges, never the whole.

Edges are searched for JSON members with their quotes. Inside a JSON string quotes are escaped, so what somebody merely
wrote about such a member is not mistaken for one.
"""

from collections.abc import Mapping

import msgspec
from msgspec import Raw, Struct

from gateway.dialects.ask import Ask, members, text

EDGE_BYTES = 400
"""Of a value's beginning or end: where agents put their marks, with room for what stands before them."""

_NO_STRING = Raw(b'""')
_NO_OBJECT = Raw(b"{}")
_ANSWERED = (b'"role":"assistant"', b'"role": "assistant"')


class CodexTurn(Struct, frozen=True):
    """Codex's `x-codex-turn-metadata`, as far as it is used (Codex 0.169)."""

    thread_id: str | None = None
    session_id: str | None = None
    parent_thread_id: str | None = None
    forked_from_thread_id: str | None = None
    request_kind: str | None = None
    history_initialization: str | None = None
    thread_source: str | None = None
    subagent_kind: str | None = None
    window_number: int | None = None


class _ClaudeUser(Struct):
    session_id: str | None = None


_turn = msgspec.json.Decoder(CodexTurn)
_claude_user = msgspec.json.Decoder(_ClaudeUser)
_NO_TURN = CodexTurn()


def codex_turn(said: bytes) -> CodexTurn:
    """The turn's facts; without any where these bytes are not what Codex writes."""
    if not said:
        return _NO_TURN
    try:
        return _turn.decode(said)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return _NO_TURN


def codex_told(ask: Ask) -> Mapping[str, str]:
    """What Codex repeats in the body of what it says in headers; on a socket it says it only there."""
    told = members(ask.fields.get("client_metadata", _NO_OBJECT))
    return {name: found for name, raw in told.items() if (found := text(raw))}


def claude_session(ask: Ask) -> str:
    """Claude Code's session in `metadata.user_id`: a JSON text, or before 2.1 a name that ends in `_session_<id>`."""
    said = metadata_user(ask)
    if not said.startswith("{"):
        return said.partition("_session_")[2]
    try:
        return _claude_user.decode(said.encode()).session_id or ""
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return ""


def metadata_user(ask: Ask) -> str:
    """`metadata.user_id` of the messages dialect."""
    return text(members(ask.fields.get("metadata", _NO_OBJECT)).get("user_id", _NO_STRING))


def is_claude_subagent(ask: Ask) -> bool:
    """Whether Claude Code's first system block calls this a sub-agent's request."""
    return b"cc_is_subagent=true" in _beginning(ask, "system")


def offers_no_tools(ask: Ask) -> bool:
    """Whether the model is offered nothing to call, neither in `tools` nor as Codex's first input item."""
    if b'"additional_tools"' in _beginning(ask, "input"):
        return False
    tools = ask.fields.get("tools")
    return tools is None or bytes(memoryview(tools)[:EDGE_BYTES]).strip(b"[] \t\r\n") in (b"", b"null")


def was_answered(ask: Ask) -> bool:
    """Whether the request carries an earlier answer: one linear search, meant for requests without tools."""
    span = ask.span("input" if ask.dialect == "responses" else "messages")
    return span is not None and any(ask.body.find(mark, *span) >= 0 for mark in _ANSWERED)


def ends_in_compaction(ask: Ask) -> bool:
    """Whether the newest input item is the one by which Codex asks its provider to compact the thread."""
    span = ask.span("input")
    return span is not None and b'"compaction_trigger"' in ask.body[max(span[0], span[1] - EDGE_BYTES) : span[1]]


def names_schema(ask: Ask, name: bytes) -> bool:
    """Whether the responses dialect's text format is called so."""
    span = ask.span("text")
    return span is not None and ask.body.find(b'"%b"' % name, *span) >= 0


def begins_with(ask: Ask, mark: bytes) -> bool:
    """Whether the first message has these bytes near its beginning."""
    return mark in _beginning(ask, "messages")


def _beginning(ask: Ask, name: str) -> bytes:
    span = ask.span(name)
    return ask.body[span[0] : min(span[1], span[0] + EDGE_BYTES)] if span is not None else b""
