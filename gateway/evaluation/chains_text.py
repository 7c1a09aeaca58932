"""Makes prompts out of recorded sessions that kept only the hashes of their blocks, so that prefixes match as they did.

Every block becomes as many tokens of text as it stood for, the same text for the same hash, and other text for another.
Where one message ends and the next begins was not recorded: messages end where a prompt of the session ended, where two of
its prompts part, and where an answer went over into what was said to it. Tools and system prompt are those of all sessions
whose tools and system prompt have as many tokens.
"""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from gateway.evaluation.policies_trace import NotSessions, Runs, runs, shared
from gateway.simulator.tokens import BYTES_PER_TOKEN, render

Dialect = Literal["messages", "responses"]
Kind = Literal["user", "tool", "assistant"]
Message = tuple[Kind, bytes]
Marker = Mapping[str, str] | None
Seams = Mapping[int, Kind]
"""Where messages end, and what they are, in the order of the prompt."""
UNTIMED_S = 5.0
"""How long an answer took whose time was not recorded; some hundred in a thousand were not."""
FIRST_BYTE_S = 2.0
"""How long a provider reads before it answers, at most; the whole answer's time is recorded, this is not."""


class Row(Struct, frozen=True):
    """One recorded request. Times are seconds since the session began."""

    at: float
    agent: str
    """Empty for the main thread."""
    model: str
    out: int
    took_s: float
    person: bool
    """Its prompt ended with a person's words, not with a tool's result."""
    blocks: Runs
    length: int
    """Blocks of its prompt."""

    @property
    def first_byte_s(self) -> float:
        return min(FIRST_BYTE_S, self.took_s / 2)


class Recorded(Struct, frozen=True):
    """A session as it was recorded."""

    name: str
    block: int
    """Tokens of a block."""
    tools: int
    """Blocks of its tools."""
    system: int
    rows: tuple[Row, ...]


def read_recorded(path: Path) -> list[Recorded]:
    """The sessions of a .jsonl or .jsonl.gz file. Raises `NotSessions`, or `OSError`."""
    data = path.read_bytes()
    try:
        text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
        found = [_recorded(json.loads(line)) for line in text.splitlines() if line.strip()]
    except (ValueError, KeyError, TypeError, EOFError) as error:
        raise NotSessions(f"{path.name} holds no sessions: {type(error).__name__}: {error}") from error
    if not found:
        raise NotSessions(f"{path.name} holds no sessions")
    return found


def _recorded(told: dict[str, Any]) -> Recorded:
    block = int(told["bs"])
    rows = []
    for row in sorted(told["rows"], key=lambda each: float(each["t"])):
        blocks = tuple(runs(row["ids"]))
        length = sum(count for _, count in blocks)
        if length:
            rows.append(
                Row(
                    at=float(row["t"]),
                    agent=str(row["a"]),
                    model=str(row["m"]),
                    out=max(1, int(row["out"])),
                    took_s=max(0.1, float(row["api"] or UNTIMED_S)),
                    person="text" in str(row["it"]),
                    blocks=blocks,
                    length=length,
                )
            )
    tools, system = int(told["tool"]) // block, int(told["sys"]) // block
    return Recorded(name=str(told["trace"]), block=block, tools=tools, system=system, rows=tuple(rows))


