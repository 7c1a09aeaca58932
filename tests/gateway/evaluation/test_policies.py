"""Each policy does what its name says, and nobody beats the oracle without breaking the rule."""

import itertools

import pytest

from gateway.evaluation.policies import POLICIES, oracle, play
from gateway.evaluation.policies_trace import read_sessions
from gateway.evaluation.policies_world import CODE, GENERAL, PAIRS, World
from gateway.metering.prices import PriceBook
from tests.gateway.evaluation.sessions import written

AT = 1_795_500_000.0
MIXED = (True, False, False, True, False, True)


@pytest.fixture(params=[30.0, 90.0, 400.0])
def world(request, tmp_path):
    (session,) = read_sessions(written(tmp_path, gap_s=request.param))
    return World(session, PAIRS[1], PriceBook.load(()), AT)


def test_switches_and_broken_turns_are_counted(world):
    assert (play(world, MIXED, POLICIES["always code"]).switches, play(world, MIXED, POLICIES["always general"]).broken) == (0, 3)
    followed = play(world, MIXED, POLICIES["by kind"])
    assert (followed.switches, followed.broken) == (4, 0)
    assert play(world, (False, *MIXED[1:]), POLICIES["pin first"]).broken == 2
    assert play(world, MIXED, POLICIES["five minutes"]).switches <= 1


def test_ours_never_breaks_the_rule(world):
    for kinds in itertools.product((True, False), repeat=6):
        assert play(world, kinds, POLICIES["pointsman"]).broken == 0


def test_the_oracle_is_the_cheapest_of_all_ways(world):
    for kinds in (MIXED, (False,) * 6, (False, True, False, False, False, True)):
        ways = [()]
        for code in kinds:
            ways = [(*way, model) for way in ways for model in ((CODE,) if code else (CODE, GENERAL))]
        cheapest = min(play(world, kinds, lambda w, turn, k, p, way=way: way[turn]).picos for way in ways)
        found = oracle(world, kinds)
        assert found.picos == pytest.approx(cheapest, rel=1e-12)
        assert found.broken == 0
