"""Policies compared over many sessions: sums, and how sure they are.

Two things are left to chance: which sessions were recorded, and which of their turns are code. So whole sessions are drawn
again with replacement, each with one of its drawings of kinds (bootstrap: Efron 1979), and the sums compared each time.
"""

import random
from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct

from gateway.evaluation.policies import OURS, POLICIES, Played, oracle, play
from gateway.evaluation.policies_trace import Mix, Session, kinds
from gateway.evaluation.policies_world import Pair, World
from gateway.metering.prices import PriceBook
from gateway.metering.types import PICOS_PER_USD
from routing.ahead import Habits

ORACLE = "oracle"
SAMPLES = 1000
_TAIL = 0.025


class Line(Struct, frozen=True):
    """A policy, over all sessions; means over the drawings of kinds."""

    usd: float
    over_oracle: float
    low: float
    high: float
    """Bounds of 95 % of the samples of `over_oracle`."""
    switches: float
    code_turns_on_general: float
    ours_no_dearer: float
    """Share of samples in which ours costs as much as this one or less."""
    reasons: dict[str, float]


class Compared(Struct, frozen=True):
    """One pair of models under one mix."""

    pair: str
    mix: str
    lines: dict[str, Line]
    ours_cheapest: float
    """Share of samples in which no policy that keeps the quality rule is cheaper than ours."""
    draws_ours_cheapest: int
    """Drawings of kinds over the sessions as they are in which that is so."""


Row = Mapping[str, Played]
"""A session under one drawing: what each policy made of it."""


def compare(
    sessions: Sequence[Session],
    pair: Pair,
    mix: Mix,
    prices: PriceBook,
    at: float,
    habits: Mapping[str, Habits],
    seeds: Sequence[int],
) -> Compared:
    """Every policy on every session, in each drawing; `habits` are those that ours is to know of each session."""
    rows: list[list[Row]] = []
    for session in sessions:
        world = World(session, pair, prices, at)
        rows.append([_row(world, kinds(session, mix, seed), habits[session.name]) for seed in seeds])
    return _compared(pair.name, mix.name, rows)


def _row(world: World, drawn: Sequence[bool], habits: Habits) -> Row:
    row = {name: play(world, drawn, make(habits)) for name, make in POLICIES.items()}
    return row | {ORACLE: oracle(world, drawn)}


def _compared(pair: str, mix: str, rows: Sequence[Sequence[Row]]) -> Compared:
    names = (*POLICIES, ORACLE)
    draws = range(len(rows[0]))
    totals = [[sum([row[draw][name].picos for row in rows]) for name in names] for draw in draws]
    picos = [[[row[name].picos for name in names] for row in session] for session in rows]
    samples = _samples(picos)
    broken = {name: sum(row[name].broken for session in rows for row in session) for name in names}
    keeping = [names.index(name) for name in POLICIES if not broken[name]]
    ours, best = names.index(OURS), names.index(ORACLE)
    lines = {}
    for place, name in enumerate(names):
        over = sorted([sample[place] / sample[best] - 1 for sample in samples])
        each = [row[name] for session in rows for row in session]
        reasons = sum((played.reasons for played in each), Counter[str]())
        lines[name] = Line(
            usd=sum(total[place] for total in totals) / len(draws) / PICOS_PER_USD,
            over_oracle=sum(total[place] for total in totals) / sum(total[best] for total in totals) - 1,
            low=over[int(_TAIL * len(over))],
            high=over[int((1 - _TAIL) * len(over))],
            switches=sum(played.switches for played in each) / len(draws),
            code_turns_on_general=broken[name] / len(draws),
            ours_no_dearer=_share([sample[ours] <= sample[place] for sample in samples]),
            reasons={word: count / len(draws) for word, count in sorted(reasons.items())},
        )
    return Compared(
        pair=pair,
        mix=mix,
        lines=lines,
        ours_cheapest=_share([sample[ours] <= min([sample[place] for place in keeping]) for sample in samples]),
        draws_ours_cheapest=sum(total[ours] <= min([total[place] for place in keeping]) for total in totals),
    )


def _samples(picos: Sequence[Sequence[Sequence[float]]]) -> list[list[float]]:
    """Sums by policy, over sessions drawn with replacement."""
    chance = random.Random(0)  # noqa: S311 - it must repeat
    return [
        list(map(sum, zip(*[chance.choice(chance.choice(picos)) for _ in picos], strict=True))) for _ in range(SAMPLES)
    ]


def _share(found: Sequence[bool]) -> float:
    return sum(found) / len(found)
