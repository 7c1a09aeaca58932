"""Policies for threads with two kinds of turns, played on recorded sessions: what each spends, how often it moves a thread,
and how many turns of code it gives to the general model, which is the quality rule it breaks.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct, field

from gateway.evaluation.policies_rivals import (
    Past,
    Plano,
    always_code,
    always_general,
    by_kind,
    next_request,
    pin_first,
    suited,
    window,
)
from gateway.evaluation.policies_world import CODE, GENERAL, World
from gateway.scales import kept, weighed
from routing.ahead import SHIPPED, Behind, Habits, Party
from routing.stay import choose

OURS = "pointsman"

Policy = Callable[[World, int, Sequence[bool], Past], int]


class Played(Struct):
    """What came of a policy over a session. Dollars in pico-dollars."""

    picos: float = 0.0
    switches: int = 0
    broken: int = 0
    """Turns of code on the general model."""
    reasons: Counter[str] = field(default_factory=Counter)
    """What the gateway's own sum gave as its reasons; other policies give none."""


class Economic:
    """The gateway's own sum (`routing.stay`), with code as the demanding route."""

    def __init__(self, habits: Habits = SHIPPED) -> None:
        self._habits = habits
        self.reasons: Counter[str] = Counter()

    def __call__(self, world: World, turn: int, kinds: Sequence[bool], past: Past) -> int:
        wanted = suited(kinds[turn])
        if past.now in (-1, wanted):
            return wanted  # the work is its own: nothing is weighed
        own, other = self._party(world, turn, past.now, past), self._party(world, turn, wanted, past)
        sent = world.turns[turn][0]
        cold = own.expected(0.0) < 0.5 * sent.tokens
        alike = [kinds[place + 1] for place in range(turn) if suited(kinds[place]) == wanted]
        again = sum(suited(kind) == wanted for kind in alike)
        behind = Behind(requests=past.requests, turns=turn, alike=len(alike), again=again)
        scales = weighed(sent.tokens, behind, own, other, cold, habits=self._habits)
        choice = choose(scales, demanded=wanted == CODE)
        self.reasons[choice.word] += 1
        return wanted if choice.goes else past.now

    def _party(self, world: World, turn: int, model: int, past: Past) -> Party:
        sent = world.turns[turn][0]
        rates = world.rates(model, sent.tokens)
        return Party(
            read=rates.kinds["cache_read"],
            write=rates.kinds[world.writes(rates, sent.tokens)],
            output=rates.kinds["output"],
            kept=kept(world.tiers[model], self._habits),
            expected=lambda after_s: float(world.held(model, sent, past.last[model], after_s)),
        )


POLICIES: Mapping[str, Callable[[Habits], Policy]] = {
    "always code": lambda habits: always_code,
    "by kind": lambda habits: by_kind,
    "next request": lambda habits: next_request,
    "five minutes, code goes": lambda habits: window,
    "Plano's rule, code goes": lambda habits: Plano(keeps=True),
    OURS: Economic,
    "always general": lambda habits: always_general,
    "pin first": lambda habits: pin_first,
    "Plano's rule": lambda habits: Plano(),
}
"""Each makes a policy for one session. Those above ours keep the rule, as it does; those below break it."""


def play(world: World, kinds: Sequence[bool], policy: Policy) -> Played:
    """One session under one policy, which sees nothing of what comes."""
    past, played = Past(last=[-1, -1]), Played()
    for turn, requests in enumerate(world.turns):
        model = policy(world, turn, kinds, past)
        played.picos += world.cost(turn, model, past.last[model])
        played.switches += past.now not in (-1, model)
        played.broken += kinds[turn] and model == GENERAL
        past.last[model], past.now = turn, model
        past.requests += len(requests)
    if isinstance(policy, Economic):
        played.reasons = policy.reasons
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
