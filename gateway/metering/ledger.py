"""The ledger: one row per request in SQLite, and hourly sums of them that answer most questions without a scan.

Written by the ledger writer alone (`gateway/metering/ledger_writer.py`), read by anyone. An amount is a whole number
of pico-dollars; NULL means unknown and is never added up as 0.
"""

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gateway.metering.ledger_schema import BUSY_S, LedgerError, check, connect

__all__ = ["Ledger", "LedgerError", "exact_sum", "total"]

IDLE_MAX = 4
"""Connections kept open between queries; a page asks one query after the other. Each holds up to 2 MB of cache."""
_HALF = 1_000_000


def exact_sum(column: str, alias: str) -> str:
    """Two columns of a query that `total` puts together: SQLite's own sum stops at nine million dollars."""
    return f"sum({column} / {_HALF}) AS {alias}_high, sum({column} % {_HALF}) AS {alias}_low"


def total(row: sqlite3.Row, alias: str) -> int:
    """The sum of an `exact_sum`; 0 where there was nothing to add."""
    return (row[f"{alias}_high"] or 0) * _HALF + (row[f"{alias}_low"] or 0)


class Ledger:
    """The reading side. Any thread may ask; each query has a connection to itself, and reads what was committed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._idle: list[sqlite3.Connection] = []
        self._closed = False
        self._lock = threading.Lock()

    @classmethod
    def open(cls, path: Path) -> "Ledger":
        """Open a ledger for reading, made or brought up to date where need be. `LedgerError` when it cannot be used."""
        connect(path).close()
        return cls(path)

    @classmethod
    def existing(cls, path: Path) -> "Ledger":
        """Open a ledger as it is, changing nothing; `LedgerError` when there is none that can be read."""
        if not path.is_file():
            raise LedgerError(f"there is no ledger at {path}")
        ledger = cls(path)
        try:
            connection = ledger._take()
            ledger._give(connection)
            check(connection)
        except (sqlite3.Error, LedgerError) as error:
            ledger.close()
            if isinstance(error, LedgerError):
                raise
            raise LedgerError(f"{path} is no ledger: {error}") from error
        return ledger

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """All rows of a query. `sqlite3.Error` when it cannot be answered."""
        connection = self._take()
        try:
            return connection.execute(query, parameters).fetchall()
        finally:
            self._give(connection)

    def close(self) -> None:
        """Let go of the file; a query under way is finished first."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take(self) -> sqlite3.Connection:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        uri = f"{self.path.absolute().as_uri()}?mode=ro"
        connection = sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        return connection

    def _give(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            if not self._closed and len(self._idle) < IDLE_MAX:
                self._idle.append(connection)
                return
        connection.close()
