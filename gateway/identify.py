"""Who asks: team, user, client, thread, agent kind. Headers first, then a few members of the body, else the pipeline's own
chain of what was said.

The order of the rules follows what clients were seen to send: our own headers, Codex, Claude Code, session headers that
several share, ids in the body, a cache key. The rule that named the thread is recorded. Codex's sub-agents share session
and cache key with their parent, so neither ever names a thread where something better is there.
"""

from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b

import msgspec
from msgspec import Raw, Struct

from gateway.dialects.ask import Ask, members, opening, text
from gateway.wire.types import Head
from routing.types import AgentKind

TEXT_MAX = 200
"""Characters kept of a name a client chose; longer ids are replaced by their digest, so that they stay apart."""
TAIL_BYTES = 400
"""Of the input's end, where Codex puts its compaction trigger."""

_CLAUDE_CLASSES: Mapping[bytes, AgentKind] = {
    b"main": "main",
    b"subagent": "subagent",
    b"workflow": "subagent",
    b"compaction": "compaction",
    b"auxiliary": "auxiliary",
    b"side_reply": "auxiliary",
}
"""`x-claude-code-request-class`, sent with CLAUDE_CODE_GATEWAY_HINT_HEADERS=1."""
_CODEX_LABELS: Mapping[str, AgentKind] = {"compact": "compaction", "memory_consolidation": "auxiliary"}
"""`x-openai-subagent`; any other label is a sub-agent's."""
_SESSION_HEADERS = (b"x-session-id", b"x-session-affinity", b"session_id", b"x-task-id", b"x-roo-task-id")
_TOOLLESS_IS_AUXILIARY = frozenset(("claude-code", "opencode"))
"""Agents that offer tools on every turn of a person; without any it is a title, a topic or a quota check."""
_FAMILIES = (
    ("codex", "codex"),
    ("claude-cli", "claude-code"),
    ("claude-code", "claude-code"),
    ("opencode", "opencode"),
    ("qwencode", "qwen-code"),
    ("geminicli", "gemini-cli"),
    ("roocode", "roo-code"),
    ("crush", "crush"),
    ("aider", "aider"),
    ("ls/js", "continue"),
    ("openai/python", "openai-python"),
    ("asyncopenai/python", "openai-python"),
    ("openai/js", "openai-js"),
    ("anthropic/python", "anthropic-python"),
    ("asyncanthropic/python", "anthropic-python"),
    ("anthropic/js", "anthropic-js"),
    ("ai-sdk", "ai-sdk"),
    ("curl", "curl"),
    ("python-httpx", "python-httpx"),
    ("python-requests", "python-requests"),
)
"""How a user agent begins, in lower case, and whose it is."""


class Caller(Struct, frozen=True):
    """Who a request comes from."""

    team: str
    user: str = ""
    client: str = "unknown"
    client_version: str = ""
    session: str = ""
    thread: str = ""
    """Empty where the client names none: the pipeline then goes by what was said."""
    parent: str = ""
    agent: AgentKind = "main"
    rule: str = "none"
    """Which rule named the thread: `own_header`, `codex`, `claude_code`, `session_header`, `body_id`, `cache_key`,
    `previous_response`, `content_chain`, or `none`."""
    request_kind: str = ""
    """Codex: `turn`, `compaction`, `prewarm` and others; Claude Code: its request class."""
    window_number: int = 0
    """Codex: how often the thread was compacted."""
    resume: str = ""
    """Codex: `new`, `cold_resume`, `cold_fork`, `warm_fork`."""
    forked_from: str = ""
    continues: str = ""
    """Id of the response this request continues."""


class _Turn(Struct):
    """Codex's `x-codex-turn-metadata`, as far as it is used."""

    thread_id: str = ""
    session_id: str = ""
    parent_thread_id: str = ""
    forked_from_thread_id: str = ""
    request_kind: str = ""
    history_initialization: str = ""
    thread_source: str = ""
    subagent_kind: str = ""
    window_number: int = 0


class _ClaudeUser(Struct):
    session_id: str = ""


_turn = msgspec.json.Decoder(_Turn)
_claude_user = msgspec.json.Decoder(_ClaudeUser)
_NO_TURN = _Turn()
_NONE = Raw(b'""')


