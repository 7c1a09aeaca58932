"""One contract, both stores: against a dictionary, and what each promises beyond it."""

import os
import pickle
import sqlite3
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from diskcache import Cache
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from cache.stores.base import Store
from cache.stores.disk import DiskStore
from cache.stores.memory import MemoryStore

HOUR = 3600.0


@pytest.fixture(params=["memory", "disk"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    made: list[Store] = []

    def one() -> Store:
        made.append(MemoryStore() if request.param == "memory" else DiskStore(tmp_path / "store"))
        return made[-1]

    yield one
    for store in made:
        store.close()


def test_what_is_put_is_got_and_forgotten_in_time(make: Callable[[], Store]) -> None:
    store = make()
    store.put({b"a": b"1", b"b": b""}, HOUR)
    store.put({b"old": b"3"}, -1.0)
    assert [store.get(key) for key in (b"a", b"b", b"old", b"none")] == [b"1", b"", None, None]
    assert list(store.newest(10)) == [b"b", b"a"]
    assert store.errors == 0


def test_newest_means_written_last(make: Callable[[], Store]) -> None:
    store = make()
    for key in (b"a", b"b", b"c", b"a"):
        store.put({key: b"x"}, HOUR)
    assert list(store.newest(2)) == [b"a", b"c"]
    assert list(store.newest(0)) == []


def test_of_those_put_together_the_last_is_the_newest(make: Callable[[], Store]) -> None:
    store = make()
    store.put({b"a": b"1", b"b": b"1", b"c": b"1"}, HOUR)
    store.put({b"c": b"2", b"a": b"2"}, HOUR)
    assert list(store.newest(3)) == [b"a", b"c", b"b"]
    assert store.get(b"a") == b"2"


def test_a_closed_store_is_empty(make: Callable[[], Store]) -> None:
    store = make()
    store.put({b"a": b"1"}, HOUR)
    store.close()
    store.close()
    store.put({b"b": b"1"}, HOUR)
    store.delete(b"a")
    assert (store.get(b"a"), store.get(b"b"), list(store.newest(5))) == (None, None, [])


def test_threads_may_share_a_store(make: Callable[[], Store]) -> None:
    store = make()

    def work(name: bytes) -> None:
        for count in range(20):
            store.put({name + b"%d" % count: name}, HOUR)

    workers = [threading.Thread(target=work, args=(name,)) for name in (b"x", b"y")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert (len(store.newest(100)), store.errors) == (40, 0)


class AgainstADictionary(RuleBasedStateMachine):
    """A store and a dictionary in insertion order must always agree."""

    keys = st.binary(max_size=3)

    def __init__(self) -> None:
        super().__init__()
        self.store: Store = self.open()
        self.model: dict[bytes, bytes] = {}

    def open(self) -> Store:
        return MemoryStore()

    @rule(entries=st.dictionaries(keys, st.binary(max_size=50), max_size=4), keep_s=st.sampled_from([HOUR, -1.0]))
    def put(self, entries: dict[bytes, bytes], keep_s: float) -> None:
        self.store.put(entries, keep_s)
        for key, value in entries.items():
            self.model.pop(key, None)
            if keep_s > 0:
                self.model[key] = value

    @rule(key=keys)
    def delete(self, key: bytes) -> None:
        self.store.delete(key)
        self.model.pop(key, None)

    @rule(key=keys)
    def get(self, key: bytes) -> None:
        assert self.store.get(key) == self.model.get(key)

    @rule(limit=st.integers(0, 5))
    def newest(self, limit: int) -> None:
        assert list(self.store.newest(limit)) == list(reversed(self.model))[:limit]

    @invariant()
    def nothing_fails(self) -> None:
        assert self.store.errors == 0

    def teardown(self) -> None:
        self.store.close()


class DiskAgainstADictionary(AgainstADictionary):
    def open(self) -> Store:
        self.folder = tempfile.TemporaryDirectory()
        return DiskStore(self.folder.name)

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = DiskStore(self.folder.name)

    def teardown(self) -> None:
        super().teardown()
        self.folder.cleanup()


TestMemory = AgainstADictionary.TestCase
TestMemory.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestDisk = DiskAgainstADictionary.TestCase
TestDisk.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)


def test_memory_is_bounded_and_keeps_the_last_written() -> None:
    store = MemoryStore(entries_max=2)
    for key in (b"a", b"b", b"a", b"c"):
        store.put({key: b"x"}, HOUR)
    assert list(store.newest(9)) == [b"c", b"a"]


def test_memory_forgets_by_its_clock() -> None:
    clock = SimpleNamespace(now=0.0)
    store = MemoryStore(wall=lambda: clock.now)
    store.put({b"a": b"x"}, 10.0)
    clock.now = 10.0
    assert store.get(b"a") is None


# the disk


def planted(folder: Path, **columns: object) -> None:
    """A row as an intruder with access to the folder could write it."""
    row = {"raw": 1, "store_time": 1e9, "expire_time": 1e11, "access_time": 0, "mode": 1, "filename": None, **columns}
    with sqlite3.connect(folder / "cache.db") as connection:
        names, marks = ", ".join(row), ", ".join("?" * len(row))
        connection.execute(f"INSERT INTO Cache ({names}) VALUES ({marks})", tuple(row.values()))
    connection.close()


class Trap:
    """Unpickling this makes a folder."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.target),)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    DiskStore(tmp_path / "store").close()
    return tmp_path / "store"


def test_a_planted_pickle_is_never_opened(folder: Path, tmp_path: Path) -> None:
    pickled = pickle.dumps(Trap(tmp_path / "sprung"))
    (folder / "evil.val").write_bytes(pickled)
    planted(folder, key=b"inline", mode=4, value=pickled)
    planted(folder, key=b"file", mode=4, filename="evil.val", value=None)
    planted(folder, key=pickled, raw=0, mode=4, value=pickled)
    store = DiskStore(folder)
    assert (store.get(b"inline"), store.get(b"file")) == (None, None)
    assert store.errors == 2
    assert set(store.newest(10)) == {b"inline", b"file"}
    store.put({b"inline": b"ours"}, HOUR)
    assert store.get(b"inline") == b"ours"
    store.close()
    assert not (tmp_path / "sprung").exists()
    # the trap works: plain diskcache walks into it
    with Cache(str(folder)) as naive:
        naive.get(b"file")
    assert (tmp_path / "sprung").exists()


@pytest.mark.parametrize("mode", [1, 2, 3])
def test_rows_never_name_files(folder: Path, tmp_path: Path, mode: int) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    planted(folder, key=b"a", mode=mode, filename="../secret", value=None)
    store = DiskStore(folder)
    assert store.get(b"a") is None
    store.put({b"a": b"mine"}, HOUR)
    store.delete(b"a")
    store.close()
    assert secret.read_bytes() == b"secret"


@pytest.mark.parametrize("value", ["text", 7, 1.5, None])
def test_values_of_other_types_are_absent(folder: Path, value: object) -> None:
    planted(folder, key=b"a", value=value)
    store = DiskStore(folder)
    assert (store.get(b"a"), store.errors) == (None, 1)
    store.close()


@pytest.mark.parametrize("value", ["text", 7, bytearray(b"x")])
def test_only_bytes_go_in(folder: Path, value: object) -> None:
    store = DiskStore(folder)
    with pytest.raises(TypeError):
        store.put({b"a": value}, HOUR)  # type: ignore[dict-item]
    with pytest.raises(TypeError):
        store.put({"a": b"x"}, HOUR)  # type: ignore[dict-item]
    assert list(store.newest(5)) == []
    store.close()


def test_large_values_stay_inside(folder: Path) -> None:
    store = DiskStore(folder)
    store.put({b"a": b"x" * 100_000}, HOUR)
    assert store.get(b"a") == b"x" * 100_000
    store.close()
    assert {each.name for each in folder.iterdir()} <= {"cache.db", "cache.db-wal", "cache.db-shm"}


def test_the_folder_is_private(folder: Path) -> None:
    folder.chmod(0o755)
    DiskStore(folder).close()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_an_unreadable_database_is_set_aside(folder: Path) -> None:
    (folder / "cache.db").write_bytes(b"this is no database, " * 100)
    store = DiskStore(folder)
    store.put({b"a": b"1"}, HOUR)
    assert (store.get(b"a"), store.errors) == (b"1", 1)
    assert (folder / "cache.db.unreadable").exists()
    store.close()


def test_a_medium_that_fails_is_an_empty_one(folder: Path) -> None:
    store = DiskStore(folder)
    with sqlite3.connect(folder / "cache.db") as connection:
        connection.execute("DROP TABLE Cache")
    connection.close()
    store.put({b"a": b"1"}, HOUR)
    store.delete(b"a")
    assert (store.get(b"a"), list(store.newest(3)), store.errors) == (None, [], 4)
    store.close()


def test_the_disk_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cache.stores.disk.TIDY_EVERY_S", 0.0)
    store = DiskStore(tmp_path / "small", size_limit_bytes=300_000)
    for count in range(100):
        store.put({b"%d" % count: b"x" * 10_000}, HOUR)
    left = list(store.newest(1000))
    assert left[0] == b"99"
    assert 5 < len(left) < 50
    store.close()