class Text:
    """The prompts of one session as bodies of requests."""

    def __init__(self, session: Recorded, dialect: Dialect) -> None:
        self._session = session
        self._write = _messages if dialect == "messages" else _responses
        self._bytes = session.block * BYTES_PER_TOKEN
        self._filled: dict[int, bytes] = {}
        self._last: tuple[Runs, bytes] = ((), b"")
        self._lead = self._shared_lead()
        self._seams = _seams(session)

    def body(self, number: int, model: str, marker: Marker) -> bytes:
        """The body of the session's request of this number; `marker` is the client's `cache_control`."""
        data = self._data(self._session.rows[number])
        tools, lead = self._session.tools, self._session.tools + self._session.system
        turns: list[Message] = []
        offered = said = b""
        for start, (end, kind) in zip((0, *self._seams[number]), self._seams[number].items(), strict=False):
            piece = data[start * self._bytes : end * self._bytes]
            if end <= tools:
                offered += piece
            elif end <= lead:
                said += piece
            else:
                turns.append((kind, piece))
        return self._write(model, self._session.name, offered, said, turns or [("user", b" " * self._bytes)], marker)

    def _data(self, row: Row) -> bytes:
        """All of a prompt's text; most of it is the last one's."""
        before, data = self._last
        common = shared(before, row.blocks)
        more = islice(_ids(row.blocks), common, None)
        data = data[: common * self._bytes] + b"".join([self._fill(block) for block in more])
        self._last = (row.blocks, data)
        return data

    def _shared_lead(self) -> Mapping[int, str]:
        """The blocks of tools and system prompt, by what is the same in other sessions."""
        session = self._session
        first = list(_ids(session.rows[0].blocks))[: session.tools + session.system]
        return {block: f"{session.tools}/{session.system}/{place}" for place, block in enumerate(first)}

    def _fill(self, block: int) -> bytes:
        found = self._filled.get(block)
        if found is None:
            name = self._lead.get(block) or f"{self._session.name}#{block}"
            text = blake2b(name.encode()).hexdigest().encode()
            found = self._filled[block] = (text * (self._bytes // len(text) + 1))[: self._bytes]
        return found


def _seams(session: Recorded) -> list[Seams]:
    """For every request where its messages end; the same wherever two prompts are the same."""
    rows = session.rows
    ends: list[tuple[Runs, int, Kind]] = [(row.blocks, row.length, "user" if row.person else "tool") for row in rows]
    before: dict[str, Row] = {}
    for row in rows:
        last = before.get(row.agent)
        if last is not None and shared(last.blocks, row.blocks) == last.length:
            spoken = last.length + max(1, round(last.out / session.block))
            ends.append((row.blocks, min(row.length, spoken), "assistant"))
        before[row.agent] = row
    lead = (session.tools, session.tools + session.system)
    return [_seams_of(row, ends, lead) for row in rows]


def _seams_of(row: Row, ends: Sequence[tuple[Runs, int, Kind]], lead: Sequence[int]) -> Seams:
    found: dict[int, Kind] = {length: "user" for length in lead if 0 < length < row.length}
    parted: set[int] = set()
    for blocks, length, kind in ends:
        common = shared(row.blocks, blocks)
        if common >= length:
            found.setdefault(length, kind)
        elif common:
            parted.add(common)
    for length in parted:
        found.setdefault(length, "assistant")
    return dict(sorted(found.items()))


def _ids(blocks: Runs) -> Iterator[int]:
    for first, count in blocks:
        yield from range(first, first + count)


def _filled(block: Mapping[str, object], name: str, data: bytes, role: str) -> dict[str, object]:
    """The block with so much of the data in this member that it is as many tokens as the data, its frame included."""
    around = len(render({**block, name: ""}, role))
    return {**block, name: data[: max(0, len(data) - around)].decode("ascii")}


_TOOL = {"name": "Bash", "description": "", "input_schema": {"type": "object"}}
_FUNCTION = {"type": "function", "name": "shell", "description": "", "parameters": {"type": "object"}}
_TEXT, _RESULT = {"type": "text", "text": ""}, {"type": "tool_result", "tool_use_id": "toolu_1", "content": ""}
_OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": ""}


def _messages(
    model: str, _: str, tools: bytes, system: bytes, turns: Sequence[Message], marker: Marker
) -> bytes:
    """As Claude Code writes it: tools, a marked system prompt, and a marker on the newest message."""
    marked: Mapping[str, object] = {"cache_control": marker} if marker else {}
    body: dict[str, object] = {"model": model, "max_tokens": 64_000, "stream": True}
    if tools:
        body["tools"] = [_filled(_TOOL, "description", tools, "tools")]
    if system:
        body["system"] = [{**_filled(_TEXT, "text", system, "system"), **marked}]
    messages = []
    for kind, data in turns:
        role = "assistant" if kind == "assistant" else "user"
        block = _filled(_RESULT, "content", data, role) if kind == "tool" else _filled(_TEXT, "text", data, role)
        messages.append({"role": role, "content": [block]})
    messages[-1] = {**messages[-1], "content": [{**block, **marked}]}
    return msgspec.json.encode({**body, "messages": messages})


def _responses(
    model: str, session: str, tools: bytes, system: bytes, turns: Sequence[Message], _: Marker
) -> bytes:
    """As Codex writes it: instructions, tools, items of input, and its session as the cache's key."""
    body: dict[str, object] = {"model": model, "stream": True, "store": False, "prompt_cache_key": session}
    if system:
        body["instructions"] = _filled(_TEXT, "text", system, "system")["text"]
    if tools:
        body["tools"] = [_filled(_FUNCTION, "description", tools, "tools")]
    items: list[object] = []
    for kind, data in turns:
        if kind == "tool":
            items.append(_filled(_OUTPUT, "output", data, "tool"))
        else:
            part = {"type": "input_text" if kind == "user" else "output_text", "text": ""}
            items.append({"type": "message", "role": kind, "content": [_filled(part, "text", data, kind)]})
    return msgspec.json.encode({**body, "input": items})