def identify(head: Head, ask: Ask, team: str) -> Caller:
    """The caller of a request whose team is known. Reads headers and single members of the body; never raises."""
    first = head.first
    client, version = client_of(first.get(b"user-agent", b""), first.get(b"originator", b""), b"x-initiator" in first)
    if b"x-pointsman-thread" in first:
        caller = Caller(team=team, thread=_id(first[b"x-pointsman-thread"]), rule="own_header")
    elif client == "codex":
        caller = _codex(first, ask, team)
    elif client == "claude-code" or b"x-claude-code-session-id" in first:
        caller = _claude_code(first, ask, team)
    else:
        caller = _by_header(first, ask, team) or _by_body(ask, team)
    agent = caller.agent
    if agent == "main" and client in _TOOLLESS_IS_AUXILIARY and _offers_no_tools(ask):
        agent = "auxiliary"
    thread, parent = caller.thread, caller.parent
    if agent in ("auxiliary", "compaction") and thread:
        thread, parent = f"{thread}/{agent}", thread
    own_session = first.get(b"x-pointsman-session")
    return Caller(
        team=team,
        user=_user(first, ask),
        client=client,
        client_version=version,
        session=_id(own_session) if own_session else caller.session or parent or thread,
        thread=thread,
        parent=parent,
        agent=agent,
        rule=caller.rule,
        request_kind=caller.request_kind,
        window_number=caller.window_number,
        resume=caller.resume,
        forked_from=caller.forked_from,
        continues=_member(ask.fields, "previous_response_id") if caller.rule in ("cache_key", "content_chain") else "",
    )


def _codex(first: Mapping[bytes, bytes], ask: Ask, team: str) -> Caller:
    """Codex names its thread itself, in headers since 0.126, in the body on a socket, by `session_id` before."""
    turn = _turn_of(first, ask)
    thread = _id(first.get(b"thread-id", b"")) or _text(turn.thread_id)
    rule = "codex"
    if not thread:
        thread = _id(first.get(b"session_id", b"") or first.get(b"conversation_id", b""))
    if not thread:
        found = _by_header(first, ask, team) or _by_body(ask, team)
        thread, rule = found.thread, found.rule
    label = _value(first.get(b"x-openai-subagent", b""))
    return Caller(
        team=team,
        session=_id(first.get(b"session-id", b"")) or _text(turn.session_id),
        thread=thread,
        parent=_id(first.get(b"x-codex-parent-thread-id", b"")) or _text(turn.parent_thread_id),
        agent=_codex_agent(turn, label, ask),
        rule=rule,
        request_kind=_text(turn.request_kind),
        window_number=turn.window_number if 0 <= turn.window_number < 1_000_000 else 0,
        resume=_text(turn.history_initialization),
        forked_from=_text(turn.forked_from_thread_id),
    )


def _codex_agent(turn: _Turn, label: str, ask: Ask) -> AgentKind:
    if turn.request_kind == "compaction" or _ends_in_compaction(ask):
        return "compaction"
    if label:
        return _CODEX_LABELS.get(label, "subagent")
    if turn.thread_source == "subagent" or turn.subagent_kind:
        return "subagent"
    return "main" if turn.thread_source in ("", "user") else "auxiliary"


def _claude_code(first: Mapping[bytes, bytes], ask: Ask, team: str) -> Caller:
    """One session holds a main thread and one for each sub-agent."""
    session = _id(first.get(b"x-claude-code-session-id", b"")) or _claude_session(ask)
    agent_id = _id(first.get(b"x-claude-code-agent-id", b""))
    kind = first.get(b"x-claude-code-request-class", b"")
    agent = _CLAUDE_CLASSES.get(kind)
    if agent is None:
        agent = "subagent" if agent_id or _is_claude_subagent(ask) else "main"
    if not session:
        found = _by_header(first, ask, team) or _by_body(ask, team)
        return Caller(team=team, thread=found.thread, agent=agent, rule=found.rule, request_kind=_value(kind))
    above = _id(first.get(b"x-claude-code-parent-agent-id", b""))
    return Caller(
        team=team,
        session=session,
        thread=f"{session}/{agent_id}" if agent_id else session,
        parent=(f"{session}/{above}" if above else session) if agent_id else "",
        agent=agent,
        rule="claude_code",
        request_kind=_value(kind),
    )


def _by_header(first: Mapping[bytes, bytes], ask: Ask, team: str) -> Caller | None:
    """Session headers that several clients share."""
    for name in _SESSION_HEADERS:
        value = first.get(name)
        if value and (thread := _id(value)):
            parent = _id(first.get(b"x-parent-session-id", b""))
            agent: AgentKind = "subagent" if parent else "main"
            session = parent or thread
            return Caller(team=team, session=session, thread=thread, parent=parent, agent=agent, rule="session_header")
    return None


