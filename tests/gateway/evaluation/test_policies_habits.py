"""Habits are counted from sessions, and a session is judged without its own."""

import pytest

from gateway.evaluation.policies_habits import folded, habits_of
from gateway.evaluation.policies_trace import Sent, Session


def session(name: str, lengths: tuple[int, ...], pause_s: float = 100.0) -> Session:
    at, tokens, turns = 0.0, 10_000, []
    for length in lengths:
        turn = []
        for _ in range(length):
            turn.append(Sent(at=at, tokens=tokens, output=200, blocks=((0, tokens),)))
            at, tokens = at + 10.0, tokens + 500
        turns.append(tuple(turn))
        at += pause_s - 10.0
    return Session(name=name, block=1, turns=tuple(turns))


def test_what_is_even_is_counted_as_it_is():
    habits = habits_of([session(f"s{number}", (4, 4, 4)) for number in range(10)])
    assert (habits.requests, habits.spread, habits.request_s, habits.added, habits.output) == (4.0, 0.0, 10.0, 500.0, 200.0)
    assert set(habits.pauses_s) == {100.0}


def test_threads_that_differ_tell_of_themselves_and_those_that_only_vary_do_not():
    differ = habits_of([session(f"s{number}", (1 + 19 * (number % 2),) * 10) for number in range(20)])
    vary = habits_of([session(f"s{number}", (1, 20) * 5) for number in range(20)])
    assert differ.weight < vary.weight


def test_long_threads_end_seldom():
    assert habits_of([session(f"s{n}", (2,) * 40) for n in range(5)]).ends > habits_of([session(f"s{n}", (2,)) for n in range(5)] + [session("l", (2, 2))]).ends


def test_a_session_is_judged_by_the_others():
    sessions = [session(f"s{number}", (3, 3)) for number in range(9)] + [session("odd", (300, 300))]
    found = folded(sessions, folds=5)
    assert found["odd"].requests == 3.0
    assert found["s4"].requests != found["s0"].requests > 3.0, "s4 is in the fold of the odd one"
    assert set(found) == {each.name for each in sessions}


@pytest.mark.parametrize("folds", [2, 5])
def test_every_session_is_in_one_fold(folds):
    assert len(folded([session(f"s{number}", (2, 2)) for number in range(11)], folds)) == 11
