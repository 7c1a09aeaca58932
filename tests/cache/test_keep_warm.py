"""When a ping pays: at the prices of the day, over simulated rests, and until it is seen to be of no use."""

from random import Random

import pytest

from cache.keep_warm import BARRED_S, Proof, due, is_worth
from cache.returns import EDGES_S, EXPECTED, Returns

NOW = 1_800_000_000.0
PROMPT = 100_000
HERE = ("anthropic", "claude-opus-5-5")


@pytest.mark.parametrize(
    ("read", "write", "threshold"),
    [(0.1, 1.25, 0.087), (0.05, 1.25, 0.042), (0.025, 1.25, 0.0204), (0.1, 2.0, 0.0526), (0.1, 1.0, 0.111)],
)
def test_the_threshold_is_the_read_price_over_what_a_read_saves(read, write, threshold):
    warm, cold = int(read * PROMPT), int(write * PROMPT)
    assert is_worth(threshold * 1.02, warm, cold, 0)
    assert not is_worth(threshold * 0.98, warm, cold, 0)


def test_pings_never_cost_more_than_they_can_save():
    warm, cold = 10_000, 125_000
    assert is_worth(1.0, warm, cold, 10)
    assert not is_worth(1.0, warm, cold, 11)


@pytest.mark.parametrize(("lifetime_s", "ahead_s"), [(300.0, 15.0), (1800.0, 60.0), (3600.0, 60.0), (60.0, 10.0)])
def test_it_leaves_before_the_promise_is_over(lifetime_s, ahead_s):
    assert due(NOW, lifetime_s) == NOW + lifetime_s - ahead_s


def rested(luck: Random) -> float:
    """How long a thread rests, by what is expected; infinite for one nobody comes back to."""
    start = 0.0
    for end, share in zip(EDGES_S, EXPECTED, strict=True):
        if luck.random() < share:
            return luck.uniform(start, end)
        start = end
    return float("inf")


def paid(rest_s: float, warm: int, cold: int, returns: Returns, lifetime_s: float = 300.0) -> tuple[int, int, int]:
    """For one rest: with pings, without, and how many there were."""
    read_at, pings, idle_s = 0.0, 0, due(0.0, lifetime_s)
    while idle_s < rest_s and is_worth(returns.chance("a", idle_s, idle_s + lifetime_s), warm, cold, pings):
        pings, read_at = pings + 1, idle_s
        idle_s = due(read_at, lifetime_s)
    back = 0 if rest_s == float("inf") else 1
    with_pings = pings * warm + back * (warm if rest_s <= read_at + lifetime_s else cold)
    return with_pings, back * (warm if rest_s <= lifetime_s else cold), pings


@pytest.mark.parametrize(("read", "most"), [(0.1, 5), (0.05, 12), (0.025, 25)])
def test_over_many_rests_pings_save_money(read, most):
    luck, returns = Random(7), Returns()
    warm, cold = int(read * PROMPT), int(1.25 * PROMPT)
    rests = [paid(rested(luck), warm, cold, returns) for _ in range(20_000)]
    kept, alone = (sum(each[number] for each in rests) for number in (0, 1))
    assert kept < 0.97 * alone
    longest = max(each[2] for each in rests)
    assert 3 <= longest <= most, "the cheaper a read, the longer it is worth waiting"


def test_two_useless_pings_in_a_row_are_proof():
    proof = Proof()
    assert not proof.useless(HERE, NOW)
    proof.renewed(HERE)
    assert not proof.useless(HERE, NOW)
    assert not proof.bars(HERE, NOW)
    assert proof.useless(HERE, NOW)
    assert proof.bars(HERE, NOW + BARRED_S - 1)
    assert not proof.bars(("anthropic", "claude-haiku-5-5"), NOW)
    assert not proof.bars(HERE, NOW + BARRED_S + 1), "after a day it is tried again"


def test_it_is_bounded():
    proof = Proof()
    for number in range(2000):
        proof.useless(("u", str(number)), NOW)
    assert len(proof._trials) == 1000
