"""Applies journals to the ledger, behind the requests: each record once, whatever dies when.

One thread reads the segments of every journal in the folder from where it stopped, and writes rows, hourly sums and the new
offsets in one transaction. A journal whose lock nobody holds belonged to a process that is gone: what it left open is
booked as unknown, with the estimate made before the call, and its files are deleted. A folder has one writer at a time;
the others wait for its lock.
"""

import fcntl
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

from gateway.metering.journal import entries, number_of
from gateway.metering.ledger import connect
from gateway.metering.ledger_rows import ADD_TO_HOUR, INSERT_INTENT, SETTLE, hour_rows, intent_row, settled_row, unknown
from gateway.metering.types import Settlement

READ_BYTES = 4 * 1024 * 1024
"""Read at a time: some 4,000 requests, a transaction of a few hundred milliseconds at most."""
REST_S = 0.05
"""Pause when all is applied; the ledger is that much behind at rest."""
RETRY_S = 1.0
"""Pause after a failed write, such as on a full disk."""
GRAVEYARD_S = 5.0
"""How often journals of dead processes are looked for."""

_log = logging.getLogger("pointsman.ledger")


class LedgerWriter:
    """The writer of one home folder."""

    def __init__(self, journals: Path, ledger: Path, wall: Callable[[], float] = time.time) -> None:
        self._journals = journals
        self._path = ledger
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
        """Writes that failed and lines that could not be read, since the start."""

    def recover(self) -> None:
        """Book what earlier processes left behind; nothing where another writer is at work."""
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
        while self._lock >= 0 and self._waiting_bytes() > 0:
            if time.monotonic() > deadline:
                return False
            time.sleep(REST_S / 5)
        return True

    def stop(self) -> None:
        """Stop the thread and let go of the ledger."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(10)
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def lag_s(self) -> float:
        """How old the newest moment is whose records are all applied; 0 while nothing waits."""
        return 0.0 if self._waiting_bytes() == 0 else time.monotonic() - self._caught_up_at

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                if not self._is_ours():
                    self._stop.wait(RETRY_S)
                    continue
                busy = self._apply_all()
                if time.monotonic() - self._buried_at > GRAVEYARD_S:
                    self._bury()
                if not busy:
                    self._stop.wait(REST_S)
            except (sqlite3.Error, OSError) as error:
                self.errors += 1
                _log.warning("the ledger cannot be written: %s", type(error).__name__)
                self._stop.wait(RETRY_S)

    def _is_ours(self) -> bool:
        """Whether this is the folder's writer; takes the part where it is free."""
        if self._lock >= 0:
            return True
        self._journals.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self._journals / "writer.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            return False
        self._connection = connect(self._path)
        self._offsets = dict(self._connection.execute("SELECT name, offset FROM segments"))
        self._lock = lock
        return True

    def _segments(self) -> list[Path]:
        """All segments, each journal's in order."""
        return sorted(self._journals.glob("*.jsonl"), key=lambda path: (journal_of(path), number_of(path)))

    def _waiting_bytes(self) -> int:
        waiting = 0
        for path in self._segments():
            try:
                size = path.stat().st_size
            except FileNotFoundError:
                continue
            waiting += max(0, size - self._offsets.get(path.name, 0) - self._unfinished.get(path.name, 0))
        return waiting

    def _apply_all(self) -> bool:
        """Apply some of every segment that has grown; True when there may be more."""
        began = time.monotonic()
        more = False
        segments = self._segments()
        newest = {journal_of(path): path for path in segments}
        for path in segments:
            try:
                size = path.stat().st_size
            except FileNotFoundError:
                continue
            offset = self._offsets.get(path.name, 0)
            if size > offset + self._unfinished.get(path.name, 0):
                more = self._apply(path, offset) or more
            elif size == offset and newest[journal_of(path)] != path:
                self._drop(path)
            if size - self._offsets.get(path.name, 0) > READ_BYTES:
                began = self._caught_up_at  # not all that stood there at the beginning has been applied
        self._caught_up_at = began
        return more

    def _apply(self, path: Path, offset: int) -> bool:
        """Apply one read's worth of a segment; False when not even one whole line came."""
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read(READ_BYTES)
        found, used, torn = entries(data)
        self._unfinished[path.name] = len(data) - used if len(data) < READ_BYTES else 0
        if not used:
            return False
        self.errors += torn
        journal = journal_of(path)
        assert self._connection is not None
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            intents = [intent_row(journal, entry.intent) for entry in found if entry.intent is not None]
            connection.executemany(INSERT_INTENT, intents)
            self._settle(connection, [entry.settlement for entry in found if entry.settlement is not None])
            connection.execute("INSERT OR REPLACE INTO segments VALUES (?, ?)", (path.name, offset + used))
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        self._offsets[path.name] = offset + used
        return True

    def _settle(self, connection: sqlite3.Connection, settlements: list[Settlement]) -> None:
        """Settle open rows and add them to their hours; what is settled already, or was never meant, changes nothing."""
        booked = []
        for settlement in settlements:
            row = connection.execute(_OPEN, (settlement.id,)).fetchone()
            if row is None:
                continue
            connection.execute(SETTLE, settled_row(settlement))
            booked.append((row[0], row[1], settlement))
        connection.executemany(ADD_TO_HOUR, hour_rows(booked))

    def _bury(self) -> None:
        """Close the accounts of journals whose process is gone, and delete their files."""
        self._buried_at = time.monotonic()
        for lock_path in self._journals.glob("*.lock"):
            name = lock_path.name.removesuffix(".lock")
            if name == "writer":
                continue
            lock = os.open(lock_path, os.O_RDWR)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue
            else:
                self._close_accounts(name)
                lock_path.unlink(missing_ok=True)
            finally:
                os.close(lock)

    def _close_accounts(self, journal: str) -> None:
        assert self._connection is not None
        connection = self._connection
        paths = [path for path in self._segments() if journal_of(path) == journal]
        for path in paths:
            while self._apply(path, self._offsets.get(path.name, 0)):
                pass
        connection.execute("BEGIN IMMEDIATE")
        try:
            cursor = connection.execute(_LEFT_OPEN, (journal,))
            names = [column[0] for column in cursor.description]
            left = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
            self._settle(connection, [unknown(row["id"], self._wall(), row) for row in left])
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        for path in paths:
            self._drop(path)

    def _drop(self, path: Path) -> None:
        """Delete a segment that is applied and will not grow.

        The offset goes first: a segment left without one is applied once more, which changes nothing, while an offset left
        without its segment would hide the beginning of the next one of that name.
        """
        assert self._connection is not None
        self._connection.execute("DELETE FROM segments WHERE name = ?", (path.name,))
        path.unlink(missing_ok=True)
        self._offsets.pop(path.name, None)
        self._unfinished.pop(path.name, None)


_OPEN = "SELECT team, route FROM requests WHERE id = ? AND settled_at IS NULL"
_LEFT_OPEN = (
    "SELECT id, model, upstream, provider, bytes_in, estimate_picos FROM requests WHERE journal = ? AND settled_at IS NULL"
)


def journal_of(path: Path) -> str:
    """The journal a segment belongs to: `worker-7` of `worker-7.00000001.jsonl`."""
    return path.name.rsplit(".", 2)[0]
