"""From journals to the ledger: each record once, whatever dies when, and nothing waits for ever."""

import fcntl
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.metering import ledger_home, ledger_segments, ledger_writer
from gateway.metering.journal import Journal, JournalError
from gateway.metering.ledger import Place, connect
from gateway.metering.ledger_segments import waiting_bytes
from gateway.metering.ledger_writer import LedgerWriter
from tests.gateway.metering.records import check_sums, intent, ledger_rows, settlement, unpriced

ROOT = Path(__file__).parents[3]


class Home:
    """A folder with journals and a ledger."""

    def __init__(self, path: Path, place: Place | None = None) -> None:
        self.path = path
        self.journals = path / "journal"
        self.ledger = place or path / "ledger.db"
        self.open: list[LedgerWriter] = []

    def writer(self, **options) -> LedgerWriter:
        made = LedgerWriter(self.journals, self.ledger, **options)
        self.open.append(made)
        return made

    def journal(self, name: str = "worker-1", segment_bytes: int = 100_000) -> Journal:
        return Journal.open(self.journals, name, segment_bytes)

    def recovered(self) -> LedgerWriter:
        """Another process has come and gone."""
        writer = self.writer()
        writer.recover()
        writer.close()
        return writer

    def rows(self):
        return ledger_rows(self.ledger)

    def outcomes(self) -> dict[str, str | None]:
        """What became of each request; None while it is under way."""
        open_ = {row["id"]: None for row in ledger_rows(self.ledger, "SELECT id FROM open")}
        return open_ | {row["id"]: row["outcome"] for row in self.rows()}

    def files(self) -> set[str]:
        """Files by journal and kind; a segment's number is nobody's business."""
        names = {re.sub(r"\.\d+\.", ".", path.name) for path in self.journals.iterdir()}
        return names - {ledger_home.FILE}

    def segments(self) -> list[Path]:
        return sorted(self.journals.glob("*.jsonl"))

    def waiting(self) -> int:
        rows = ledger_rows(self.ledger, "SELECT * FROM segments")
        names = ledger_home.names_of(self.journals, self.ledger)
        applied = ledger_home.offsets(((row["name"], row["offset"]) for row in rows), names)
        return waiting_bytes(self.journals, applied)


@pytest.fixture
def home(tmp_path, place):
    made = Home(tmp_path, place)
    yield made
    for writer in made.open:
        writer.close()


def until(condition, within_s=10.0):
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come in time"
        time.sleep(0.01)


def test_a_request_appears_and_is_settled(home):
    journal = home.journal()
    writer = home.writer()
    writer.recover()
    journal.intent(intent("a"))
    assert home.waiting() > 0
    writer.turn()
    assert home.outcomes() == {"a": None}
    journal.settle(settlement("a"))
    writer.turn()
    assert home.outcomes() == {"a": "finished"}
    assert check_sums(home.ledger)["picos"] == 3_900
    assert (writer.errors, home.waiting()) == (0, 0)
    assert time.monotonic() - writer.caught_up_at < 5
    journal.close()


def test_what_a_dead_process_left_open_is_booked_as_unknown(home):
    dead, alive = home.journal("worker-1"), home.journal("worker-2")
    dead.intent(intent("a"))
    dead.settle(settlement("a"))
    dead.intent(intent("b", estimate_picos=None))
    dead.intent(intent("c"))
    alive.intent(intent("d"))
    dead.close()
    writer = home.writer(wall=lambda: 1_795_600_000.0)
    writer.recover()
    assert home.outcomes() == {"a": "finished", "b": "unknown", "c": "unknown", "d": None}
    _, b, c = home.rows()
    assert (b["picos"], b["price_status"]) == (None, "unpriced")
    assert (c["picos"], c["price_status"], c["exact"], c["settled_at"]) == (5_000_000, "partial", 0, 1_795_600_000.0)
    assert check_sums(home.ledger)["unpriced"] == 2
    assert home.files() == {"worker-2.jsonl", "worker-2.lock", "worker-2.next", "writer.lock"}
    alive.settle(settlement("d"))
    alive.close()
    writer.close()
    assert home.recovered().errors == 0
    assert home.outcomes() == {"a": "finished", "b": "unknown", "c": "unknown", "d": "finished"}
    assert home.files() == {"writer.lock"}
    assert check_sums(home.ledger)["requests"] == 4


def test_a_process_that_dies_later_is_found(home, monkeypatch):
    monkeypatch.setattr(ledger_writer, "GRAVEYARD_S", 0.05)
    writer = home.writer()
    writer.recover()
    other = home.journal("worker-2")
    other.intent(intent("a"))
    writer.turn()
    assert home.outcomes() == {"a": None}
    other.close()
    until(lambda: writer.turn() and home.outcomes() == {"a": "unknown"})
    assert home.files() == {"writer.lock"}


