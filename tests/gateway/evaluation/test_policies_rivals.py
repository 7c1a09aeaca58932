"""The rules of others do what was published of them."""

import pytest

from gateway.evaluation.policies import play
from gateway.evaluation.policies_rivals import OVERHEAD_SHARE, Past, Plano, next_request, window
from gateway.evaluation.policies_trace import read_sessions
from gateway.evaluation.policies_world import CODE, GENERAL, PAIRS, World
from gateway.metering.prices import PriceBook
from tests.gateway.evaluation.sessions import written

AT = 1_795_500_000.0
HAIKU, SONNET = PAIRS[0], PAIRS[1]


def world(folder, gap_s, pair, turns=6):
    (session,) = read_sessions(written(folder, turns=turns, gap_s=gap_s))
    return World(session, pair, PriceBook.load(()), AT)


def gone(world, policy, kinds):
    """Where each turn went."""
    went = []
    play(world, kinds, lambda *asked: went.append(policy(*asked)) or went[-1])
    return went


def test_the_window_holds_a_session_for_five_minutes_but_no_turn_of_code(tmp_path):
    kinds = (True, False, False, True, False, True)
    assert gone(world(tmp_path, 90.0, HAIKU), window, kinds) == [CODE] * 6
    assert gone(world(tmp_path, 400.0, HAIKU), window, kinds) == [CODE, GENERAL, GENERAL, CODE, GENERAL, CODE]
    assert gone(world(tmp_path, 90.0, HAIKU), window, (False, False, True, False, False, True))[2:] == [CODE] * 4


def test_the_next_request_alone_decides(tmp_path):
    kinds = (True, False, True, False, False, True)
    assert gone(world(tmp_path, 90.0, HAIKU), next_request, kinds)[1] == GENERAL, "to write there is less than to read here"
    assert gone(world(tmp_path, 90.0, SONNET), next_request, kinds) == [CODE] * 6, "here it is more"
    assert gone(world(tmp_path, 400.0, SONNET), next_request, kinds)[1] == GENERAL, "and a cold prompt is written anyhow"


def test_planos_free_switch_is_one_that_cannot_be_undone(tmp_path):
    went = gone(world(tmp_path, 90.0, HAIKU), Plano(), (True, False, True, True, True, True))
    assert went == [CODE] + [GENERAL] * 5, "the way back is dearer than a fifth of what was read"
    kept = gone(world(tmp_path, 90.0, HAIKU), Plano(keeps=True), (True, False, True, True, True, True))
    assert kept == [CODE, GENERAL, CODE, CODE, CODE, CODE]


def test_planos_session_begins_anew_after_five_minutes(tmp_path):
    kinds = (True, False, True, False, True, False)
    assert gone(world(tmp_path, 400.0, SONNET), Plano(), kinds) == [CODE, GENERAL] * 3
    assert gone(world(tmp_path, 90.0, SONNET), Plano(), kinds) == [CODE] * 6


def test_planos_budget_is_a_fifth_of_never_switching(tmp_path):
    played, policy = world(tmp_path, 60.0, SONNET, turns=600), Plano()
    past, tokens = Past(last=[0, -1], now=CODE), 96_000
    assert policy(played, 0, (True,), Past(last=[-1, -1])) == CODE
    dear = tokens * (2_000_000 - 200_000)
    for turn in range(1, 600):
        past.last[CODE] = turn - 1
        read = sum(sent.tokens for turn_ in played.turns[:turn] for sent in turn_) * 200_000
        if policy(played, turn, (False,) * 600, past) == GENERAL:
            assert dear < OVERHEAD_SHARE * read * 1.1
            break
        assert dear * 4 > OVERHEAD_SHARE * read * 0.5
    else:
        pytest.fail("a long session may switch once")
