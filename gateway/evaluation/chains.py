"""Recorded sessions through gateway and simulated provider: what the gateway foretold of each call, and what was read.

All sessions are one team's, spread over some days, so that what is learned of one helps with the next. A call's answer comes
when the recorded one came; what was sent before that knows nothing of it.
"""

import heapq
import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from msgspec import Struct

from gateway.evaluation.chains_text import Recorded, Row, Text
from gateway.evaluation.chains_world import Asked, Rule, World, opened

APART_S = 3600.0
"""Sessions begin so far apart on average: a few at a time, as the median one lasts an hour."""

ANSWER_MAX = 64
"""Tokens of an answer that are written out: the text of answers is in the prompts already, as its blocks."""


class Foretold(Struct, frozen=True):
    """One call, as it was foretold and as it came."""

    session: str
    state: str
    reason: str
    gap_s: float | None
    """Since its thread's last answer by the same model began; None where there was none."""
    before: int
    """Input tokens of that one."""
    expected: int | None
    read: int


class _Talk(Struct):
    """One session under way."""

    session: Recorded
    text: Text
    last: dict[tuple[str, str], tuple[float, int]] = {}
    """By agent and model, of the last answer: when it began, and its input tokens."""


class Replay:
    """One run."""

    def __init__(self, world: World) -> None:
        self.told: list[Foretold] = []
        self._world = world
        self._began = world.clock.now()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def at(self, seconds: float, event: Callable[[], None]) -> None:
        """Let this happen so many seconds after the beginning."""
        heapq.heappush(self._events, (seconds, next(self._order), event))

    def run(self) -> None:
        """Let everything happen, in the order of time."""
        clock = self._world.clock
        while self._events:
            at, _, event = heapq.heappop(self._events)
            clock.advance(max(0.0, self._began + at - clock.now()))
            event()

    def begin(self, session: Recorded, starts: float) -> None:
        """A session's first call is due: what comes of it, when."""
        talk = _Talk(session=session, text=Text(session, self._world.rule.dialect))
        for number, row in enumerate(session.rows):
            self.at(starts + row.at - session.rows[0].at, partial(self._send, talk, number))

    def _send(self, talk: _Talk, number: int) -> None:
        world, row = self._world, talk.session.rows[number]
        rule = world.rule
        model = rule.small if "haiku" in row.model else rule.model
        asked = world.send(_headers(rule, talk.session, row), talk.text.body(number, model, rule.marker))
        key = (row.agent, model)
        now = world.clock.now() - self._began
        last = talk.last.get(key)
        first_byte = now + row.first_byte_s

        def ends() -> None:
            read = world.ends(asked)
            self.told.append(_foretold(talk.session.name, asked, read, now, last))
            talk.last[key] = (first_byte, row.length * talk.session.block)

        self.at(first_byte, lambda: world.begins(asked))
        self.at(now + row.took_s, ends)


def replayed(sessions: Sequence[Recorded], rule: Rule, seed: int = 0) -> list[Foretold]:
    """All calls of these sessions, in the order in which they were answered."""
    chance = random.Random(seed)  # noqa: S311 - it must repeat
    with opened(rule) as world:
        replay = Replay(world)
        for session in sessions:
            starts = chance.uniform(0.0, APART_S * len(sessions))
            replay.at(starts, partial(replay.begin, session, starts))
        replay.run()
        return replay.told


def _headers(rule: Rule, session: Recorded, row: Row) -> Mapping[bytes, bytes]:
    """How the client names its thread."""
    name = session.name.encode()
    out = {b"x-simulate-output-tokens": b"%d" % min(row.out, ANSWER_MAX)}
    if rule.dialect == "messages":
        out |= {b"user-agent": b"claude-cli/2.1.330 (external, cli)", b"x-claude-code-session-id": name}
        return out | ({b"x-claude-code-agent-id": row.agent.encode()} if row.agent else {})
    thread = b"%b-%b" % (name, row.agent.encode()) if row.agent else name
    out |= {b"originator": b"codex-tui", b"user-agent": b"codex-tui/0.169.0"}
    return out | {b"thread-id": thread, b"session-id": name}


def _foretold(name: str, asked: Asked, read: int, sent: float, last: tuple[float, int] | None) -> Foretold:
    freshness = asked.freshness
    return Foretold(
        session=name,
        state=freshness.state,
        reason=freshness.reason,
        gap_s=None if last is None else max(0.0, sent - last[0]),
        before=0 if last is None else last[1],
        expected=freshness.expected_read_tokens,
        read=read,
    )