def test_a_name_may_come_again(home):
    for round_ in range(3):
        journal = home.journal("worker-1")
        journal.intent(intent(f"{round_}-settled"))
        journal.settle(settlement(f"{round_}-settled"))
        journal.intent(intent(f"{round_}-open"))
        journal.close()
        home.recovered()
    assert [row["outcome"] for row in home.rows()] == ["unknown", "finished"] * 3
    assert check_sums(home.ledger)["requests"] == 6


def test_a_buried_lock_is_not_taken_for_ones_own(home):
    """Between opening a lock file and locking it, the ledger's writer may have buried the one who had it before."""
    home.journal().close()
    buried = os.open(home.journals / "worker-1.lock", os.O_RDWR)
    fcntl.flock(buried, fcntl.LOCK_EX)
    held = []

    def bury(*_):
        if not held:  # the file goes away under the hand that is about to lock it
            (home.journals / "worker-1.lock").unlink()
            os.close(buried)
            held.append(True)

    real = fcntl.flock
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gateway.metering.journal.fcntl.flock", lambda *args: (bury(), real(*args)))
        journal = home.journal()
    assert held
    with pytest.raises(JournalError):
        home.journal()
    journal.close()


def test_closed_segments_go_and_the_open_one_stays(home):
    journal = home.journal(segment_bytes=2000)
    writer = home.writer()
    writer.recover()
    for number in range(20):
        journal.intent(intent(f"{number:02}"))
        journal.settle(settlement(f"{number:02}"))
    until(lambda: writer.turn() and len(home.segments()) == 1)
    assert len(home.rows()) == 20
    names = {row["name"] for row in ledger_rows(home.ledger, "SELECT name FROM segments")}
    assert {name.rpartition("/")[2] for name in names} == {path.name for path in home.segments()}
    journal.close()


def test_segments_that_pile_up_are_read_one_after_the_other(home, monkeypatch):
    """A settlement lies in the segment after its intent's, and that one takes more than one read."""
    monkeypatch.setattr(ledger_segments, "READ_BYTES", 2000)
    journal = home.journal(segment_bytes=10_000)
    journal.intent(intent("00"))
    for number in range(60):
        journal.intent(intent(f"{number + 1:02}"))
        journal.settle(settlement(f"{number:02}"))
    journal.settle(settlement("60"))
    home.recovered()
    assert {row["team"] for row in home.rows()} == {"payments"}
    assert home.outcomes() == {f"{number:02}": "finished" for number in range(61)}
    journal.close()


def test_a_torn_end_of_a_closed_segment_holds_nothing_up(home):
    journal = home.journal()
    journal.intent(intent("a"))
    journal._segment.write(b'[["tor')
    journal.close()
    journal = home.journal()  # its second segment
    journal.settle(settlement("a"))
    writer = home.writer()
    writer.recover()
    assert writer.errors == 1
    assert home.outcomes() == {"a": "finished"}
    until(lambda: writer.turn() and len(home.segments()) == 1)
    assert home.waiting() == 0
    journal.close()


def test_an_unfinished_line_does_not_wait_for_the_writer(home):
    journal = home.journal()
    journal.intent(intent("a"))
    journal._segment.write(b"[null,")
    writer = home.writer()
    writer.recover()
    assert home.waiting() == 0
    journal._segment.write(b"}\n")
    assert home.waiting() > 0
    journal.close()


@pytest.mark.parametrize("huge", [2**63, 2**200])
def test_a_record_no_row_can_hold_holds_up_no_other(home, huge):
    journal = home.journal()
    for id_ in "abcd":
        journal.intent(intent(id_))
    journal.settle(settlement("a"))
    journal.settle(settlement("b", picos=huge))
    journal.settle(settlement("c", kinds={"output": huge}))
    journal.settle(settlement("d"))
    writer = home.writer()
    writer.recover()
    assert writer.errors == 2
    assert home.outcomes() == {"a": "finished", "b": None, "c": None, "d": "finished"}
    assert check_sums(home.ledger)["picos"] == 2 * 3_900
    journal.close()
    writer.close()
    home.recovered()
    assert home.outcomes() == {"a": "finished", "b": "unknown", "c": "unknown", "d": "finished"}


def test_an_hour_beyond_64_bits_holds_up_nothing(home):
    journal = home.journal()
    for id_ in "abc":
        journal.intent(intent(id_))
        journal.settle(settlement(id_, picos=2**62, by_kind={"output": 2**62}))
    journal.intent(intent("d", team="other"))
    journal.settle(settlement("d"))
    writer = home.writer()
    writer.recover()
    assert writer.errors == 2
    assert {row["id"]: row["picos"] for row in home.rows()} == {"a": 2**62, "d": 3_900}
    check_sums(home.ledger)
    journal.close()


