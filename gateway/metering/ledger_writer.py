"""Applies journals to the ledger, behind the requests: each record once, whatever dies when.

The segments of every journal in the folder are read from where the last reading stopped; rows, hourly sums and the new
offsets are written in one transaction. A journal whose lock nobody holds belonged to a process that is gone: what it left
open is booked as unknown, with the estimate made before the call, and its files are deleted. A folder has one writer at a
time; the others wait for its lock. A gateway gives it a process of its own (`gateway/metering/ledger_process.py`).
"""

import contextlib
import fcntl
import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from gateway.metering.journal import Entry, spare_of
from gateway.metering.ledger import Place, connect
from gateway.metering.ledger_batch import Batch, open_intents
from gateway.metering.ledger_face import Away, Connection, Unbookable
from gateway.metering.ledger_home import names_of, offsets
from gateway.metering.ledger_retention import LOOK_S, ROWS_AT_ONCE, horizon, prune
from gateway.metering.ledger_rows import Doubled, UnknownKind, known, unknown
from gateway.metering.ledger_schema import durable
from gateway.metering.ledger_segments import Segment, journals, read, segments, waiting_bytes
from gateway.metering.request_log import RequestLog
from gateway.metering.roads import RoadsFile

REST_S = 0.05
"""Pause when all is applied; the ledger is that much behind at rest."""
RETRY_S = 1.0
"""Pause after a failed write, such as on a full disk, and between looks at a lock that another writer holds."""
GRAVEYARD_S = 5.0
"""How often journals of dead processes are looked for."""

_OFFSET = "INSERT INTO segments (name, offset) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET offset = excluded.offset"
_log = logging.getLogger("pointsman.ledger")


