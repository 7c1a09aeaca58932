"""Each policy does what its name says, and nobody beats the oracle without breaking the rule."""

import itertools

import pytest

from gateway.evaluation.policies import OURS, POLICIES, oracle, play
from gateway.evaluation.policies_trace import read_sessions
from gateway.evaluation.policies_world import CODE, GENERAL, PAIRS, World
from gateway.metering.prices import PriceBook
from routing.ahead import SHIPPED
from routing.stay import STAYS
from tests.gateway.evaluation.sessions import written

AT = 1_795_500_000.0
MIXED = (True, False, False, True, False, True)


@pytest.fixture(params=[30.0, 90.0, 400.0])
def world(request, tmp_path):
    (session,) = read_sessions(written(tmp_path, gap_s=request.param))
    return World(session, PAIRS[1], PriceBook.load(()), AT)


def played(world, kinds, name):
    return play(world, kinds, POLICIES[name](SHIPPED))


def test_switches_and_broken_turns_are_counted(world):
    assert (played(world, MIXED, "always code").switches, played(world, MIXED, "always general").broken) == (0, 3)
    followed = played(world, MIXED, "by kind")
    assert (followed.switches, followed.broken) == (4, 0)
    assert played(world, (False, *MIXED[1:]), "pin first").broken == 2


@pytest.mark.parametrize("name", list(POLICIES)[: list(POLICIES).index(OURS) + 1])
def test_those_up_to_ours_never_break_the_rule(world, name):
    for kinds in itertools.product((True, False), repeat=6):
        assert played(world, kinds, name).broken == 0


def test_every_turn_that_is_weighed_has_a_reason(world):
    told = played(world, MIXED, OURS)
    assert sum(told.reasons.values()) >= 2
    assert set(told.reasons) <= {"cache_worth_more", "return_costs_more", "saves_more", "cold_anyway", "work_demands"}
    assert told.switches == sum(count for word, count in told.reasons.items() if word not in STAYS)


def test_the_oracle_is_the_cheapest_of_all_ways(world):
    for kinds in (MIXED, (False,) * 6, (False, True, False, False, False, True)):
        ways = [()]
        for code in kinds:
            ways = [(*way, model) for way in ways for model in ((CODE,) if code else (CODE, GENERAL))]
        cheapest = min(play(world, kinds, lambda w, turn, k, p, way=way: way[turn]).picos for way in ways)
        found = oracle(world, kinds)
        assert found.picos == pytest.approx(cheapest, rel=1e-12)
        assert found.broken == 0
