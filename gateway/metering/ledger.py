"""The ledger: one row per request in SQLite, and hourly sums of them that answer most questions without a scan.

Written by the ledger writer alone (`gateway/metering/ledger_writer.py`), read by anyone. An amount is a whole number
of pico-dollars; NULL means unknown and is never added up as 0. Sums over many rows are made in Python, whose integers have
no end; SQLite's stop at nine million dollars.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from gateway.metering.types import KINDS

SCHEMA_VERSION = 1
BUSY_S = 10.0
"""How long a reader or the writer waits for the other; the writer's transactions take milliseconds."""

_KIND_COLUMNS = "".join(f",\n    {kind} INTEGER NOT NULL DEFAULT 0" for kind in KINDS)
_SUM_COLUMNS = "".join(
    f",\n    tokens_{kind} INTEGER NOT NULL DEFAULT 0,\n    picos_{kind} INTEGER NOT NULL DEFAULT 0" for kind in KINDS
)
_SCHEMA = f"""
CREATE TABLE requests (
    id TEXT PRIMARY KEY,
    at REAL NOT NULL,
    settled_at REAL,
    journal TEXT NOT NULL,
    team TEXT NOT NULL, user TEXT NOT NULL, client TEXT NOT NULL, client_version TEXT NOT NULL,
    session TEXT NOT NULL, thread TEXT NOT NULL, parent TEXT NOT NULL, agent TEXT NOT NULL, thread_rule TEXT NOT NULL,
    endpoint TEXT NOT NULL, dialect TEXT NOT NULL, model_asked TEXT NOT NULL,
    route TEXT NOT NULL, model TEXT NOT NULL, upstream TEXT NOT NULL, provider TEXT NOT NULL,
    source TEXT NOT NULL, reason TEXT NOT NULL, rule TEXT NOT NULL, input_kind TEXT NOT NULL, output_kind TEXT NOT NULL,
    stream INTEGER NOT NULL, bytes_in INTEGER NOT NULL,
    cache_state TEXT NOT NULL, cache_expected_tokens INTEGER, estimate_picos INTEGER,
    outcome TEXT, status INTEGER, served TEXT, tier TEXT, response_id TEXT, attempts INTEGER,
    ttft_ms REAL, duration_ms REAL, bytes_out INTEGER, cache_observed TEXT,
    picos INTEGER, fee_picos INTEGER NOT NULL DEFAULT 0, fees TEXT, by_kind TEXT,
    price_status TEXT, price_reason TEXT, price_rows TEXT, exact INTEGER{_KIND_COLUMNS}
) STRICT;
CREATE INDEX requests_settled ON requests (settled_at);
CREATE INDEX requests_unpriced ON requests (settled_at) WHERE price_status != 'priced';
CREATE INDEX requests_open ON requests (journal) WHERE settled_at IS NULL;
CREATE TABLE hours (
    hour INTEGER NOT NULL,
    team TEXT NOT NULL, route TEXT NOT NULL, model TEXT NOT NULL, provider TEXT NOT NULL, status_class TEXT NOT NULL,
    requests INTEGER NOT NULL DEFAULT 0, unpriced INTEGER NOT NULL DEFAULT 0,
    picos INTEGER NOT NULL DEFAULT 0, picos_fee INTEGER NOT NULL DEFAULT 0{_SUM_COLUMNS},
    PRIMARY KEY (hour, team, route, model, provider, status_class)
) STRICT, WITHOUT ROWID;
CREATE TABLE segments (name TEXT PRIMARY KEY, offset INTEGER NOT NULL) STRICT, WITHOUT ROWID;
"""
"""`hours.hour` is Unix time divided by 3600. `segments.offset` is how much of a journal segment has been applied; it changes
in the same transaction as the rows, so nothing is applied twice."""


class LedgerError(RuntimeError):
    """The file is no ledger this version can use."""


def connect(path: Path) -> sqlite3.Connection:
    """A connection that may write. Makes the file, or brings an older one up to date; `LedgerError` for a newer one."""
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")  # the journal is what must survive; this can be made from it again
        _migrate(connection)
    except (sqlite3.DatabaseError, LedgerError) as error:
        connection.close()
        if isinstance(error, LedgerError):
            raise
        raise LedgerError(f"{path} is no ledger: {error}") from error
    return connection


def _migrate(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        raise LedgerError(f"the ledger was written by a newer version (schema {version}, this one knows {SCHEMA_VERSION})")
    if version == SCHEMA_VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        if connection.execute("PRAGMA user_version").fetchone() == (version,):  # nobody else was faster
            for statement in _SCHEMA.split(";\n"):
                if statement.strip():
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


class Ledger:
    """The reading side; each thread reads on a connection of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._all: list[sqlite3.Connection] = []

    @classmethod
    def open(cls, path: Path) -> "Ledger":
        """Open a ledger for reading, made where it is missing. `LedgerError` when it cannot be used."""
        connect(path).close()
        return cls(path)

    @classmethod
    def existing(cls, path: Path) -> "Ledger":
        """Open a ledger that must be there already; `LedgerError` when it is not."""
        if not path.is_file():
            raise LedgerError(f"there is no ledger at {path}")
        return cls.open(path)

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> Iterator[sqlite3.Row]:
        """The rows of a query, one by one."""
        yield from self._connection().execute(query, parameters)

    def close(self) -> None:
        for connection in self._all:
            connection.close()

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            uri = f"{self.path.absolute().as_uri()}?mode=ro"
            connection = sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
            connection.row_factory = sqlite3.Row
            self._local.connection = connection
            self._all.append(connection)
        return connection
