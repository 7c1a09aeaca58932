"""Columns: each writes its own, everybody reads the sum."""

import mmap

import pytest

from gateway.workers import columns
from gateway.workers.columns import AMOUNT_MAX, HELD, NEAR, PACE, SPENT, Columns


@pytest.fixture
def memory():
    return mmap.mmap(-1, Columns.size(3))


@pytest.fixture
def three(memory):
    return [Columns(memory, 3, mine) for mine in range(3)]


def test_who_is_inside_is_asked_of_all(three):
    for number, each in enumerate(three):
        each.inside = number
        each.inside += 1
    assert [each.inside for each in three] == [1, 2, 3]
    assert {each.inside_all() for each in three} == {6}


def test_a_new_worker_begins_with_nobody_inside_and_the_same_sums(three):
    three[1].inside = 5
    three[1].close_one()
    three[1].add(SPENT, "payments", 1, 7)
    assert three[0].closed(1) == 1
    three[0].begin(1)
    assert (three[0].inside_all(), three[0].closed(1), three[0].total(SPENT, "payments", 1)) == (0, 0, 7)
    assert three[1].add(SPENT, "payments", 1, 1) == 8


def test_what_a_dead_worker_held_is_held_no_more(three):
    three[1].add(HELD, "payments", 0, 7)
    assert three[2].add(HELD, "payments", 0, 1) == 8
    three[0].begin(1)
    assert three[0].total(HELD, "payments", 0) == 1


def test_tables_are_apart(three):
    three[0].add(PACE, "payments", 1, 7)
    assert three[1].total(SPENT, "payments", 1) == three[1].total(HELD, "payments", 1) == 0
    assert three[1].total(PACE, "payments", 1) == 7


def test_sums_are_of_all_and_of_one_window(three):
    assert three[0].add(SPENT, "payments", 1, 10) == 10
    assert three[1].add(SPENT, "payments", 1, 5) == 15
    assert three[2].add(SPENT, "search", 1, 3) == 3
    assert three[2].total(SPENT, "payments", 1) == 15
    assert three[0].add(SPENT, "payments", 2, 1) == 1  # a new month
    assert three[1].total(SPENT, "payments", 2) == 1
    assert three[1].total(SPENT, "payments", 1) == 5
    assert three[1].add(SPENT, "payments", 2, -4) == -3
    assert three[2].total(SPENT, "nobody", 1) == 0


def test_a_sum_does_not_turn_over(three):
    three[0].add(SPENT, "payments", 1, AMOUNT_MAX)
    assert three[0].add(SPENT, "payments", 1, 5) == AMOUNT_MAX
    assert three[1].add(SPENT, "payments", 1, AMOUNT_MAX) == 2 * AMOUNT_MAX


def test_where_there_is_no_room_the_oldest_window_gives_way(three, monkeypatch):
    monkeypatch.setattr(columns, "tag_of", lambda name, seed: (int(name) + 1) * SPENT.places * 2)  # all at one place
    for number in range(NEAR):
        three[0].add(SPENT, str(number), 100 + number, 1)
    three[0].add(SPENT, "99", 500, 7)
    assert three[1].total(SPENT, "99", 500) == 7
    assert three[1].total(SPENT, "0", 100) == 0
    assert three[0].total(SPENT, "0", 100) == 0
    assert all(three[1].total(SPENT, str(number), 100 + number) == 1 for number in range(1, NEAR))


def test_a_sum_of_nothing_gives_way_before_any_other(three, monkeypatch):
    monkeypatch.setattr(columns, "tag_of", lambda name, seed: (int(name) + 1) * SPENT.places * 2)
    for number in range(NEAR):
        three[0].add(SPENT, str(number), number, 1)
    three[0].add(SPENT, "20", 20, -1)
    three[0].add(SPENT, "99", 500, 7)
    assert three[1].total(SPENT, "0", 0) == 1
    assert three[1].total(SPENT, "99", 500) == 7


def test_what_is_remembered_of_places_is_bounded(three, monkeypatch):
    monkeypatch.setattr(columns, "KNOWN_MAX", 10)
    for number in range(100):
        three[0].add(SPENT, str(number), 1, number)
    assert len(three[0]._known) <= 20
    assert all(three[0].total(SPENT, str(number), 1) == number for number in range(100))
