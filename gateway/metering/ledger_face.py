"""What the ledger asks of a database, whichever it is, and how one says that it cannot.

SQLite's own connection has this face; PostgreSQL is given it (`gateway/metering/ledger_postgres.py`). Statements are written
in what both understand, as far as that reaches; the rest is translated in `gateway/metering/ledger_postgres_sql.py`.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol


class LedgerError(RuntimeError):
    """There is no ledger this version can use."""


class Away(LedgerError):
    """The database cannot be reached now; what is to be booked waits in the journal."""


class Unbookable(LedgerError):
    """The database is well and refuses a value."""


UNREADABLE = (sqlite3.Error, LedgerError)
"""What a question to the ledger raises when it cannot be answered."""


class Row(Protocol):
    """A row of an answer, by the names of its columns."""

    def __getitem__(self, name: str, /) -> Any: ...


class Answer(Protocol):
    """What a statement gave."""

    @property
    def rowcount(self) -> int: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...
    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """The writer's connection. Transactions begin and end by statements."""

    @property
    def in_transaction(self) -> bool: ...
    def execute(self, statement: str, parameters: Sequence[Any] = (), /) -> Answer: ...
    def executemany(self, statement: str, rows: Iterable[Sequence[Any]], /) -> Answer: ...
    def close(self) -> None: ...