def _by_body(ask: Ask, team: str) -> Caller:
    """Ids in the body; a cache key names a group of prompts, and a thread only where nothing else does."""
    fields = ask.fields
    found = _conversation(fields) or _member(fields, "litellm_session_id")
    if not found and "metadata" in fields:
        metadata = members(fields["metadata"])
        found = _member(metadata, "thread_id") or _member(metadata, "session_id")
    if found:
        return Caller(team=team, thread=found, rule="body_id")
    key = _member(fields, "prompt_cache_key")
    return Caller(team=team, thread=key, rule="cache_key") if key else Caller(team=team, rule="content_chain")


def _conversation(fields: Mapping[str, Raw]) -> str:
    raw = fields.get("conversation")
    if raw is None:
        return ""
    return _member(members(raw), "id") if opening(raw) == b"{" else _text(text(raw))


def _turn_of(first: Mapping[bytes, bytes], ask: Ask) -> _Turn:
    said = first.get(b"x-codex-turn-metadata")
    if said is None and "client_metadata" in ask.fields:
        told = members(ask.fields["client_metadata"]).get("x-codex-turn-metadata", _NONE)
        said = text(told).encode("utf-8", "replace")
    if not said:
        return _NO_TURN
    try:
        return _turn.decode(said)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return _NO_TURN


def _ends_in_compaction(ask: Ask) -> bool:
    span = ask.spans.get("input")
    return span is not None and b'"compaction_trigger"' in ask.body[max(span[0], span[1] - TAIL_BYTES) : span[1]]


def _claude_session(ask: Ask) -> str:
    """Claude Code's session in `metadata.user_id`: a JSON text, or before 2.1 a name that ends in `_session_<id>`."""
    said = text(members(ask.fields.get("metadata", Raw(b"{}"))).get("user_id", _NONE))
    if said.startswith("{"):
        try:
            return _text(_claude_user.decode(said.encode()).session_id)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return ""
    return _text(said.partition("_session_")[2])


def _is_claude_subagent(ask: Ask) -> bool:
    span = ask.spans.get("system")
    return span is not None and b"cc_is_subagent=true" in ask.body[span[0] : min(span[1], span[0] + TAIL_BYTES)]


def _offers_no_tools(ask: Ask) -> bool:
    if ask.dialect == "responses":
        span = ask.spans.get("input")
        if span is not None and b'"additional_tools"' in ask.body[span[0] : min(span[1], span[0] + TAIL_BYTES)]:
            return False
    tools = ask.fields.get("tools")
    return tools is None or bytes(tools).strip(b"[ \t\r\n]") in (b"", b"null")


def _user(first: Mapping[bytes, bytes], ask: Ask) -> str:
    """The person: our header, else what the vendors' bodies have for it. Claude Code's ids of devices are no person."""
    said = first.get(b"x-pointsman-user")
    if said:
        return _value(said)
    fields = ask.fields
    found = text(fields.get("safety_identifier", _NONE)) or text(fields.get("user", _NONE))
    if not found and ask.dialect == "messages" and "metadata" in fields:
        found = text(members(fields["metadata"]).get("user_id", _NONE))
        if found.startswith(("{", "user_")):
            return ""
    return _printable(found[:TEXT_MAX])


@lru_cache(maxsize=1024)
def client_of(agent: bytes, originator: bytes, copilot: bool) -> tuple[str, str]:
    """Family and version of a client by its user agent and `originator`; `copilot` says that `x-initiator` was sent.

    Cached because the same few come with every request; bounded because anybody may send anything.
    """
    said = _value(agent)
    lowered = said.lower()
    version = _version(said)
    if originator.startswith(b"codex"):
        return "codex", version
    if copilot and lowered.startswith("openai/js"):
        return "copilot", ""
    for start, family in _FAMILIES:
        if lowered.startswith(start):
            return family, version
    return "unknown", ""


def _version(agent: str) -> str:
    """The first word that looks like a version: `codex_exec/0.169.0 (…)`, `OpenAI/Python 3.54.0`."""
    for part in agent.replace("/", " ").split(" ")[1:4]:
        if part[:1].isdigit():
            return part[:40]
    return ""


def _member(fields: Mapping[str, Raw], name: str) -> str:
    raw = fields.get(name)
    return _text(text(raw)) if raw is not None else ""


def _id(value: bytes) -> str:
    return _text(value.decode("latin-1")) if value else ""


def _text(value: str) -> str:
    """An id fit for memory, ledger and logs: printable, bounded, and still one of its kind."""
    if len(value) <= TEXT_MAX and value.isprintable() and value.isascii():
        return value
    if not value:
        return ""
    return "#" + blake2b(value.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _value(value: bytes) -> str:
    """A word of a header, printable and bounded."""
    return _printable(value[:TEXT_MAX].decode("latin-1"))


def _printable(value: str) -> str:
    return value if value.isprintable() else "".join(char if char.isprintable() else "?" for char in value)
