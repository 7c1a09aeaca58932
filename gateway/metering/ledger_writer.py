"""Applies journals to the ledger, behind the requests: each record once, whatever dies when.

One thread reads the segments of every journal in the folder from where it stopped, and writes rows, hourly sums and the new
offsets in one transaction. A journal whose lock nobody holds belonged to a process that is gone: what it left open is
booked as unknown, with the estimate made before the call, and its files are deleted. A folder has one writer at a time;
the others wait for its lock.
"""

import contextlib
import fcntl
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from gateway.metering.journal import Entry
from gateway.metering.ledger_rows import SETTLING, book, unknown
from gateway.metering.ledger_schema import connect
from gateway.metering.ledger_segments import Segment, journals, read, segments

REST_S = 0.05
"""Pause when all is applied; the ledger is that much behind at rest."""
RETRY_S = 1.0
"""Pause after a failed write, such as on a full disk, and between looks at a lock that another writer holds."""
GRAVEYARD_S = 5.0
"""How often journals of dead processes are looked for."""
STOP_S = 10.0
"""How long the thread may take to finish its transaction."""

_LEFT_OPEN = (
    "SELECT id, model, upstream, provider, bytes_in, estimate_picos FROM requests WHERE journal = ? AND settled_at IS NULL"
)
_log = logging.getLogger("pointsman.ledger")


