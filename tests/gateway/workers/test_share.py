"""Shared memory: what one opening writes, another reads; it has no name in any folder."""

import os

from gateway.workers.share import Share


def test_two_openings_are_one_memory():
    made = Share.make(2)
    again = Share([os.dup(each) for each in made.descriptors], 2, 1)
    made.threads.put(5, b"thread", 1.0)
    again.minted.put(6, b"id", 1.0)
    again.columns.inside = 3
    assert again.threads.get(5) == b"thread"
    assert made.minted.get(6) == b"id"
    assert made.columns.inside_all() == 3


def test_it_is_inherited_only_on_purpose_and_takes_room_only_as_used():
    made = Share.make(2)
    assert not any(os.get_inheritable(each) for each in made.descriptors)
    assert sum(os.fstat(each).st_blocks for each in made.descriptors) * 512 < 1024 * 1024
