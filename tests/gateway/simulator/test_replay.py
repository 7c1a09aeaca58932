"""Whole sessions through the simulated caches against an oracle that knows nothing of markers, machines or entries.

The oracle: a block of a request is cached if an earlier request of the same session and model began with the same blocks up
to it, within the lifetime, start to start; what was used is fresh again. Sessions are made up here, and taken from recorded
traces where those lie beside the repository.
"""

import gzip
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from gateway.simulator.cache_anthropic import AnthropicCache, minimum_tokens
from gateway.simulator.cache_machines import CHUNK_TOKENS, MINIMUM_TOKENS, SPILL_PER_MINUTE, MachineCache
from gateway.simulator.clock import StillClock
from gateway.simulator.prompt import Block, Prompt
from tests.conftest import RECORDINGS

TRACES = Path(__file__).parents[4] / "shared/data/traces/weka_claude_code.jsonl.gz"
UNIT_TOKENS = 64
"""Tokens of one block of a trace."""
SAMPLE_CALLS = 1500
MARKED_MAX = 3
"""Markers a request has for the places where its session forks; the fourth is at its end."""
MODEL = "claude-opus-5-5"
SCOPE = {name: b"" for name in ("speed", "messages", "tools", "text_format", "reasoning_effort", "verbosity",
                                "service_tier", "prompt_cache_key")}  # fmt: skip


class Ask(Struct, frozen=True):
    """One request of a session: when, and the ids of its blocks."""

    at: float
    path: tuple[int, ...]


class Tree:
    """All prefixes of a session, numbered; how long ago each was used last."""

    def __init__(self) -> None:
        self._children: dict[tuple[int, int], int] = {}
        self._used: dict[int, float] = {}

    def nodes(self, path: Sequence[int]) -> list[int]:
        out, node = [], 0
        for unit in path:
            node = self._children.setdefault((node, unit), len(self._children) + 1)
            out.append(node)
        return out

    def ask(self, ask: Ask, lifetime_s: float) -> int:
        """Blocks of this request that are cached; then it has used its own."""
        nodes = self.nodes(ask.path)
        alive = 0
        while alive < len(nodes) and self._used.get(nodes[alive], -1e12) > ask.at - lifetime_s:
            alive += 1
        self._used.update(dict.fromkeys(nodes, ask.at))
        return alive

    def forks(self) -> set[int]:
        """Prefixes that were continued in more than one way."""
        children: dict[int, int] = defaultdict(int)
        for parent, _ in self._children:
            children[parent] += 1
        return {node for node, count in children.items() if count > 1}


def segments(asks: Sequence[Ask]) -> list[list[tuple[int, bool]]] | None:
    """For every request where its content blocks end, and whether there is a marker; None for too wild a session."""
    tree = Tree()
    paths, seen, returned_to = [], set[int](), set[int]()
    for ask in asks:
        nodes = tree.nodes(ask.path)
        returned_to |= seen & {nodes[-1]}
        seen.update(nodes)
        paths.append(nodes)
    shared = tree.forks() | returned_to
    stops = shared | {nodes[-1] for nodes in paths}
    out = []
    for nodes in paths:
        places = [(place + 1, node in shared or place + 1 == len(nodes)) for place, node in enumerate(nodes) if node in stops]
        if sum(marked for _, marked in places[:-1]) > MARKED_MAX:
            return None
        out.append(places)
    return out


def replay(asks: Sequence[Ask], lifetime_s: float) -> Iterator[tuple[int, int]]:
    """Tokens read by the simulated Anthropic cache and by the oracle, for every request."""
    clock = StillClock(asks[0].at)
    cache = AnthropicCache(clock, Random(0), slack_s=0.0)
    tree, ttl = Tree(), "1h" if lifetime_s == 3600 else "5m"
    places = segments(asks)
    assert places is not None
    for ask, stops in zip(asks, places, strict=True):
        clock.advance(ask.at - clock.now())
        starts = [0, *(end for end, _ in stops)]
        blocks = [
            Block("messages", repr(ask.path[start:end]).encode(), (end - start) * UNIT_TOKENS, ttl if marked else "")
            for start, (end, marked) in zip(starts, stops, strict=False)
        ]
        verdict = cache.look(Prompt(model=MODEL, blocks=blocks, scope=SCOPE), "me")
        assert verdict.commit is not None
        verdict.commit()
        expected = tree.ask(ask, lifetime_s) * UNIT_TOKENS
        yield verdict.read, expected if expected >= minimum_tokens(MODEL) else 0


