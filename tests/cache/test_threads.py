"""The memory of threads: what it keeps, for whom, through restarts and broken stores, and that it never waits."""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.fingerprint import Fingerprint, fingerprint
from cache.standing import Answered
from cache.stores.disk import DiskStore
from cache.stores.memory import MemoryStore
from cache.threads import BOUNDARIES_MAX, TEXT_MAX, Threads, _address, observed, remember
from cache.types import Freshness, ThreadRecord

FORGET_S = 1000.0


def record(thread: str = "t", team: str = "a", at: float | None = None, **more: object) -> ThreadRecord:
    return ThreadRecord(thread=thread, team=team, last_end=time.time() if at is None else at, **more)  # type: ignore[arg-type]


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def threads(store: MemoryStore) -> Iterator[Threads]:
    made = Threads(store, 3, FORGET_S)
    yield made
    made.close()


class SlowStore(MemoryStore):
    """A medium that hangs until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()
        self.batches: list[int] = []

    def put(self, entries: Mapping[bytes, bytes], keep_s: float) -> None:
        self.go.wait(10.0)
        self.batches.append(len(entries))
        super().put(entries, keep_s)


def test_teams_do_not_meet(threads: Threads) -> None:
    threads.remember(record(team="a", model="x"))
    threads.remember(record(team="b", model="y"))
    found = [threads.recall("t", team) for team in ("a", "b", "c")]
    assert [one.model if one is not None else None for one in found] == ["x", "y", None]


def test_nothing_is_lost_between_memory_and_store(threads: Threads, store: MemoryStore) -> None:
    records = [record(f"t{count}") for count in range(3)]
    for one in records:
        threads.remember(one)
    assert [threads.recall(one.thread, "a") for one in records] == records
    assert threads.flush(5.0)
    for count in range(3):
        threads.remember(record(f"more{count}"))
    assert [threads.recall(one.thread, "a") for one in records] == records
    assert len(store.newest(10)) >= 3


def test_a_restart_remembers(tmp_path: Path) -> None:
    one = Threads(DiskStore(tmp_path), 10, FORGET_S)
    one.remember(record("x", requests=1))
    one.remember(record("x", requests=2))
    one.remember(record("y", team="b"))
    one.close()
    two = Threads(DiskStore(tmp_path), 10, FORGET_S)
    found = two.recall("x", "a")
    assert found is not None
    assert found.requests == 2
    assert [each.thread for each in two.recent(5)] == ["y", "x"]
    assert [each.thread for each in two.recent(5, "a")] == ["x"]
    assert two.errors == 0
    two.close()


def test_recent_is_newest_first_and_merges_memory_with_the_store(store: MemoryStore) -> None:
    first = Threads(store, 10, FORGET_S)
    now = time.time()
    for count in range(4):
        first.remember(record(f"t{count}", at=now - count))
    assert first.flush(5.0)
    second = Threads(store, 10, FORGET_S)
    second.remember(record("t3", at=now + 5, requests=9))
    assert [each.thread for each in second.recent(3)] == ["t3", "t0", "t1"]
    assert second.recent(9)[0].requests == 9
    assert len(second.recent(9)) == 4
    assert second.recent(0) == []
    first.close()
    second.close()


def test_old_threads_are_forgotten(store: MemoryStore) -> None:
    clock = SimpleNamespace(now=0.0)
    threads = Threads(store, 10, FORGET_S, wall=lambda: clock.now)
    threads.remember(record(at=0.0))
    clock.now = FORGET_S
    assert threads.recall("t", "a") is not None
    clock.now = FORGET_S + 1
    assert threads.recall("t", "a") is None
    assert threads.recent(5) == []
    threads.close()


def test_writing_never_holds_up_a_request_and_is_bounded() -> None:
    store = SlowStore()
    threads = Threads(store, 50, FORGET_S)
    threads.remember(record("first"))
    assert not threads.flush(0.05)
    began = time.monotonic()
    for count in range(200):
        threads.remember(record(f"t{count}"))
    assert time.monotonic() - began < 1.0
    assert threads.recall("first", "a") is not None, "being written, and still known"
    assert threads.dropped == 150
    store.go.set()
    assert threads.flush(5.0)
    assert sum(store.batches) == 51
    assert (store.get(_address(("a", "t199"))) is not None, store.get(_address(("a", "t0")))) == (True, None)
    threads.close()


def test_only_the_newest_version_is_written() -> None:
    store = SlowStore()
    threads = Threads(store, 50, FORGET_S)
    for count in range(100):
        threads.remember(record(requests=count))
    store.go.set()
    threads.close()
    assert sum(store.batches) <= 2
    other = Threads(store, 50, FORGET_S)
    other.close()


def test_memory_is_bounded(threads: Threads) -> None:
    for count in range(50):
        threads.remember(record(f"t{count}"))
        threads.recall("t0", "a")
    assert threads.flush(5.0)
    assert len(threads._known) <= 3
    assert ("a", "t0") in threads._known, "used last, kept longest"


@pytest.mark.parametrize(
    "data", [b"", b"\x01", b"\x01junk", b"\x01\xc0", b"\x02" + msgspec.msgpack.encode(record()), b"\x80\x04N."]
)
def test_what_cannot_be_read_is_absent_and_counted(threads: Threads, store: MemoryStore, data: bytes) -> None:
    store.put({_address(("a", "t")): data}, 100.0)
    assert threads.recall("t", "a") is None
    assert threads.errors == 1
    assert threads.recent(5) == []


def test_a_record_under_a_foreign_key_is_not_believed(threads: Threads, store: MemoryStore) -> None:
    store.put({_address(("a", "t")): b"\x01" + msgspec.msgpack.encode(record(team="b"))}, 100.0)
    assert threads.recall("t", "a") is None


def test_fields_of_later_programs_are_passed_over(threads: Threads, store: MemoryStore) -> None:
    later = msgspec.msgpack.encode({**msgspec.to_builtins(record(model="m")), "novelty": [1]})
    store.put({_address(("a", "t")): b"\x01" + later}, 100.0)
    found = threads.recall("t", "a")
    assert found is not None
    assert found.model == "m"


class FailingStore(MemoryStore):
    """A medium with an error nobody foresaw, once."""

    failures = 1

    def put(self, entries: Mapping[bytes, bytes], keep_s: float) -> None:
        if self.failures:
            self.failures -= 1
            raise MemoryError
        super().put(entries, keep_s)

    def newest(self, limit: int) -> Sequence[bytes]:
        return super().newest(limit)


def test_the_writer_survives_a_store_that_fails() -> None:
    store = FailingStore()
    threads = Threads(store, 10, FORGET_S)
    threads.remember(record("lost"))
    assert threads.flush(5.0)
    threads.remember(record("kept"))
    assert threads.flush(5.0)
    assert threads.errors == 1
    assert list(store.newest(5)) == [_address(("a", "kept"))]
    threads.close()


def test_one_name_that_cannot_be_written_does_not_cost_the_others(threads: Threads, store: MemoryStore) -> None:
    threads.remember(record("good"))
    threads.remember(record("bad", client="\ud800"))
    assert threads.flush(5.0)
    assert list(store.newest(5)) == [_address(("a", "good"))]
    assert threads.errors == 1


def test_absurd_names_are_not_kept(threads: Threads) -> None:
    threads.remember(record("x" * (TEXT_MAX + 1)))
    assert threads.recall("x" * (TEXT_MAX + 1), "a") is None
    assert threads.recall("\ud800", "a") is None


def test_closing_twice_and_remembering_afterwards_is_harmless(threads: Threads) -> None:
    threads.close()
    threads.remember(record())
    assert threads.recall("t", "a") is not None
    threads.close()


# the next record


def prompt(count: int) -> Fingerprint:
    body = msgspec.json.encode({"messages": [{"role": "user", "content": str(each)} for each in range(count)]})
    return fingerprint("messages", msgspec.json.decode(body, type=dict[str, msgspec.Raw]), 1, b"a")


def answered(before: ThreadRecord | None, turns: int, model: str = "claude-opus-5-5", now: float = 5.0) -> ThreadRecord:
    return remember(
        before,
        thread="t",
        team="a",
        client="c" * 1000,
        user="u",
        agent="main",
        session="s",
        parent="p",
        route="code",
        model=model,
        served=model,
        provider="anthropic",
        upstream="up",
        dialect="messages",
        fingerprint=prompt(turns),
        answered=Answered(at=now, total=1000 + turns, read=0, out=0, begins_turn=False, granted_s=300.0),
        window_number=2,
        now=now,
        picos=10,
    )


def test_a_thread_adds_up() -> None:
    one = answered(None, 1)
    two = answered(one, 2, now=9.0)
    assert (two.requests, two.picos, two.started_at, two.last_end, two.cached_tokens) == (2, 20, 5.0, 9.0, 1002)
    assert [each.tokens for each in two.boundaries] == [1001, 1002]
    assert two.boundaries[0].size < two.boundaries[1].size
    assert len(two.client) == TEXT_MAX


def test_the_same_prompt_again_is_one_boundary() -> None:
    assert len(answered(answered(None, 3), 3).boundaries) == 1


def test_another_model_starts_its_boundaries_anew() -> None:
    assert len(answered(answered(None, 1), 2, model="claude-sonnet-5-5").boundaries) == 1


@given(st.lists(st.integers(1, 40), min_size=1, max_size=30))
def test_a_record_stays_small(turns: list[int]) -> None:
    made: ThreadRecord | None = None
    for count in turns:
        made = answered(made, count)
    assert made is not None
    assert len(made.boundaries) <= BOUNDARIES_MAX
    assert made.boundaries[-1].tokens == 1000 + turns[-1]
    assert len(msgspec.msgpack.encode(made)) <= 4096


# what happened


@pytest.mark.parametrize(
    ("expected", "read", "total", "word"),
    [
        (0, 500, 1000, "unknown"),
        (None, 500, 1000, "unknown"),
        (5000, 0, 6000, "miss"),
        (5000, 4744, 6000, "hit"),
        (5000, 4743, 6000, "partial"),
        (100_000, 98_000, 110_000, "hit"),
        (100_000, 97_999, 110_000, "partial"),
        (100_000, 9600, 20_000, "partial"),
        (100_000, 19_900, 20_000, "hit"),
        (100, 0, 200, "miss"),
    ],
)
def test_the_word_for_what_happened(expected: int | None, read: int, total: int, word: str) -> None:
    assert observed(Freshness(state="warm", reason="within_lifetime"), expected, read, total) == word


def test_a_first_call_is_no_miss() -> None:
    assert observed(Freshness(state="unknown", reason="first_call"), 5000, 0, 6000) == "unknown"


def test_a_prompt_too_short_to_be_cached_is_no_miss() -> None:
    assert observed(Freshness(state="cold", reason="below_minimum"), 500, 0, 600) == "unknown"
