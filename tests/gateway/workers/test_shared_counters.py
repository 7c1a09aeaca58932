"""Counters of budgets in shared memory: the same as in one process, only that all see them."""

import random

import pytest

from gateway.budgets.counters import LocalCounters
from gateway.workers.share import Share
from gateway.workers.shared_counters import SharedCounters


@pytest.fixture
def columns():
    made = Share.make(2)
    return [Share(made.descriptors, 2, mine).columns for mine in (0, 1)] + [made.columns]


def test_they_count_what_one_process_would_have_counted(columns):
    chance = random.Random(7)
    shared, alone = [SharedCounters.of_budgets(each) for each in columns], LocalCounters(1000)
    keys = [("month", team, who, 86_400, what) for team in "ab" for who in ("", "u") for what in ("spent", "unpriced")]
    keys += [("month", team, "", 0, "reserved") for team in "ab"]
    for _ in range(500):
        key, amount = chance.choice(keys), chance.randrange(-5, 10**13)
        assert chance.choice(shared).add(key, amount) == alone.add(key, amount)
        other = chance.choice(keys)
        assert chance.choice(shared).total(other) == alone.total(other)


def test_a_new_window_begins_at_nothing(columns):
    one, other, _ = (SharedCounters.of_budgets(each) for each in columns)
    one.add(("day", "a", "", 0, "spent"), 5)
    other.add(("day", "a", "", 0, "spent"), 6)
    assert one.add(("day", "a", "", 86_400, "spent"), 1) == 1
    assert other.total(("day", "a", "", 86_400, "spent")) == 1


def test_a_limit_sees_this_minute_and_the_last(columns):
    one, other, _ = (SharedCounters.of_pace(each) for each in columns)
    for minute in (10, 11):
        one.add(("limit", "a", "u", minute, "tokens"), minute)
        other.add(("limit", "a", "u", minute, "tokens"), minute)
    assert [one.total(("limit", "a", "u", minute, "tokens")) for minute in (9, 10, 11)] == [0, 20, 22]
    one.add(("limit", "a", "u", 12, "tokens"), 1)
    assert [other.total(("limit", "a", "u", minute, "tokens")) for minute in (11, 12)] == [22, 1]


def test_what_a_dead_worker_had_reserved_is_free(columns):
    one, other, _ = (SharedCounters.of_budgets(each) for each in columns)
    one.add(("day", "a", "", 0, "reserved"), 5)
    one.add(("day", "a", "", 0, "spent"), 7)
    columns[2].begin(0)
    assert other.total(("day", "a", "", 0, "reserved")) == 0
    assert other.total(("day", "a", "", 0, "spent")) == 7