class LedgerWriter:
    """The writer of one home folder."""

    def __init__(self, journal_folder: Path, ledger_path: Path, wall: Callable[[], float] = time.time) -> None:
        """Write `ledger_path` from the journals in `journal_folder`. `wall` gives Unix seconds."""
        self._folder = journal_folder
        self._path = ledger_path
        self._wall = wall
        self._connection: sqlite3.Connection | None = None
        self._lock = -1
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._offsets: dict[str, int] = {}
        self._unfinished: dict[str, int] = {}
        """Bytes of a last line without its end; they wait for their writer, not for us."""
        self._caught_up_at = time.monotonic()
        self._buried_at = 0.0
        self.errors = 0
        """Writes that failed and records that could not be read or booked, since the start."""

    def recover(self) -> None:
        """Book what earlier processes left behind, unless another writer does. What fails is left to the thread."""
        with self._counted():
            if self._is_ours():
                while self._apply_all():
                    pass
                self._bury()

    def start(self) -> None:
        """Go on in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)
        self._thread.start()

    def drain(self, timeout_s: float) -> bool:
        """Wait until everything journalled so far is applied; False when the time is up first."""
        deadline = time.monotonic() + timeout_s
        while self.waiting_bytes() > 0:
            if time.monotonic() > deadline:
                return False
            time.sleep(REST_S / 5)
        return True

    def stop(self) -> None:
        """Stop the thread and let go of the ledger."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(STOP_S)
            if self._thread.is_alive():
                return  # it holds the connection, and ends with the process
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def lag_s(self) -> float:
        """How old the newest moment is whose records are all applied; 0 while nothing waits."""
        return 0.0 if self.waiting_bytes() == 0 else time.monotonic() - self._caught_up_at

    def waiting_bytes(self) -> int:
        """Bytes of journal that are not in the ledger yet, whoever writes it."""
        return sum(max(0, segment.size - self._known(segment)) for segment in segments(self._folder))

    def _run(self) -> None:
        while not self._stop.is_set():
            pause = RETRY_S
            with self._counted():
                pause = self._turn()
            if pause:
                self._stop.wait(pause)

    def _turn(self) -> float:
        """Do what there is to do; the seconds to wait before the next look."""
        if not self._is_ours():
            return RETRY_S
        more = self._apply_all()
        if time.monotonic() - self._buried_at > GRAVEYARD_S:
            self._bury()
        return 0.0 if more else REST_S

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        """Count a failure and go on: the ledger must be written again as soon as it can be."""
        try:
            yield
        except Exception as error:  # whatever it is, requests are still being journalled, and somebody has to book them
            self.errors += 1
            _log.warning("the ledger cannot be written: %s: %s", type(error).__name__, error)

    def _is_ours(self) -> bool:
        """Whether this is the folder's writer; takes the part where it is free."""
        if self._lock >= 0:
            return True
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self._folder / "writer.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            self._follow()
            return False
        try:
            self._connection = connect(self._path)
            self._connection.execute(SETTLING)
            self._offsets = _offsets(self._connection)
        except BaseException:
            os.close(lock)
            raise
        self._lock = lock
        return True

    def _follow(self) -> None:
        """See how far the folder's writer is, so that this process tells the same lag."""
        began = time.monotonic()
        with contextlib.closing(connect(self._path)) as connection:
            self._offsets = _offsets(connection)
        if self.waiting_bytes() == 0:
            self._caught_up_at = began

    def _apply_all(self) -> bool:
        """Apply some of every segment that has grown; True when there may be more."""
        began = time.monotonic()
        more = behind = False
        for segment in segments(self._folder):
            size = segment.size
            if size < self._offsets.get(segment.name, 0):  # another file by the same name; booking twice changes nothing
                self._offsets[segment.name] = 0
            if size > self._known(segment):
                more = self._apply(segment, ended=not segment.last) or more
                behind = behind or size > self._known(segment)
            elif not segment.last:
                self._drop(segment)
        if not behind:
            self._caught_up_at = began
        return more

    def _known(self, segment: Segment) -> int:
        """Bytes of a segment that need no more attention, for now or for good."""
        waiting = self._unfinished.get(segment.name, 0) if segment.last else 0
        return self._offsets.get(segment.name, 0) + waiting

    def _apply(self, segment: Segment, ended: bool) -> bool:
        """Apply one read's worth of a segment; False when not even one whole line came."""
        offset = self._offsets.get(segment.name, 0)
        found = read(segment, offset, ended)
        self._unfinished[segment.name] = found.unfinished
        if not found.used:
            return False
        with self._transaction() as connection:
            try:
                connection.execute("SAVEPOINT batch")
                _book(connection, segment.journal, found.entries)
            except Exception as error:  # SQLite and msgspec both refuse a bad record, each in ways of its own
                if not _is_the_records(error):
                    raise
                connection.execute("ROLLBACK TO batch")
                self._book_singly(connection, segment.journal, found.entries)
            connection.execute("INSERT OR REPLACE INTO segments VALUES (?, ?)", (segment.name, offset + found.used))
        self.errors += found.torn
        self._offsets[segment.name] = offset + found.used
        return True

    def _book_singly(self, connection: sqlite3.Connection, journal: str, found: Sequence[Entry]) -> None:
        """Book what can be booked; a record that no row can hold must not hold up the others."""
        for entry in found:
            connection.execute("SAVEPOINT single")
            try:
                _book(connection, journal, [entry])
            except Exception as error:  # the same, one record at a time
                if not _is_the_records(error):
                    raise
                connection.execute("ROLLBACK TO single")
                self.errors += 1
                record = entry.settlement or entry.intent
                _log.warning("request %s cannot be booked: %s", record.id if record else "", error)
            connection.execute("RELEASE single")

    def _bury(self) -> None:
        """Close the accounts of journals whose process is gone, and delete their files."""
        self._buried_at = time.monotonic()
        found = segments(self._folder)
        for journal in journals(found):
            lock_path = self._folder / f"{journal}.lock"
            lock = os.open(lock_path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._close_accounts(journal)
                lock_path.unlink(missing_ok=True)
            except BlockingIOError:
                continue  # alive
            finally:
                os.close(lock)

    def _close_accounts(self, journal: str) -> None:
        left = [segment for segment in segments(self._folder) if segment.journal == journal]
        for segment in left:
            while self._apply(segment, ended=True):
                pass
        with self._transaction() as connection:
            cursor = connection.execute(_LEFT_OPEN, (journal,))
            names = [column[0] for column in cursor.description]
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
            book(connection, journal, [], [unknown(row["id"], self._wall(), row) for row in rows])
        for segment in left:
            self._drop(segment)

    def _drop(self, segment: Segment) -> None:
        """Delete a segment that is applied and will not grow, once the disk has what was made of it.

        The offset goes first: a segment left without one is applied once more, which changes nothing, while an offset left
        without its segment would hide the beginning of the next one of that name.
        """
        assert self._connection is not None
        connection = self._connection
        connection.execute("PRAGMA synchronous = FULL")  # this commit waits for the disk, and with it all before it
        try:
            connection.execute("DELETE FROM segments WHERE name = ?", (segment.name,))
        finally:
            connection.execute("PRAGMA synchronous = NORMAL")
        segment.path.unlink(missing_ok=True)
        self._offsets.pop(segment.name, None)
        self._unfinished.pop(segment.name, None)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All of it or nothing."""
        assert self._connection is not None
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # SQLite has ended it itself where the disk was full
                connection.execute("ROLLBACK")
            raise


def _book(connection: sqlite3.Connection, journal: str, found: Sequence[Entry]) -> None:
    intents = [entry.intent for entry in found if entry.intent is not None]
    settlements = [entry.settlement for entry in found if entry.settlement is not None]
    book(connection, journal, intents, settlements)


def _is_the_records(error: Exception) -> bool:
    """Whether a failure lies in what was to be written (numbers beyond 64 bits), not in the disk or the file."""
    return isinstance(error, (sqlite3.IntegrityError, sqlite3.DataError, OverflowError, UnicodeError))


def _offsets(connection: sqlite3.Connection) -> dict[str, int]:
    return dict(connection.execute("SELECT name, offset FROM segments"))
