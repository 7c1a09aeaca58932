"""Learning what becomes of caches: from documents, from answers, from other models, and anew after a change."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cache.curve import FLOOR, TURN, WHOLE, Chances, Outcome
from cache.survival import CURVES_MAX, Survival, Where, blamed, lesser

HERE = Where(
    family="anthropic",
    granted_s=300.0,
    kin="claude-opus",
    model="claude-opus-5-5",
    account="a",
    look="intact",
    turn="tool",
    standing="large",
)
weights = st.lists(st.floats(0.001, 1), min_size=4, max_size=4)


def taught(survival: Survival, where: Where, gap_s: float, outcome: Outcome, times: int) -> None:
    for number in range(times):
        survival.observe(where, gap_s, 300.0, 300.0, outcome, 1000.0 + number)


def kept(survival: Survival, where: Where, gap_s: float) -> float:
    return lesser(survival.chances(where, gap_s, 300.0, 300.0)[0], survival.chances(where, 0.0, 300.0, 300.0)[1])[WHOLE]


def test_documents_speak_before_anything_was_seen() -> None:
    fresh = Survival()
    assert fresh.chances(HERE, 100.0, 300.0, 300.0)[0][WHOLE] > 0.9
    assert fresh.chances(HERE, 900.0, 300.0, 300.0)[0][WHOLE] < 0.1
    assert fresh.foretold(HERE, 100.0, 300.0, 300.0)[2] == 0.0


def test_what_is_seen_outweighs_documents() -> None:
    survival = Survival()
    taught(survival, HERE, 600.0, WHOLE, 60)
    assert survival.chances(HERE, 600.0, 300.0, 300.0)[0][WHOLE] > 0.9
    assert survival.foretold(HERE, 600.0, 300.0, 300.0)[2] == pytest.approx(60.0, rel=0.05)


def test_another_model_learns_from_it_and_then_goes_its_own_way() -> None:
    survival = Survival()
    taught(survival, HERE, 600.0, WHOLE, 60)
    other = replace(HERE, model="claude-opus-9", account="b")
    assert survival.chances(other, 600.0, 300.0, 300.0)[0][WHOLE] > 0.8
    taught(survival, other, 600.0, FLOOR, 60)
    assert survival.chances(other, 600.0, 300.0, 300.0)[0][WHOLE] < 0.4
    assert survival.chances(HERE, 600.0, 300.0, 300.0)[0][WHOLE] > survival.chances(other, 600.0, 300.0, 300.0)[0][WHOLE] + 0.3


def test_a_changed_prompt_is_not_blamed_on_time() -> None:
    survival = Survival()
    taught(survival, HERE, 10.0, WHOLE, 200)
    edited = replace(HERE, look="edited", turn="user")
    taught(survival, edited, 10.0, FLOOR, 40)
    assert survival.chances(edited, 0.0, 300.0, 300.0)[1][FLOOR] > 0.7
    assert survival.chances(HERE, 10.0, 300.0, 300.0)[0][WHOLE] > 0.95


def test_a_lifetime_cut_without_notice_is_noticed_and_learned() -> None:
    """An hour granted, five minutes given, as in March 2026."""
    survival, chance, now = Survival(), random.Random(5), 0.0
    hour = replace(HERE, granted_s=3600.0)

    def pause() -> float:
        return 300.0 * math.exp(chance.random() * 2.2) if chance.random() < 0.1 else 8.0

    for _ in range(2000):
        gap_s = pause()
        now += gap_s
        survival.observe(hour, gap_s, 3600.0, 3600.0, WHOLE, now)
    assert not survival.shifted()
    losses = 0
    for _ in range(400):
        gap_s = pause()
        now += gap_s
        lost = gap_s > 316.0
        losses += lost
        survival.observe(hour, gap_s, 3600.0, 3600.0, FLOOR if lost else WHOLE, now)
        if survival.shifted():
            break
    assert losses <= 15
    for _ in range(200):
        gap_s = pause()
        now += gap_s
        survival.observe(hour, gap_s, 3600.0, 3600.0, FLOOR if gap_s > 316.0 else WHOLE, now)
    assert survival.chances(hour, 900.0, 3600.0, 3600.0)[0][WHOLE] < 0.4
    assert survival.chances(hour, 8.0, 3600.0, 3600.0)[0][WHOLE] > 0.95


def test_answers_that_follow_each_other_fast_are_learned_from_together_and_teach_the_same() -> None:
    fast, slow = Survival(), Survival()
    for number in range(400):
        outcome = FLOOR if number % 4 == 0 else WHOLE
        slow.observe(HERE, 600.0, 300.0, 300.0, outcome, 1000.0 + number)
        fast.observe(HERE, 600.0, 300.0, 300.0, outcome, 1000.0 + number / 1000)
    fast.catch_up(1001.0)
    assert kept(fast, HERE, 600.0) == pytest.approx(kept(slow, HERE, 600.0), abs=0.02)
    told = (fast.foretold(HERE, 600.0, 300.0, 300.0)[2], slow.foretold(HERE, 600.0, 300.0, 300.0)[2])
    assert told[0] == pytest.approx(told[1], rel=0.02)


def test_what_waits_is_kept_when_curves_are_saved() -> None:
    survival = Survival()
    for number in range(100):
        survival.observe(HERE, 10.0, 300.0, 300.0, WHOLE, 1000.0 + number / 1000)
    path = HERE.lasting()[0]
    assert sum(dict(survival.learned())[path].counts) == pytest.approx(100.0)


@given(weights, weights)
def test_the_lesser_of_two_is_a_distribution_below_either(one: list[float], other: list[float]) -> None:
    first, second = chances(one), chances(other)
    both = lesser(first, second)
    assert sum(both) == pytest.approx(1.0)
    assert min(both) >= -1e-9
    assert both[WHOLE] <= min(first[WHOLE], second[WHOLE]) + 1e-9
    for outcome in (WHOLE, TURN, FLOOR):
        assert 0.0 <= blamed(first, second, outcome) <= 1.0


def chances(weights: list[float]) -> Chances:
    total = sum(weights)
    one, two, three, four = (weight / total for weight in weights)
    return one, two, three, four


def test_accounts_cannot_fill_it() -> None:
    survival = Survival()
    for number in range(CURVES_MAX):
        survival.observe(replace(HERE, account=str(number), model=str(number)), 1.0, 300.0, 300.0, WHOLE, 1.0)
    assert len(survival.curves) <= CURVES_MAX
    assert kept(survival, replace(HERE, account="new", model="new"), 1.0) > 0.9
