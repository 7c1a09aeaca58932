"""Who asks: team, user, client, thread, agent kind. Headers first, then a few members of the body, else the pipeline's
own chain of what was said.

The order of the rules follows what clients were seen to send: our own header, Codex, Claude Code, session headers
that several share, ids in the body, a cache key. The rule that named the thread is recorded. Codex's sub-agents share
session and cache key with their parent, so neither ever names a thread where something better is there.

Names of threads do not meet by accident: programs' own ids are long and random, an app's `x-pointsman-thread` is kept
as it is, and what the weaker rules find, where `1` may be somebody's id, gets the rule's word in front.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Literal

from msgspec import Raw, Struct
from msgspec.structs import replace

from gateway.clients import client_of
from gateway.dialects import hints
from gateway.dialects.ask import Ask, members, opening, text
from gateway.dialects.hints import CodexTurn
from gateway.wire.types import Head
from routing.types import AgentKind

ThreadRule = Literal[
    "own_header",
    "codex",
    "claude_code",
    "session_header",
    "body_id",
    "previous_response",
    "cache_key",
    "content_chain",
    "none",
]
"""What named a thread. `previous_response` and `content_chain` are the pipeline's: they take memory and a fingerprint."""

TEXT_MAX = 200
"""Characters kept of a name a client chose; longer ids are replaced by their digest, so that they stay apart."""
WINDOWS_MAX = 1_000_000
"""Compactions of one thread that are believed."""

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
_CODEX_SOURCES: Mapping[str, AgentKind] = {
    "subagent": "subagent",
    "thread_title": "auxiliary",
    "memory_consolidation": "auxiliary",
}
"""`thread_source`; a word that is not here may be somebody's work and counts as such."""
_SESSION_HEADERS = (b"x-session-id", b"x-session-affinity", b"session_id", b"x-task-id", b"x-roo-task-id")
_QWEN_MEMORY = b"memory extraction subagent"
"""How qwen-code addresses the model when it gathers memories in the background (0.15)."""
_CONVERSATIONS = frozenset(("chat", "responses", "messages", "count_tokens"))
"""Endpoints whose requests have turns to tell them apart by; an embedding belongs to no conversation."""


class Caller(Struct, frozen=True):
    """Who a request comes from. Names are printable and at most `TEXT_MAX` characters long."""

    team: str
    user: str = ""
    client: str = "unknown"
    client_version: str = ""
    session: str = ""
    """What a person resumes, as the client calls it."""
    thread: str = ""
    """Empty where the client names none: the pipeline then goes by what was said."""
    parent: str = ""
    """The thread that caused this one: a sub-agent's employer, the conversation a title is for."""
    agent: AgentKind = "main"
    rule: ThreadRule = "none"
    request_kind: str = ""
    """Codex: `turn`, `compaction`, `prewarm` and others; Claude Code: its request class."""
    window_number: int = 0
    """Codex: how often the thread was compacted."""
    resume: str = ""
    """Codex: `new`, `cold_resume`, `cold_fork`, `warm_fork`."""
    forked_from: str = ""
    continues: str = ""
    """Id of the response this request continues, where that may know the thread better than the rule did."""
    key_id: str = ""
    """Which of the team's keys was shown: the first digits of its digest."""


class Named(Struct, frozen=True):
    """What a head says of the caller whatever its body says."""

    client: str
    client_version: str
    thread: str
    """By our own header, as the session and the user are."""
    session: str
    user: str


def named(first: Mapping[bytes, bytes]) -> Named:
    """The names in a head."""
    client, version = client_of(first.get(b"user-agent", b""), first.get(b"originator", b""), b"x-initiator" in first)
    if client == "unknown" and b"x-codex-turn-metadata" in first:
        client = "codex"  # an editor that runs Codex inside, under its own name
    return Named(
        client=client,
        client_version=version,
        thread=_id(first.get(b"x-pointsman-thread", b"")),
        session=_id(first.get(b"x-pointsman-session", b"")),
        user=_word(first.get(b"x-pointsman-user", b"")),
    )


def identify(head: Head, ask: Ask, team: str, key_id: str = "", says: Named | None = None) -> Caller:
    """The caller of a request whose team is known. Reads headers and single members of the body; never raises.

    `says` is what `named` made of the head, where that is known already.
    """
    first = head.first
    says = says or named(first)
    client = says.client
    if client == "codex":
        caller = _codex(first, ask, team)
    elif client == "claude-code" or b"x-claude-code-session-id" in first:
        caller = _claude_code(first, ask, team)
    else:
        caller = _by_anything(first, ask, team, client)
    if says.thread:
        caller = replace(caller, thread=says.thread, parent="", rule="own_header", continues="")
    session = says.session or caller.session or caller.parent or caller.thread
    caller = _beside(caller, ask)
    user = says.user or _user(ask)
    version = says.client_version
    return replace(caller, client=client, client_version=version, session=session, user=user, key_id=key_id)