def test_what_is_read_twice_is_booked_once(home):
    journal = home.journal()
    for id_ in "abc":
        journal.intent(intent(id_))
    journal.settle(settlement("a"))
    writer = home.writer()
    writer.recover()
    with closing(connect(home.ledger)) as connection:
        connection.execute("DELETE FROM segments")  # as after a loss of power that took the newest transaction
    writer.close()
    journal.settle(settlement("b"))
    journal.close()
    home.recovered()
    assert home.outcomes() == {"a": "finished", "b": "finished", "c": "unknown"}
    assert ledger_rows(home.ledger, "SELECT * FROM open") == []
    assert check_sums(home.ledger)["requests"] == 3


def test_tokens_of_an_unknown_kind_are_an_error_and_the_rest_is_booked(home):
    journal = home.journal()
    journal.intent(intent("a"))
    journal.settle(settlement("a", kinds={"output": 3, "telepathy": 9}))
    journal.close()
    assert home.recovered().errors == 1
    (row,) = home.rows()
    assert (row["outcome"], row["output"], row["picos"]) == ("finished", 3, 3_900)


def test_a_folder_has_one_writer_and_the_next_takes_over(home):
    journal = home.journal()
    first, second = home.writer(), home.writer()
    first.recover()
    assert second.turn() == ledger_writer.RETRY_S
    journal.intent(intent("a"))
    first.turn()
    first.close()
    journal.settle(settlement("a"))
    assert second.turn() < ledger_writer.RETRY_S
    assert home.outcomes() == {"a": "finished"}
    assert (first.errors, second.errors) == (0, 0)
    journal.close()


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_a_ledger_that_cannot_be_written_is_tried_again(home):
    journal = home.journal()
    home.ledger.mkdir()  # what is there is no file
    writer = home.writer()
    writer.recover()
    journal.intent(intent("a"))
    assert writer.turn() == ledger_writer.RETRY_S
    assert (writer.errors, writer.caught_up_at) == (2, 0.0)
    home.ledger.rmdir()
    writer.turn()
    assert home.outcomes() == {"a": None}
    journal.close()


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from gateway.metering.ledger_writer import LedgerWriter
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
writer = LedgerWriter(Path(sys.argv[1]) / "journal", Path(sys.argv[1]) / "ledger.db")
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
writer.recover()
full = writer.errors
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
writer.recover()
print(full, writer.errors)
"""


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
@pytest.mark.parametrize("limit", [1, 30_000, 100_000, 200_000])
def test_a_full_disk_delays_and_loses_nothing(home, limit):
    journal = home.journal()
    for number in range(500):
        journal.intent(intent(f"{number:04}"))
        journal.settle(settlement(f"{number:04}"))
    journal.close()
    command = [sys.executable, "-c", FULL_DISK, str(home.path), str(limit)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=50, check=True)
    assert done.stdout.split() == ["1", "1"], done.stderr
    assert check_sums(home.ledger)["picos"] == 500 * 3_900
    assert home.files() == {"writer.lock"}


class World:
    """Three processes that journal, a writer, and what the ledger must say in the end."""

    def __init__(self, home: Home, segment_bytes: int, luck: random.Random) -> None:
        self.home = home
        self.segment_bytes = segment_bytes
        self.luck = luck
        self.count = 0
        self.settled: dict[str, int | None] = {}
        self.lost: set[str] = set()
        """Intents of processes that are gone."""
        self.open: list[list[str]] = [[], [], []]
        self.closed: list[list[str]] = [[], [], []]
        """Settled by the process that runs now: only it could repeat itself."""
        self.journals = [home.journal(f"worker-{which}", segment_bytes) for which in range(3)]
        self.writer = home.writer()
        self.writer.recover()

    def intent(self, which: int) -> None:
        self.count += 1
        self.journals[which].intent(intent(f"{self.count:04}", user=f"user-{which}"))
        self.open[which].append(f"{self.count:04}")

    def settle(self, which: int, knows_price: bool = True) -> None:
        if self.open[which]:
            id_ = self.open[which].pop(self.luck.randrange(len(self.open[which])))
            picos = self.luck.randrange(10**12) if knows_price else None
            made = unpriced(id_) if picos is None else settlement(id_, picos=picos, by_kind={"output": picos})
            self.journals[which].settle(made)
            self.settled[id_] = picos
            self.closed[which].append(id_)

    def unpriced(self, which: int) -> None:
        self.settle(which, knows_price=False)

    def again(self, which: int) -> None:
        if self.closed[which]:
            self.journals[which].settle(settlement(self.luck.choice(self.closed[which]), picos=1))

    def apply(self, _: int) -> None:
        self.writer._apply_all()

    def restart(self, _: int) -> None:
        self.writer.close()
        self.writer = self.home.writer()
        self.writer.recover()

    def torn(self, which: int) -> None:
        lines = [b"\n", b'[["x"]]\n', b"\xff\n", b"[]\n", b"[null,7]\n"]
        self.journals[which]._segment.write(self.luck.choice(lines))

    def die(self, which: int) -> None:
        self.journals[which].close()
        self.lost.update(self.open[which])
        self.open[which], self.closed[which] = [], []
        if self.luck.random() < 0.5:
            self.writer._bury()
        name = f"worker-{which}" if self.luck.random() < 0.5 else f"worker-{which}-{self.count}"
        self.journals[which] = self.home.journal(name, self.segment_bytes)

    def end(self) -> None:
        for which, journal in enumerate(self.journals):
            journal.close()
            self.lost.update(self.open[which])
        self.writer.close()
        self.home.recovered()


ACTIONS = ["intent", "intent", "intent", "settle", "settle", "unpriced", "again", "apply", "restart", "torn", "die"]


HISTORIES = given(
    st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 2)), max_size=60),
    st.integers(200, 4000),
    st.randoms(use_true_random=False),
)


@settings(max_examples=40, deadline=None)
@HISTORIES
def test_count_and_sum_are_exact_whatever_happens(tmp_path_factory, actions, segment_bytes, luck):
    lived(World(Home(tmp_path_factory.mktemp("books")), segment_bytes, luck), actions)


@settings(max_examples=15, deadline=None)
@HISTORIES
def test_and_in_postgresql(postgres, tmp_path_factory, actions, segment_bytes, luck):
    lived(World(Home(tmp_path_factory.mktemp("books"), postgres.database()), segment_bytes, luck), actions)


def lived(world: World, actions: list[tuple[str, int]]) -> None:
    """All this happens, and then the books are right."""
    for action, which in actions:
        getattr(world, action)(which)
    world.end()
    rows = {row["id"]: row for row in world.home.rows()}
    unknown = dict.fromkeys(world.lost, 5_000_000)
    assert {id_: row["picos"] for id_, row in rows.items()} == {**world.settled, **unknown}
    assert {id_ for id_, row in rows.items() if row["outcome"] == "unknown"} == set(unknown)
    sums = check_sums(world.home.ledger)
    unpriced_ = sum(picos is None for picos in world.settled.values())
    assert (sums["requests"], sums["unpriced"]) == (len(rows), len(unknown) + unpriced_)
    assert world.home.files() == {"writer.lock"}


KILLED = """
import sys, time
from pathlib import Path
from gateway.metering import ledger_segments, ledger_writer
from gateway.metering.ledger_postgres import Database
from gateway.metering.ledger_writer import LedgerWriter
ledger_segments.READ_BYTES = 20_000
ledger_writer.REST_S = 0.001
ledger_writer.GRAVEYARD_S = 0.02
place = Database.parse(sys.argv[2]) if "://" in sys.argv[2] else Path(sys.argv[2])
writer = LedgerWriter(Path(sys.argv[1]) / "journal", place)
print("up", flush=True)
while True:
    time.sleep(writer.turn())
