"""The ledger: one row per request, and hourly sums of them that answer most questions without a scan. It lies in SQLite, a
file of the home, or in PostgreSQL, which several homes may share.

Written by the ledger writer alone (`gateway/metering/ledger_writer.py`), read by anyone. An amount is a whole number
of pico-dollars; NULL means unknown and is never added up as 0.
"""

import sqlite3
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gateway.metering import ledger_postgres_schema, ledger_schema
from gateway.metering.ledger_face import Away, Connection, LedgerError, Row
from gateway.metering.ledger_postgres import Database, PostgresConnection
from gateway.metering.ledger_schema import BUSY_S

__all__ = ["Ledger", "LedgerError", "Place", "Row", "connect", "exact_sum", "total"]

Place = Path | Database
"""Where a ledger lies."""
IDLE_MAX = 4
"""Connections kept open between queries; a page asks one query after the other. Each holds up to 2 MB of cache."""
AWAY_S = 2.0
"""For so long a database that could not be reached is not tried again: a page has a dozen questions."""
_HALF = 1_000_000


def exact_sum(column: str, alias: str) -> str:
    """Two columns of a query that `total` puts together: SQLite's own sum stops at nine million dollars."""
    return f"sum({column} / {_HALF}) AS {alias}_high, sum({column} % {_HALF}) AS {alias}_low"


def total(row: Row, alias: str) -> int:
    """The sum of an `exact_sum`; 0 where there was nothing to add."""
    return int((row[f"{alias}_high"] or 0) * _HALF + (row[f"{alias}_low"] or 0))


def connect(place: Place) -> Connection:
    """A connection that may write, to a ledger made or brought up to date where need be. `LedgerError`."""
    return place.connect() if isinstance(place, Database) else ledger_schema.connect(place)


class Ledger:
    """The reading side. Any thread may ask; each query has a connection to itself, and reads what was committed."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._idle: list[sqlite3.Connection | PostgresConnection] = []
        self._closed = False
        self._away_until = 0.0
        self._lock = threading.Lock()

    @classmethod
    def open(cls, place: Place) -> "Ledger":
        """Open a ledger for reading, made or brought up to date where need be. `LedgerError` when it cannot be used."""
        connect(place).close()
        return cls(place)

    @classmethod
    def existing(cls, place: Place) -> "Ledger":
        """Open a ledger as it is, changing nothing; `LedgerError` when there is none that can be read."""
        if isinstance(place, Path) and not place.is_file():
            raise LedgerError(f"there is no ledger at {place}")
        ledger = cls(place)
        try:
            connection = ledger._take()
            ledger._give(connection)
            if isinstance(connection, PostgresConnection):
                ledger_postgres_schema.check(connection)
            else:
                ledger_schema.check(connection)
        except (sqlite3.Error, LedgerError) as error:
            ledger.close()
            if isinstance(error, LedgerError):
                raise
            raise LedgerError(f"{place} is no ledger: {error}") from error
        return ledger

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> Sequence[Row]:
        """All rows of a query. Raises what is `UNREADABLE` when it cannot be answered."""
        while True:
            connection = self._take()
            known = isinstance(connection, PostgresConnection) and connection.answered
            try:
                if isinstance(connection, PostgresConnection):
                    return connection.execute(query, parameters).by_name()
                return connection.execute(query, parameters).fetchall()
            except Away:
                if not known:  # else the session may have ended while nobody asked; then another is begun
                    raise
            finally:
                self._give(connection)

    def close(self) -> None:
        """Let go of the ledger; a query under way is finished first."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take(self) -> sqlite3.Connection | PostgresConnection:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        if isinstance(self.place, Database):
            return self._session(self.place)
        uri = f"{self.place.absolute().as_uri()}?mode=ro"
        connection = sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        return connection

    def _session(self, database: Database) -> PostgresConnection:
        if time.monotonic() < self._away_until:
            raise Away(f"{database} could not be reached a moment ago")
        try:
            return database.reader()
        except Away:
            self._away_until = time.monotonic() + AWAY_S
            raise

    def _give(self, connection: sqlite3.Connection | PostgresConnection) -> None:
        with self._lock:
            of_use = isinstance(connection, sqlite3.Connection) or not connection.lost
            if of_use and not self._closed and len(self._idle) < IDLE_MAX:
                self._idle.append(connection)
                return
        connection.close()