def _beside(caller: Caller, ask: Ask) -> Caller:
    """A title or a summary that comes under the name of the conversation it serves gets a thread beside it.

    It has another prompt, so it must neither count as that thread's traffic nor move its pin. Codex's title threads have
    names of their own; and where Codex asks its provider to compact, the prompt is the thread's own with one item more,
    and the answer can only be read by the model that made it: that is one more request of the thread.
    """
    agent = caller.agent
    if not caller.thread or agent not in ("auxiliary", "compaction"):
        return caller
    if caller.rule == "codex" and (agent == "auxiliary" or hints.ends_in_compaction(ask)):
        return caller
    return replace(caller, thread=_text(f"{caller.thread}/{agent}"), parent=caller.thread)


def _codex(first: Mapping[bytes, bytes], ask: Ask, team: str) -> Caller:
    """Codex names its thread itself: in headers since 0.126, in the body on a socket, by `session_id` before."""
    said = first.get(b"x-codex-turn-metadata")
    told = hints.codex_told(ask) if said is None else {}
    turn = hints.codex_turn(told.get("x-codex-turn-metadata", "").encode("utf-8", "replace") if said is None else said)
    window = first.get(b"x-codex-window-id", b"")
    thread = (
        _id(first.get(b"thread-id", b""))
        or _text(told.get("thread_id") or turn.thread_id or "")
        or _id(window.rpartition(b":")[0])
        or _id(first.get(b"session_id", b"") or first.get(b"conversation_id", b"") or first.get(b"session-id", b""))
    )
    agent = _codex_agent(turn, _label(first, told), first, ask)
    found = Caller(team=team, thread=thread, rule="codex") if thread else _by_anything(first, ask, team, "codex")
    return replace(
        found,
        session=_id(first.get(b"session-id", b"")) or _text(told.get("session_id") or turn.session_id or ""),
        parent=_id(first.get(b"x-codex-parent-thread-id", b""))
        or _text(told.get("x-codex-parent-thread-id") or turn.parent_thread_id or ""),
        agent=agent,
        request_kind=_printable(turn.request_kind or ""),
        window_number=_window(turn, window),
        resume=_printable(turn.history_initialization or ""),
        forked_from=_text(turn.forked_from_thread_id or ""),
    )


def _label(first: Mapping[bytes, bytes], told: Mapping[str, str]) -> str:
    said = first.get(b"x-openai-subagent")
    return _word(said) if said else _printable(told.get("x-openai-subagent", ""))


def _window(turn: CodexTurn, window: bytes) -> int:
    """Codex's count of compactions; it stands also behind the thread in `x-codex-window-id`."""
    number = turn.window_number
    if number is None:
        last = window.rpartition(b":")[2]
        number = int(last) if len(last) < 7 and last.isdigit() else 0
    return number if 0 <= number < WINDOWS_MAX else 0


def _codex_agent(turn: CodexTurn, label: str, first: Mapping[bytes, bytes], ask: Ask) -> AgentKind:
    if turn.request_kind == "compaction" or hints.ends_in_compaction(ask):
        return "compaction"
    if label:
        return _CODEX_LABELS.get(label, "subagent")
    if turn.thread_source:
        return _CODEX_SOURCES.get(turn.thread_source, "subagent" if turn.subagent_kind else "main")
    # Without a source: `codex exec --output-schema` uses the same name for work, the terminal only for titles.
    title = first.get(b"originator") == b"codex-tui" and hints.names_schema(ask, b"codex_output_schema")
    return "auxiliary" if title else "main"


def _claude_code(first: Mapping[bytes, bytes], ask: Ask, team: str) -> Caller:
    """One session holds a main thread and one for each sub-agent."""
    session = _id(first.get(b"x-claude-code-session-id", b"")) or _text(hints.claude_session(ask))
    agent_id = _id(first.get(b"x-claude-code-agent-id", b""))
    kind = first.get(b"x-claude-code-request-class", b"")
    agent = _CLAUDE_CLASSES.get(kind) or _claude_agent(agent_id, ask)
    if not session:
        return replace(_by_anything(first, ask, team, "claude-code"), agent=agent, request_kind=_word(kind))
    caller = Caller(
        team=team, session=session, thread=session, agent=agent, rule="claude_code", request_kind=_word(kind)
    )
    if agent_id:
        above = _id(first.get(b"x-claude-code-parent-agent-id", b""))
        parent = _text(f"{session}/{above}") if above else session
        return replace(caller, thread=_text(f"{session}/{agent_id}"), parent=parent)
    if agent == "subagent":  # one of several, and none says which: what it was told tells them apart
        return replace(caller, thread="", parent=session, rule=_last_resort(ask))
    return caller


