"""The life table of resting threads: what it says before it has seen any, and what it learns."""

from itertools import pairwise
from random import Random

import pytest

from cache.returns import ALL, EDGES_S, EXPECTED, FULL, RESTING_MAX, LocalCounts, Returns

NOW = 1_800_000_000.0
GIVEN_UP = 2 * EDGES_S[-1]


def never(key) -> float:
    return 0.0


def lived(returns: Returns, team: str, rests: int, share: float, luck: Random) -> None:
    """So many rests; of the threads that have rested a stretch, a share comes back in the next."""
    for _ in range(rests):
        gap = GIVEN_UP
        for start, end in pairwise((0.0, *EDGES_S)):
            if luck.random() < share:
                gap = (start + end) / 2
                break
        returns.rests((team, "t"), NOW)
        returns.came((team, "t"), NOW + gap)


def test_before_anything_was_seen_it_says_what_others_did():
    returns = Returns()
    assert returns.chance("a", 300, 600) == pytest.approx(EXPECTED[1])
    assert returns.chance("a", 300, 900) == pytest.approx(1 - (1 - EXPECTED[1]) * (1 - EXPECTED[2]))
    assert returns.chance("a", 285, 585) > EXPECTED[1], "the end of the first five minutes is in it"
    assert returns.chance("a", 30_000, 40_000) == 0.0, "given up"
    chances = [returns.chance("a", idle, idle + 300) for idle in range(300, 3600, 300)]
    assert all(0 < chance < 1 for chance in chances)


def test_it_learns_the_share_that_comes_back():
    returns = Returns()
    lived(returns, "a", 1900, 0.5, Random(1))
    for stretch in (1, 2):
        start, end = EDGES_S[stretch - 1], EDGES_S[stretch]
        assert returns.chance("a", start, end) == pytest.approx(0.5, abs=0.07)


def test_a_team_has_its_own_habits_and_a_new_one_those_of_all():
    returns = Returns()
    lived(returns, "busy", 300, 0.8, Random(2))
    lived(returns, "gone", 300, 0.02, Random(3))
    busy, gone, new = (returns.chance(team, 300, 600) for team in ("busy", "gone", "new"))
    assert busy > new > gone


def test_who_still_rests_counts_for_what_was_rested_through():
    returns = Returns()
    for number in range(400):
        returns.rests(("a", str(number)), NOW)
    returns.tick(NOW + 700, never)
    assert returns.chance("a", 300, 600) < EXPECTED[1] / 5
    assert returns.chance("a", 600, 900) == pytest.approx(EXPECTED[2]), "nobody has rested that yet"


def test_an_answer_by_another_worker_is_a_return():
    returns = Returns()
    for number in range(200):
        returns.rests(("a", str(number)), NOW)
    returns.tick(NOW + 650, lambda key: NOW + 450)
    assert returns.chance("a", 300, 600) > 0.8


def test_a_thread_at_work_keeps_one_place():
    returns = Returns()
    for second in range(0, 3000, 3):
        returns.came(("a", "t"), NOW + second)
        returns.rests(("a", "t"), NOW + second + 1)
        returns.tick(NOW + second + 2, never)
    assert len(returns._due) == len(returns._resting) == 1
    returns.tick(NOW + 100_000, never)
    assert not returns._due
    assert not returns._resting


def test_it_is_bounded():
    counts = LocalCounts()
    returns = Returns(counts)
    for number in range(RESTING_MAX + 10):
        returns.rests((str(number), "t"), NOW)
    assert len(returns._resting) == RESTING_MAX
    returns.tick(NOW + 100_000, never)
    assert len(counts._tables) == 1 + 1000
    assert all(sum(counts.seen(ALL, stretch)) <= FULL for stretch in range(len(EDGES_S)))
