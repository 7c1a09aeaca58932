"""Threads of several processes: what one remembers the others recall, the newest of it, and cheaply."""

import mmap
import time

import msgspec
import pytest
from msgspec.structs import replace

from cache.board import Board
from cache.shared_threads import SharedThreads
from cache.standing import Standing
from cache.stores.disk import DiskStore
from cache.stores.memory import MemoryStore
from cache.threads import BOUNDARIES_MAX, Threads
from cache.types import Boundary, ThreadRecord, Visit
from cache.visits import BOUNDARIES_KEPT, VISITS_MAX
from gateway.workers.share import THREAD_BYTES

NOW = 1_000_000.0
BUCKETS, SLOT = 64, 2048
RECORD = ThreadRecord(
    thread="t", team="payments", client="codex", user="u" * 20, session="s" * 36, route="code", model="gpt-6.1-sol",
    served="gpt-6.1-sol-2026-09-01", provider="openai", upstream="openai", dialect="responses", started_at=NOW,
    last_end=NOW, requests=1, cached_tokens=40_000,
    boundaries=tuple(Boundary(f"{n:032x}", n * 10_000, n * 2_000) for n in range(BOUNDARIES_MAX)),
)  # fmt: skip


@pytest.fixture
def memory():
    return mmap.mmap(-1, Board.size(BUCKETS, SLOT))


def made(memory, store=None, capacity=100, wall=lambda: NOW):
    return SharedThreads(store or MemoryStore(), capacity, 1e6, Board(memory, BUCKETS, SLOT), 7, wall)


@pytest.fixture
def two(memory):
    pair = made(memory), made(memory)
    yield pair
    for each in pair:
        each.close()


def test_the_other_recalls_at_once_what_was_remembered(two):
    one, other = two
    one.remember(RECORD)
    assert other.recall("t", "payments") == RECORD
    assert other.recall("t", "search") is None
    later = replace(RECORD, last_end=NOW + 1, requests=2)
    other.remember(later)
    assert one.recall("t", "payments") == later


def test_what_has_been_seen_is_not_decoded_again(two):
    one, other = two
    one.remember(RECORD)
    first = other.recall("t", "payments")
    assert other.recall("t", "payments") is first
    assert one.recall("t", "payments") is RECORD


def test_the_newer_of_two_answers_stays(two):
    one, other = two
    later = replace(RECORD, last_end=NOW + 1)
    one.remember(later)
    other.remember(RECORD)
    assert one.recall("t", "payments") == later
    assert other.recall("t", "payments") == later


def test_what_the_board_has_lost_is_in_the_store(memory, tmp_path):
    one, other = made(memory, DiskStore(tmp_path)), made(memory, DiskStore(tmp_path))
    one.remember(RECORD)
    assert other.recall("t", "payments") == RECORD
    later = replace(RECORD, last_end=NOW + 1)
    one.remember(later)
    assert one.flush(5)
    memory[:] = bytes(len(memory))
    assert other.recall("t", "payments") == later
    assert one.recall("t", "payments") == later
    one.close()
    other.close()


def test_what_is_on_no_board_and_in_no_store_is_still_known_here(memory):
    class Deaf(MemoryStore):
        def put(self, entries, keep_s):
            pass

    threads = made(memory, Deaf())
    threads.remember(RECORD)
    assert threads.flush(5)
    memory[:] = bytes(len(memory))
    assert threads.recall("t", "payments") == RECORD
    threads.close()


def test_a_record_of_another_thread_under_the_same_tag_is_none(two, monkeypatch):
    one, other = two
    monkeypatch.setattr(SharedThreads, "_tag", lambda self, key: 5)
    one.remember(RECORD)
    one.remember(replace(RECORD, thread="another", last_end=NOW + 1))
    assert other.recall("another", "payments").thread == "another"
    assert other.recall("t", "payments") is None


def test_names_that_cannot_be_written_stay_here(two):
    one, other = two
    odd = replace(RECORD, thread="lone \ud800 surrogate")
    one.remember(odd)
    assert one.recall(odd.thread, odd.team) == odd
    assert other.recall(odd.thread, odd.team) is None


def test_an_older_record_is_not_written_over_a_newer_one(memory, tmp_path):
    store = DiskStore(tmp_path)
    one, other = made(memory, store), made(memory, DiskStore(tmp_path))
    later = replace(RECORD, last_end=NOW + 1)
    one.remember(RECORD)  # written in a moment, and by then overtaken
    other.remember(later)
    assert other.flush(5)
    assert one.flush(5)
    plain = Threads(DiskStore(tmp_path), 10, 1e6, wall=lambda: NOW)
    assert plain.recall("t", "payments") == later
    for each in (one, other, plain):
        each.close()


def test_recent_threads_are_those_of_all(memory, tmp_path):
    one, other = made(memory, DiskStore(tmp_path)), made(memory, DiskStore(tmp_path))
    one.remember(RECORD)
    one.remember(replace(RECORD, thread="old", last_end=NOW - 5))
    other.remember(replace(RECORD, thread="mine", last_end=NOW - 1))
    other.remember(replace(RECORD, thread="old", last_end=NOW + 2))
    assert one.flush(5)
    assert other.flush(5)
    assert [(each.thread, each.last_end) for each in one.recent(10)] == [("old", NOW + 2), ("t", NOW), ("mine", NOW - 1)]
    assert [each.thread for each in one.recent(1)] == ["old"]
    one.close()
    other.close()


def test_forgotten_threads_are_not_recalled(memory):
    now = [NOW]
    threads = made(memory, wall=lambda: now[0])
    threads.remember(RECORD)
    now[0] += 2e6
    assert threads.recall("t", "payments") is None
    threads.close()


def test_a_record_of_a_thread_between_three_models_has_room():
    standing = Standing(NOW, 200_000, 190_000, 4_000, 150_000, 12_000, 300.0, 40, False, "f" * 32, "e" * 32)
    visit = Visit("claude-opus-5-5", "claude-opus-5-5-20260901", "anthropic", "anthropic", NOW, 3600.0, 190_000,
                  RECORD.boundaries[-BOUNDARIES_KEPT:], standing)  # fmt: skip
    full = replace(RECORD, standing=standing, visits=(visit,) * VISITS_MAX, parent="p" * 36, warned_at=NOW)
    assert len(msgspec.msgpack.encode(full)) < THREAD_BYTES - 100


def test_memory_is_bounded(memory):
    threads = made(memory, capacity=10)
    for number in range(100):
        threads.remember(replace(RECORD, thread=f"t{number}", last_end=NOW + number))
    assert len(threads._known) == 10
    assert set(threads._marks) <= set(threads._known)
    threads.close()


def test_sharing_costs_microseconds(memory):
    """Against the memory of one process: about 1 µs to recall and 3 µs to remember were measured."""
    shared, alone = made(memory), Threads(MemoryStore(), 100, 1e6, wall=lambda: NOW)
    records = [replace(RECORD, last_end=NOW + number) for number in range(1000)]
    shared_s, alone_s = _best(shared, records), _best(alone, records)
    shared.close()
    alone.close()
    assert shared_s[0] - alone_s[0] < 6e-6, (shared_s, alone_s)
    assert shared_s[1] - alone_s[1] < 15e-6, (shared_s, alone_s)


def _best(threads, records):
    recall = remember = 1.0
    for _ in range(20):
        began = time.perf_counter()
        for _ in records:
            threads.recall("t", "payments")
        recall = min(recall, time.perf_counter() - began)
        began = time.perf_counter()
        for record in records:
            threads.remember(record)
        remember = min(remember, time.perf_counter() - began)
    return recall / len(records), remember / len(records)
