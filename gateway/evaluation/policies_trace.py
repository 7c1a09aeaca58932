"""Reads recorded sessions whose prompts are known as lists of block ids: one JSON object a line, as the public traces of
callanjfox/kv-cache-tester are repacked (`t`, `in`, `out`, `it`, and `ids` as runs `first+count`).

Only a session's main thread is taken. What arrives as text begins a turn; what arrives as a tool's result goes on with it.
"""

import gzip
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

Runs = tuple[tuple[int, int], ...]
"""Block ids as runs: the first one, and how many."""


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
    """The sessions of a .jsonl or .jsonl.gz file with at least two requests."""
    data = path.read_bytes()
    try:
        text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
        found = [_session(json.loads(line)) for line in text.splitlines() if line.strip()]
    except (ValueError, KeyError, TypeError) as error:
        raise NotSessions(f"{path.name} holds no sessions: {type(error).__name__}: {error}") from error
    if not found:
        raise NotSessions(f"{path.name} holds no sessions")
    return [session for session in found if sum(map(len, session.turns)) > 1]


def _session(told: dict[str, Any]) -> Session:
    rows = sorted((row for row in told["rows"] if not row["a"]), key=lambda row: row["t"])
    turns: list[list[Sent]] = []
    for row in rows:
        if "text" in str(row["it"]) or not turns:
            turns.append([])
        turns[-1].append(Sent(at=row["t"], tokens=row["in"], output=row["out"], blocks=tuple(runs(row["ids"]))))
    return Session(name=told["trace"], block=told["bs"], turns=tuple(map(tuple, turns)))


def runs(text: str) -> Iterator[tuple[int, int]]:
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