"""


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_writer_killed_again_and_again(home, place, seed):
    """Two journals are written without a pause while the writer's process is killed at random moments."""
    luck = random.Random(seed)
    stop = threading.Event()
    expected: dict[str, int] = {}

    def write(name: str) -> None:
        journal = home.journal(name, segment_bytes=200_000)
        pending: list[str] = []
        for number in range(10_000):
            if stop.is_set():
                break
            id_ = f"{name}-{number:06}"
            journal.intent(intent(id_))
            pending.append(id_)
            if len(pending) > 20:
                settled = pending.pop(number % 7)
                expected[settled] = number
                journal.settle(settlement(settled, picos=number, by_kind={"output": number}))
            if number % 10 == 0:
                time.sleep(0.002)
        expected.update(dict.fromkeys(pending, 5_000_000))
        journal.close()

    authors = [threading.Thread(target=write, args=(name,)) for name in ("worker-1", "worker-2")]
    for author in authors:
        author.start()
    for _ in range(8):
        child = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(home.path), getattr(place, "url", str(place))], cwd=ROOT, stdout=subprocess.PIPE
        )
        child.stdout.readline()
        time.sleep(luck.uniform(0.0, 0.25))
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
    stop.set()
    for author in authors:
        author.join()
    home.recovered()
    assert {row["id"]: row["picos"] for row in home.rows()} == expected
    sums = check_sums(home.ledger)
    assert (sums["requests"], sums["picos"]) == (len(expected), sum(expected.values()))
    assert home.files() == {"writer.lock"}
