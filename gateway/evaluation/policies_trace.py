"""Reads recorded sessions whose prompts are known as lists of block ids: one JSON object a line, as the public traces of
callanjfox/kv-cache-tester are repacked (`t`, `in`, `out`, `it`, and `ids` as runs `first+count`). Or as counts only: a table
with a line for each call (`session`, `n`, `t_req`, `trigger`, tokens), as transcripts of agents tell them.

Only a session's main thread is taken. What arrives as text begins a turn; what arrives as a tool's result goes on with it.
"""

import csv
import gzip
import json
import random
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from msgspec import Struct

Runs = tuple[tuple[int, int], ...]
"""Block ids as runs: the first one, and how many."""


ALIKE = 8
"""Requests of the same sizes at the beginning of two recordings that make them the same session."""


INPUT = ("input_total", "in_uncached", "write_5m", "write_1h", "cache_read")
"""Columns that add up to a prompt."""
APART = 10**9
"""Between the block ids of prompts that were rebuilt."""


class NotSessions(ValueError):
    """The file holds no sessions of this form."""


class Sent(Struct, frozen=True):
    """One request."""

    at: float
    tokens: int
    output: int
    blocks: Runs


class Session(Struct, frozen=True):
    """A thread as its turns: each a person's message and the requests it took."""

    name: str
    block: int
    """Tokens of a block."""
    turns: tuple[tuple[Sent, ...], ...]


def read_sessions(path: Path) -> list[Session]:
    """The sessions of a .jsonl or .csv file, packed or not, with at least two requests; none of them twice."""
    data = path.read_bytes()
    try:
        text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
        found = _counted(text) if ".csv" in path.suffixes else _blocked(text)
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise NotSessions(f"{path.name} holds no sessions: {type(error).__name__}: {error}") from error
    if not found:
        raise NotSessions(f"{path.name} holds no sessions")
    return [session for session in _once(found) if sum(map(len, session.turns)) > 1]


def _once(sessions: Sequence[Session]) -> Sequence[Session]:
    """Of recordings that begin alike the longest: a session that was resumed is recorded anew with all that went before."""
    longest: dict[tuple[tuple[int, int], ...], Session] = {}
    for session in sessions:
        flat = [(sent.tokens, sent.output) for turn in session.turns for sent in turn]
        known = longest.get(tuple(flat[:ALIKE]))
        if known is None or sum(map(len, known.turns)) < len(flat):
            longest[tuple(flat[:ALIKE])] = session
    return list(longest.values())


def _blocked(text: str) -> list[Session]:
    return [_session(json.loads(line)) for line in text.splitlines() if line.strip()]


def _session(told: dict[str, Any]) -> Session:
    rows = sorted((row for row in told["rows"] if not row["a"]), key=lambda row: row["t"])
    turns: list[list[Sent]] = []
    for row in rows:
        if "text" in str(row["it"]) or not turns:
            turns.append([])
        turns[-1].append(Sent(at=row["t"], tokens=row["in"], output=row["out"], blocks=tuple(_runs(row["ids"]))))
    return Session(name=told["trace"], block=told["bs"], turns=tuple(map(tuple, turns)))


def _counted(text: str) -> list[Session]:
    """Sessions of which only token counts are known: a prompt goes on from the one before it, and where it is shorter by a
    tenth it was rebuilt and shares with that what the first prompt held."""
    rows = sorted(csv.DictReader(text.splitlines()), key=lambda row: (row["session"], int(row["n"])))
    return [
        Session(name=name, block=1, turns=tuple(map(tuple, _grown(list(told)))))
        for name, told in groupby(rows, key=lambda row: row["session"])
    ]


def _grown(rows: Sequence[dict[str, str]]) -> list[list[Sent]]:
    turns: list[list[Sent]] = []
    first = before = rebuilt = 0
    for row in rows:
        tokens = sum(int(row[kind]) for kind in INPUT if kind in row)
        first = first or tokens
        if tokens < 0.9 * before:
            rebuilt += 1
        begun = min(first, tokens)
        blocks = ((0, tokens),) if not rebuilt else ((0, begun), (rebuilt * APART, tokens - begun))
        if row["trigger"] == "user" or not turns:
            turns.append([])
        turns[-1].append(Sent(at=float(row["t_req"]), tokens=tokens, output=int(row["out"]), blocks=blocks))
        before = tokens
    return turns


def _runs(text: str) -> Iterator[tuple[int, int]]:
    for part in filter(None, text.split(",")):
        first, _, count = part.partition("+")
        yield int(first), int(count or 1)


def shared(one: Runs, other: Runs) -> int:
    """How many blocks two prompts have in common from their beginning."""
    total = place = there = done = done_there = 0
    while place < len(one) and there < len(other):
        first, count = one[place]
        second, length = other[there]
        if first + done != second + done_there:
            break
        step = min(count - done, length - done_there)
        total, done, done_there = total + step, done + step, done_there + step
        if done == count:
            place, done = place + 1, 0
        if done_there == length:
            there, done_there = there + 1, 0
    return total


class Mix(Struct, frozen=True):
    """How turns of the two kinds follow each other, which no trace tells: a share, and how long a kind lasts."""

    name: str
    general: float
    """Share of turns that are general work."""
    lasts: float
    """Chance that a turn is of the kind of the one before without being drawn anew."""


MIXES = (Mix(name="mostly code", general=0.15, lasts=0.3), Mix(name="half and half", general=0.5, lasts=0.6))


def kinds(session: Session, mix: Mix, seed: int) -> Sequence[bool]:
    """For each turn whether it is code; the same for the same seed."""
    chance = random.Random(f"{seed}:{session.name}")  # noqa: S311 - it must repeat
    code = chance.random() >= mix.general
    found = []
    for _ in session.turns:
        found.append(code)
        if chance.random() >= mix.lasts:
            code = chance.random() >= mix.general
    return found