class LedgerWriter:
    """The writer of one home folder."""

    def __init__(self, journal_folder: Path, place: Place, wall: Callable[[], float] = time.time) -> None:
        """Write the ledger at `place` from the journals in `journal_folder`. `wall` gives Unix seconds."""
        self._folder = journal_folder
        self._place = place
        self._wall = wall
        self._roads = RoadsFile(journal_folder)
        self._log = RequestLog()
        self._connection: Connection | None = None
        self._lock = -1
        self._names = ""
        """What this home's names begin with in the ledger."""
        self._offsets: dict[str, int] = {}
        self._buried_at = 0.0
        self._prunes_at = 0.0
        self.errors = 0
        """Writes that failed and records that could not be read or booked."""
        self.caught_up_at = 0.0
        """The newest moment, in monotonic seconds, whose records are all applied; 0 while another writer has the part."""

    def recover(self) -> None:
        """Book what earlier processes left behind, unless another writer does. What fails is left for later."""
        with self._counted():
            if self._is_ours():
                while self._apply_all():
                    pass
                self._bury()

    def turn(self) -> float:
        """Do what there is to do; the seconds to wait before the next look."""
        pause = RETRY_S
        with self._counted():
            if self._is_ours():
                pause = 0.0 if self._apply_all() else REST_S
                if time.monotonic() - self._buried_at > GRAVEYARD_S:
                    self._bury()
                if pause and time.monotonic() >= self._prunes_at:
                    self._prune()
        return pause

    def waiting_bytes(self) -> int:
        """Bytes of journal that are not applied yet, as far as this process knows."""
        return waiting_bytes(self._folder, self._offsets)

    def close(self) -> None:
        """Let go of the ledger, and of the part of its writer."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        """Count a failure and go on: the ledger must be written again as soon as it can be."""
        try:
            yield
        except Exception as error:  # whatever it is, requests are still being journalled, and somebody has to book them
            self.errors += 1
            _log.warning("the ledger cannot be written: %s: %s", type(error).__name__, error)
            if isinstance(error, Away):
                self.close()  # what it last committed is asked anew

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
            return False
        try:
            self._names = names_of(self._folder, self._place)
            self._connection = connect(self._place)
            self._offsets = dict(offsets(self._connection.execute("SELECT name, offset FROM segments"), self._names))
        except BaseException:
            os.close(lock)
            raise
        self._lock = lock
        return True

    def _apply_all(self) -> bool:
        """Apply some of every journal that has grown; True when there may be more.

        A segment waits until the one before it has been read to its end: that may hold the intents of what is settled here.
        """
        began = time.monotonic()
        behind: set[str] = set()
        for segment in segments(self._folder):
            if segment.journal not in behind and self._apply(segment, ended=not segment.last):
                behind.add(segment.journal)
        if not behind:
            self.caught_up_at = began
        return bool(behind)

    def _apply(self, segment: Segment, ended: bool) -> bool:
        """Apply one read's worth of a segment, or delete it once nothing is left of it; True when there may be more."""
        offset = self._offsets.get(segment.name, 0)
        found = read(segment, offset, ended)
        if found.used:
            self._book(segment, found.entries, offset + found.used)
            self.errors += found.torn
        elif not segment.last:
            self._drop(segment)
        return found.more

    def _book(self, segment: Segment, found: Sequence[Entry], offset: int) -> None:
        with self._transaction() as connection:
            try:
                connection.execute("SAVEPOINT batch")
                self._add(connection, segment.journal, found)
            except Exception as error:  # SQLite and msgspec both refuse a bad record, each in ways of its own
                if not _is_the_records(error):
                    raise
                connection.execute("ROLLBACK TO batch")
                self._book_singly(connection, segment.journal, found)
            connection.execute(_OFFSET, (self._names + segment.name, offset))
        self._offsets[segment.name] = offset

    def _book_singly(self, connection: Connection, journal: str, found: Sequence[Entry]) -> None:
        """Book what can be booked; a record that no row can hold must not hold up the others."""
        for entry in found:
            connection.execute("SAVEPOINT single")
            try:
                self._add(connection, journal, [self._bookable(entry)])
            except Doubled:  # read a second time: what is in the books stays as it is
                connection.execute("ROLLBACK TO single")
                connection.execute("DELETE FROM open WHERE id = ?", (_id(entry),))
            except Exception as error:  # the same, one record at a time
                if not _is_the_records(error):
                    raise
                connection.execute("ROLLBACK TO single")
                self.errors += 1
                _log.warning("request %s cannot be booked: %s", _id(entry), error)
            connection.execute("RELEASE single")

    def _add(self, connection: Connection, journal: str, found: Sequence[Entry]) -> None:
        batch = Batch(connection, self._names + journal, self._roads.reckon())
        settled = batch.add(found)
        batch.close()
        if self._roads.log_requests():
            self._log.add(settled)

    def _bookable(self, entry: Entry) -> Entry:
        """The entry, without token kinds that no column holds; that there were some is an error of ours."""
        settlement = entry.settlement
        if settlement is None or (bookable := known(settlement)) == settlement:
            return entry
        self.errors += 1
        _log.warning("request %s has tokens of an unknown kind", settlement.id)
        return Entry(settlement=bookable)

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

    def _prune(self) -> None:
        """Delete some of what need not be kept any longer, between one look at the journals and the next."""
        self._prunes_at = time.monotonic() + LOOK_S
        if (days := self._roads.keep_days()) is None:
            return
        with self._transaction() as connection:
            more = prune(connection, horizon(days, self._wall())) >= ROWS_AT_ONCE
        if more:
            self._prunes_at = 0.0

    def _close_accounts(self, journal: str) -> None:
        left = [segment for segment in segments(self._folder) if segment.journal == journal]
        for segment in left:
            while self._apply(segment, ended=True):
                pass
        with self._transaction() as connection:
            left_open = open_intents(connection, self._names + journal)
            found = [Entry(settlement=unknown(intent, self._wall())) for intent in left_open]
            self._book_singly(connection, journal, found)
        for segment in left:
            self._drop(segment)
        spare_of(self._folder, journal).unlink(missing_ok=True)

    def _drop(self, segment: Segment) -> None:
        """Delete a segment that is applied and will not grow, once the disk has what was made of it.

        The offset goes first: a segment left without one is applied once more, which changes nothing, while an offset left
        without its segment would hide the beginning of the next one of that name.
        """
        assert self._connection is not None
        with durable(self._connection):
            self._connection.execute("DELETE FROM segments WHERE name = ?", (self._names + segment.name,))
        segment.path.unlink(missing_ok=True)
        self._offsets.pop(segment.name, None)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """All of it or nothing."""
        assert self._connection is not None
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
            self._log.tell()
        except BaseException:
            self._log.drop()
            if connection.in_transaction:  # where the disk was full or the line cut, it has ended by itself
                connection.execute("ROLLBACK")
            raise


def _id(entry: Entry) -> str:
    record = entry.settlement or entry.intent
    return record.id if record is not None else ""


def _is_the_records(error: Exception) -> bool:
    """Whether a failure lies in what was to be written (numbers beyond 64 bits), not in the disk or the file."""
    kinds = (Doubled, UnknownKind, Unbookable, sqlite3.IntegrityError, sqlite3.DataError, OverflowError, UnicodeError)
    return isinstance(error, kinds)
