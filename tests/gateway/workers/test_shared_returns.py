"""The life table of several workers: what one would have learned alone, whoever answers and wherever a thread comes back."""

from random import Random

import pytest

from cache.returns import ALL, EDGES_S, FULL, LocalCounts, Returns
from gateway.workers.share import Share
from gateway.workers.shared_returns import SharedCounts

NOW = 1_800_000_000.0


@pytest.fixture
def columns():
    made = Share.make(2)
    return [Share(made.descriptors, 2, mine).columns for mine in (0, 1)]


def test_two_count_what_one_would_have_counted(columns):
    luck, alone = Random(5), LocalCounts()
    shared = [SharedCounts(each) for each in columns]
    for _ in range(900):
        team, stretch, back = luck.choice([ALL, "a", "b"]), luck.randrange(len(EDGES_S)), luck.random() < 0.3
        alone.add(team, stretch, back)
        luck.choice(shared).add(team, stretch, back)
    for each in shared:
        each.refresh()
        assert all(
            each.seen(team, stretch) == alone.seen(team, stretch)
            for team in (ALL, "a", "b", "nobody")
            for stretch in range(len(EDGES_S))
        )


def test_what_is_full_is_halved_by_each_for_its_part(columns):
    one, two = (SharedCounts(each) for each in columns)
    for number in range(int(FULL)):
        (one, two)[number % 2].add("a", 1, back=number % 4 == 0)
    assert sum(one.seen("a", 1)) == FULL
    for counts in (one, two):
        counts.add("a", 1, back=False)
        counts.refresh()
    back, through = one.seen("a", 1)
    assert FULL / 2 - 2 <= back + through <= 3 * FULL / 4 + 2
    assert 0.1 < back / (back + through) < 0.4, "the share is about what it was"


def test_what_others_count_is_seen_a_second_later(columns):
    one, two = (SharedCounts(each) for each in columns)
    assert two.seen("a", 0) == (0.0, 0.0)
    one.add("a", 0, back=True)
    assert (one.seen("a", 0), two.seen("a", 0)) == ((1.0, 0.0), (0.0, 0.0))
    two.refresh()
    assert two.seen("a", 0) == (1.0, 0.0)


def test_a_worker_knows_what_the_others_learned_and_a_new_one_too(columns):
    one = Returns(SharedCounts(columns[0]))
    for number in range(300):
        key = ("a", str(number))
        one.rests(key, NOW)
        one.came(key, NOW + 310)
    two = Returns(SharedCounts(columns[1]))
    assert two.chance("a", 300, 600) == one.chance("a", 300, 600) > 0.9
    columns[0].begin(0)
    assert Returns(SharedCounts(columns[0])).chance("a", 300, 600) == two.chance("a", 300, 600)
