"""Dollars of a turn by hand: what agrees and is young enough is read, the rest is written."""

import pytest

from gateway.evaluation.policies_trace import read_sessions
from gateway.evaluation.policies_world import CODE, GENERAL, PAIRS, World
from gateway.metering.prices import PriceBook
from tests.gateway.evaluation.sessions import written

AT = 1_795_500_000.0


def world(folder, gap_s, pair=0):
    (session,) = read_sessions(written(folder, gap_s=gap_s))
    return World(session, PAIRS[pair], PriceBook.load(()), AT)


def test_a_turn_costs_what_its_requests_do(tmp_path):
    played = world(tmp_path, 60.0)
    kinds = played.rates(CODE, 100_000).kinds
    first = 64 * 1500 * kinds["cache_write_5m"] + 100 * kinds["output"]
    second = 64 * 1500 * kinds["cache_read"] + 640 * kinds["cache_write_5m"] + 100 * kinds["output"]
    assert played.cost(0, CODE, -1) == first + second
    assert played.cost(1, CODE, 0) < played.cost(1, CODE, -1)


def test_what_is_too_old_is_written_again(tmp_path):
    played = world(tmp_path, 400.0)
    assert played.held(CODE, played.turns[1][0], 0) == 0
    assert played.cost(1, CODE, 0) == played.cost(1, CODE, -1)


@pytest.mark.parametrize("pair", range(len(PAIRS)))
def test_every_pair_has_prices_and_rules_and_the_general_model_is_cheaper(tmp_path, pair):
    played = world(tmp_path, 60.0, pair)
    assert played.cost(0, GENERAL, -1) < played.cost(0, CODE, -1)
    assert all(tier.minimum_s >= 300 for tier in played.tiers)
