"""Other ways to choose a thread's model, as others have published them or as one would do at first.

A way is asked at the beginning of each turn and knows the past only.
"""

from collections.abc import Sequence
from itertools import pairwise

from msgspec import Struct

from gateway.evaluation.policies_trace import Sent
from gateway.evaluation.policies_world import CODE, GENERAL, World

WINDOW_S = 300.0
"""A cache is taken to be warm for so long, with any provider (Plano, `provider_cache_capability`)."""
OVERHEAD_SHARE = 0.2
"""Of what never switching would have cost, that may be spent on switches."""


class Past(Struct):
    """What a policy may know: the turns so far, and where they went."""

    last: list[int]
    """The last turn of each model; -1 for none."""
    now: int = -1
    """The model of the last turn; -1 before the first."""
    requests: int = 0


def suited(code: bool) -> int:
    """The model of a turn of this kind."""
    return CODE if code else GENERAL


def always_code(world: World, turn: int, kinds: Sequence[bool], past: Past) -> int:
    return CODE


def always_general(world: World, turn: int, kinds: Sequence[bool], past: Past) -> int:
    return GENERAL


def pin_first(world: World, turn: int, kinds: Sequence[bool], past: Past) -> int:
    """Where the first turn's kind says, for good."""
    return suited(kinds[0])


def by_kind(world: World, turn: int, kinds: Sequence[bool], past: Past) -> int:
    """Where each turn's kind says, whatever the caches hold."""
    return suited(kinds[turn])


def window(world: World, turn: int, kinds: Sequence[bool], past: Past) -> int:
    """A session stays for five minutes after its last request, unless the turn is code."""
    if kinds[turn] or past.now < 0 or _idle_s(world, turn) > WINDOW_S:
        return suited(kinds[turn])
    return past.now


def next_request(world: World, turn: int, kinds: Sequence[bool], past: Past) -> int:
    """Code goes to its model; other turns where the next request alone is cheaper, with what both caches hold."""
    if kinds[turn] or past.now < 0:
        return suited(kinds[turn])
    sent = world.turns[turn][0]
    costs = [world.input_cost(model, sent, world.held(model, sent, past.last[model])) for model in (CODE, GENERAL)]
    return GENERAL if costs[GENERAL] < costs[CODE] else CODE


class Plano:
    """Plano's published rule (katanemo/plano, `session_router.rs`), as read in November 2026; one for each session.

    A session whose last request is five minutes old goes where its turn belongs. Before that a switch that is no dearer than
    staying is free; one that is dearer is made if all such overheads together stay within a fifth of what the session would
    have cost on the model it began with. A switch costs the context at the other's uncached price, without what that read
    within five minutes, less the context at its own cached price; what writing to a cache costs extra is not in it.
    `keeps` adds what it does not have: a turn of code goes to the code model whatever that costs.
    """

    def __init__(self, keeps: bool = False) -> None:
        self._keeps = keeps
        self._home = -1
        self._never = 0.0
        self._spent = 0.0

    def __call__(self, world: World, turn: int, kinds: Sequence[bool], past: Past) -> int:
        wanted = suited(kinds[turn])
        if past.now < 0:
            return self._anew(wanted)
        before = world.turns[turn - 1]
        for earlier, sent in pairwise(before):
            self._reads(world, earlier, sent, past.now)
        last, sent = before[-1], world.turns[turn][0]
        if not self._reads(world, last, sent, wanted) or wanted == past.now:
            return wanted
        cost = self._cost(world, past, last, sent, wanted)
        if cost > 0 and self._spent + cost > OVERHEAD_SHARE * self._never:
            return wanted if self._keeps and kinds[turn] else past.now
        self._spent += max(0.0, cost)
        return wanted

    def _anew(self, model: int) -> int:
        self._home, self._never, self._spent = model, 0.0, 0.0
        return model

    def _reads(self, world: World, before: Sent, sent: Sent, model: int) -> bool:
        """Count a request towards what never switching would have cost, if the session is warm; else begin anew."""
        if sent.at - before.at > WINDOW_S:
            self._anew(model)
            return False
        self._never += before.tokens * world.rates(self._home, before.tokens).kinds["cache_read"]
        return True

    @staticmethod
    def _cost(world: World, past: Past, last: Sent, sent: Sent, wanted: int) -> float:
        there = world.turns[past.last[wanted]][-1] if past.last[wanted] >= 0 else None
        credit = min(last.tokens, there.tokens) if there is not None and sent.at - there.at <= WINDOW_S else 0
        goes = world.rates(wanted, last.tokens).kinds
        stays = world.rates(past.now, last.tokens).kinds
        read = last.tokens * stays["cache_read"]
        return (last.tokens - credit) * goes["input_uncached"] + credit * goes["cache_read"] - read


def _idle_s(world: World, turn: int) -> float:
    return world.turns[turn][0].at - world.turns[turn - 1][-1].at