def _claude_agent(agent_id: str, ask: Ask) -> AgentKind:
    """Without its own word for it: sub-agents say so, and what offers no tools is an errand (a title, a quota check)
    unless it goes on after an answer."""
    if agent_id or hints.is_claude_subagent(ask):
        return "subagent"
    return "auxiliary" if hints.offers_no_tools(ask) and not hints.was_answered(ask) else "main"


def _by_anything(first: Mapping[bytes, bytes], ask: Ask, team: str, client: str) -> Caller:
    """What headers and bodies of any client may say."""
    caller = _by_header(first, team) or _by_body(ask, team)
    agent = _errand(client, ask) if caller.agent == "main" else None
    return replace(caller, agent=agent) if agent is not None else caller


def _errand(client: str, ask: Ask) -> AgentKind | None:
    """Requests that opencode and qwen-code make for themselves.

    opencode offers its tools on every turn of a person: without them it names a session, or sums up one with answers.
    """
    if client == "opencode" and hints.offers_no_tools(ask):
        return "compaction" if hints.was_answered(ask) else "auxiliary"
    if client == "qwen-code" and hints.begins_with(ask, _QWEN_MEMORY):
        return "auxiliary"
    return None


def _by_header(first: Mapping[bytes, bytes], team: str) -> Caller | None:
    """Session headers that several clients share."""
    for name in _SESSION_HEADERS:
        value = first.get(name)
        if value:
            above = first.get(b"x-parent-session-id", b"")
            return Caller(
                team=team,
                session=_id(above or value),
                thread=_id(b"session:" + value),
                parent=_id(b"session:" + above) if above else "",
                agent="subagent" if above else "main",
                rule="session_header",
            )
    return None


def _by_body(ask: Ask, team: str) -> Caller:
    """Ids in the body; a cache key names a group of prompts, and a thread only where nothing else does."""
    fields = ask.fields
    found = _conversation(fields) or _string(fields, "litellm_session_id")
    if not found and "metadata" in fields:
        metadata = members(fields["metadata"])
        found = _string(metadata, "thread_id") or _string(metadata, "session_id")
    if found:
        return Caller(team=team, session=_text(found), thread=_text(f"body:{found}"), rule="body_id")
    continues = _text(_string(fields, "previous_response_id"))
    key = _string(fields, "prompt_cache_key")
    if key:
        return Caller(team=team, session=_text(key), thread=_text(f"key:{key}"), rule="cache_key", continues=continues)
    return Caller(team=team, rule=_last_resort(ask), continues=continues)


def _last_resort(ask: Ask) -> Literal["content_chain", "none"]:
    return "content_chain" if ask.endpoint in _CONVERSATIONS else "none"


def _conversation(fields: Mapping[str, Raw]) -> str:
    raw = fields.get("conversation")
    if raw is None:
        return ""
    return _string(members(raw), "id") if opening(raw) == b"{" else text(raw)


def _user(ask: Ask) -> str:
    """The person, by what the vendors' bodies have for it. Claude Code's ids of devices are no person."""
    found = _string(ask.fields, "safety_identifier") or _string(ask.fields, "user")
    if not found and ask.dialect == "messages":
        found = hints.metadata_user(ask)
        if found.startswith("{") or "_session_" in found:
            return ""
    return _printable(found)


def _string(fields: Mapping[str, Raw], name: str) -> str:
    raw = fields.get(name)
    return text(raw) if raw is not None else ""


def _id(value: bytes) -> str:
    return _text(value.decode("latin-1")) if value else ""


def _text(value: str) -> str:
    """An id fit for memory, ledger and logs: printable, bounded, and still one of its kind."""
    if len(value) <= TEXT_MAX and value.isascii() and value.isprintable():
        return value
    return "#" + blake2b(value.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _word(value: bytes) -> str:
    """A word of a header, printable and bounded."""
    return _printable(value[: 4 * TEXT_MAX].decode("utf-8", "replace"))


def _printable(value: str) -> str:
    value = value[:TEXT_MAX]
    return value if value.isprintable() else "".join(char if char.isprintable() else "?" for char in value)
