"""Policies for threads with two kinds of turns, played on recorded sessions: what each spends, how often it moves a thread,
and how many turns of code it gives to the general model, which is the quality rule it breaks.
"""

from collections.abc import Callable, Sequence

from msgspec import Struct

from gateway.evaluation.policies_world import CODE, GENERAL, World
from gateway.scales import Party, kept, weighed
from routing.stay import choose

WINDOW_S = 300.0
SWITCHES_SHARE = 0.2
"""Plano's published rule: a session stays for five minutes after its last request, and at most a fifth of its turns
switch."""


class Played(Struct):
    """What came of a policy over sessions. Dollars in pico-dollars."""

    picos: float = 0.0
    switches: int = 0
    broken: int = 0
    """Turns of code on the general model."""

    def add(self, other: "Played") -> None:
        self.picos += other.picos
        self.switches += other.switches
        self.broken += other.broken


class Past(Struct):
    """What a policy may know: the turns so far, and where they went."""

    last: list[int]
    """The last turn of each model; -1 for none."""
    now: int = -1
    """The model of the last turn; -1 before the first."""
    switches: int = 0
    requests: int = 0


Policy = Callable[[World, int, Sequence[bool], Past], int]


def always_code(world: World, turn: int, kinds: Sequence[bool], past: Past) -> int:
    return CODE


def always_general(world: World, turn: int, kinds: Sequence[bool], past: Past) -> int:
    return GENERAL


def pin_first(world: World, turn: int, kinds: Sequence[bool], past: Past) -> int:
    """Where the first turn's kind says, for good."""
    return _by_kind(kinds[0])


def by_kind(world: World, turn: int, kinds: Sequence[bool], past: Past) -> int:
    """Where each turn's kind says, whatever the caches hold."""
    return _by_kind(kinds[turn])


def fixed_window(world: World, turn: int, kinds: Sequence[bool], past: Past) -> int:
    """It stays for five minutes; after that it goes where the turn's kind says, as long as switches are left."""
    if past.now < 0:
        return _by_kind(kinds[turn])
    idle_s = world.turns[turn][0].at - world.turns[turn - 1][-1].at
    spent = past.switches + 1 > SWITCHES_SHARE * (turn + 1)
    return past.now if idle_s <= WINDOW_S or spent else _by_kind(kinds[turn])


def economic(world: World, turn: int, kinds: Sequence[bool], past: Past) -> int:
    """The gateway's own sum (`routing.stay`), with code as the demanding route."""
    if kinds[turn] or past.now < 0:
        return _by_kind(kinds[turn])
    if past.now == GENERAL:
        return GENERAL  # the work is its own: nothing is weighed
    sent = world.turns[turn][0]
    own, other = _party(world, turn, CODE, past), _party(world, turn, GENERAL, past)
    cold = own.expected(0.0) < 0.5 * sent.tokens
    return GENERAL if choose(weighed(sent.tokens, past.requests, own, other, cold), demanded=False).goes else CODE


def _party(world: World, turn: int, model: int, past: Past) -> Party:
    sent = world.turns[turn][0]
    rates = world.rates(model, sent.tokens)
    kinds = rates.kinds
    return Party(
        read=kinds["cache_read"],
        write=kinds[world.writes(rates, sent.tokens)],
        output=kinds["output"],
        kept=kept(world.tiers[model]),
        expected=lambda after_s: float(world.held(model, sent, past.last[model], after_s)),
    )


POLICIES: dict[str, Policy] = {
    "always code": always_code,
    "always general": always_general,
    "pin first": pin_first,
    "five minutes": fixed_window,
    "by kind": by_kind,
    "pointsman": economic,
}


def play(world: World, kinds: Sequence[bool], policy: Policy) -> Played:
    """One session under one policy, which sees nothing of what comes."""
    past, played = Past(last=[-1, -1]), Played()
    for turn, requests in enumerate(world.turns):
        model = policy(world, turn, kinds, past)
        played.picos += world.cost(turn, model, past.last[model])
        played.switches += past.now not in (-1, model)
        played.broken += kinds[turn] and model == GENERAL
        past.last[model], past.now = turn, model
        past.switches, past.requests = played.switches, past.requests + len(requests)
    return played


def oracle(world: World, kinds: Sequence[bool]) -> Played:
    """The cheapest way that keeps the quality rule, by one who knows what comes: over every place a cache was left."""
    best: dict[tuple[int, int], Played] = {(-1, -1): Played()}
    for turn, code in enumerate(kinds):
        reached: dict[tuple[int, int], Played] = {}
        for (now, other), so_far in best.items():
            for model in (CODE,) if code else (CODE, GENERAL):
                stays = model == now
                last = turn - 1 if stays else other
                left = other if stays else (turn - 1 if now >= 0 else -1)
                picos = so_far.picos + world.cost(turn, model, last)
                if (model, left) not in reached or picos < reached[model, left].picos:
                    switches = so_far.switches + (now >= 0 and not stays)
                    reached[model, left] = Played(picos=picos, switches=switches)
        best = reached
    return min(best.values(), key=lambda played: played.picos)


def _by_kind(code: bool) -> int:
    return CODE if code else GENERAL