@st.composite
def sessions(draw: st.DrawFn) -> list[Ask]:
    """A made-up session: it grows, goes back to an earlier point, forks, is repeated, and pauses."""
    at, unit, asks = 0.0, 0, []
    for _ in range(draw(st.integers(1, 15))):
        at += draw(st.sampled_from((1.0, 60.0, 200.0, 299.0, 301.0, 4000.0)))
        base: tuple[int, ...] = draw(st.sampled_from([ask.path for ask in asks])) if asks else ()
        if draw(st.booleans()):
            base = base[: draw(st.integers(0, len(base)))]
        grown = draw(st.integers(0 if base else 1, 12))
        asks.append(Ask(at, base + tuple(range(unit, unit + grown))))
        unit += grown
    return asks


@settings(deadline=None)
@given(sessions().filter(lambda asks: segments(asks) is not None), st.sampled_from((300.0, 3600.0)))
def test_made_up_sessions_read_what_the_oracle_says(asks: list[Ask], lifetime_s: float) -> None:
    for found, expected in replay(asks, lifetime_s):
        assert found == expected


def recorded() -> Iterator[list[Ask]]:
    """Recorded sessions, one model each, in order of time."""
    if not TRACES.is_file():
        pytest.skip(RECORDINGS)
    with gzip.open(TRACES, "rt") as lines:
        for line in lines:
            by_model: dict[str, list[Ask]] = defaultdict(list)
            for row in json.loads(line)["rows"]:
                if path := unpacked(row["ids"]):
                    by_model[row["m"]].append(Ask(row["t"], path))
            yield from (sorted(asks, key=lambda ask: ask.at) for asks in by_model.values())


def unpacked(ids: str) -> tuple[int, ...]:
    """Block ids from their run-length code: `a+n` are n ids from a."""
    out: list[int] = []
    for run in ids.split(",") if ids else ():
        first, _, count = run.partition("+")
        out += range(int(first), int(first) + int(count or 1))
    return tuple(out)


def sample(fits: Callable[[list[Ask]], bool]) -> list[list[Ask]]:
    """Recorded sessions that fit, up to so many calls."""
    out, calls = [], 0
    for asks in recorded():
        if fits(asks):
            out.append(asks)
            calls += len(asks)
            if calls >= SAMPLE_CALLS:
                break
    return out


@pytest.mark.parametrize("lifetime_s", [300.0, 3600.0])
def test_recorded_sessions_read_what_the_oracle_says(lifetime_s: float) -> None:
    chosen = sample(lambda asks: len(asks) > 10 and segments(asks) is not None)
    pairs = [pair for asks in chosen for pair in replay(asks, lifetime_s)]
    assert len(pairs) >= SAMPLE_CALLS
    assert sum(expected > 0 for _, expected in pairs) > len(pairs) / 2
    assert [pair for pair in pairs if abs(pair[0] - pair[1]) > UNIT_TOKENS] == []


@pytest.mark.parametrize(("retention", "lifetime_s"), [("5m", 300.0), ("1h", 3600.0)])
def test_recorded_sessions_on_machines_read_what_the_oracle_says(retention: str, lifetime_s: float) -> None:
    """A machine knows no marker: the very blocks of the trace, in steps of 128 tokens from 1024 on."""
    chosen = sample(lambda asks: len(asks) > 10 and busiest(asks) < SPILL_PER_MINUTE)
    read = 0
    for asks in chosen:
        clock, tree = StillClock(asks[0].at), Tree()
        cache = MachineCache(clock, Random(0), retention)  # type: ignore[arg-type]
        for ask in asks:
            clock.advance(ask.at - clock.now())
            data = b"".join(unit.to_bytes(4, "big") * UNIT_TOKENS for unit in ask.path)
            block = Block("messages", data, len(ask.path) * UNIT_TOKENS, turn_end=True)
            verdict = cache.look(Prompt(model="gpt-5.5", blocks=[block], scope=SCOPE), "me")
            if verdict.commit is not None:
                verdict.commit()
            expected = tree.ask(ask, lifetime_s) * UNIT_TOKENS // CHUNK_TOKENS * CHUNK_TOKENS
            assert verdict.read == (expected if expected >= MINIMUM_TOKENS else 0)
            read += verdict.read
    assert read > 0


def busiest(asks: Sequence[Ask]) -> int:
    """Most requests within a minute."""
    return max(sum(ask.at - 60 <= other.at <= ask.at for other in asks) for ask in asks)
