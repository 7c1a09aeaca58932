"""The ledger's tables, as the steps that lead to them, and the sums that are kept beside the rows.

A step that has been released is never changed again; the next one changes what it made. SQLite's `user_version` says how
many a file has taken.
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from gateway.metering.ledger_face import Connection, LedgerError
from gateway.metering.types import KINDS

BUSY_S = 10.0
"""How long a reader or the writer waits for the other; the writer's transactions take milliseconds."""
WAL_BYTES_MAX = 64 * 1024 * 1024
"""To this size the write-ahead log is cut back after a long reader has let it grow."""

PLACE = ("hour", "team", "route", "model", "provider", "status_class")
CALLER = ("hour", "team", "user", "client", "agent")
_DERIVED = {
    "hour": "CAST(r.settled_at / 3600 AS INTEGER)",
    "status_class": "CASE WHEN r.status BETWEEN 200 AND 599 THEN (r.status / 100) || 'xx' ELSE 'none' END",
}


def add_up(table: str, by: tuple[str, ...], source: str, kinds: tuple[str, ...] = KINDS) -> str:
    """The statement that adds the requests `r` of a FROM clause with its WHERE to the sums by these columns."""
    addends = {
        "requests": "1",
        "unpriced": "r.price_status != 'priced'",
        "estimated": "NOT r.exact",
        "picos": "coalesce(r.picos, 0)",
        "picos_fee": "r.fee_picos",
        **{f"tokens_{kind}": f"r.{kind}" for kind in kinds},
        **{f"picos_{kind}": f"coalesce(r.picos_{kind}, 0)" for kind in kinds},
    }
    return (
        f"INSERT INTO {table} ({', '.join((*by, *addends))})"
        f" SELECT {', '.join((*(_DERIVED.get(name, f'r.{name}') for name in by), *addends.values()))} FROM {source}"
        f" ON CONFLICT DO UPDATE SET {', '.join(f'{name} = {name} + excluded.{name}' for name in addends)}"
    )


def _sums_table(table: str, by: tuple[str, ...], kinds: tuple[str, ...]) -> str:
    """Hourly sums: `picos` is what is known of the cost, `unpriced` counts requests that lack some of it, `estimated` those
    whose usage nobody reported."""
    columns = [f"{name} {'INTEGER' if name == 'hour' else 'TEXT'} NOT NULL" for name in by]
    sums = ["requests", "unpriced", "estimated", "picos", "picos_fee"]
    sums += [f"{what}_{kind}" for kind in kinds for what in ("tokens", "picos")]
    columns += [f"{name} INTEGER NOT NULL" for name in sums]
    return f"CREATE TABLE {table} ({', '.join(columns)}, PRIMARY KEY ({', '.join(by)})) STRICT, WITHOUT ROWID"


_KINDS_1 = (
    "input_uncached", "cache_read", "cache_write_5m", "cache_write_30m", "cache_write_1h", "cache_write_12h", "output",
    "reasoning", "input_audio", "output_audio", "input_image", "output_image",
)  # fmt: skip
_STEP_1 = (
    f"""
    CREATE TABLE requests (
        id TEXT PRIMARY KEY, at REAL NOT NULL, settled_at REAL, journal TEXT NOT NULL,
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
        price_status TEXT, price_reason TEXT, price_rows TEXT, exact INTEGER,
        {", ".join(f"{kind} INTEGER NOT NULL DEFAULT 0" for kind in _KINDS_1)}
    ) STRICT
    """,
    "CREATE INDEX requests_settled ON requests (settled_at)",
    "CREATE INDEX requests_unpriced ON requests (settled_at) WHERE price_status != 'priced'",
    "CREATE INDEX requests_open ON requests (journal) WHERE settled_at IS NULL",
    "CREATE TABLE segments (name TEXT PRIMARY KEY, offset INTEGER NOT NULL) STRICT, WITHOUT ROWID",
)
"""`segments.offset` is how much of a journal segment has been applied; it changes in the same transaction as the rows, so
nothing is applied twice."""
_STEP_2 = (
    *(f"ALTER TABLE requests ADD COLUMN picos_{kind} INTEGER" for kind in _KINDS_1),
    f"UPDATE requests SET {', '.join(f'''picos_{kind} = by_kind ->> '$.{kind}' ''' for kind in _KINDS_1)}"
    " WHERE by_kind IS NOT NULL",
    "ALTER TABLE requests DROP COLUMN by_kind",
    "CREATE INDEX requests_of_team ON requests (team, settled_at)",
    "DROP TABLE IF EXISTS hours",
    _sums_table("hours_by_place", PLACE, _KINDS_1),
    _sums_table("hours_by_caller", CALLER, _KINDS_1),
    add_up("hours_by_place", PLACE, "requests r WHERE settled_at IS NOT NULL", _KINDS_1),
    add_up("hours_by_caller", CALLER, "requests r WHERE settled_at IS NOT NULL", _KINDS_1),
)
"""Dollars per kind as columns (NULL: not known), and sums by caller beside those by place."""
_INTENT_3 = (
    "id", "at", "team", "user", "client", "client_version", "session", "thread", "parent", "agent", "thread_rule",
    "endpoint", "dialect", "model_asked", "route", "model", "upstream", "provider", "source", "reason", "rule", "input_kind",
    "output_kind", "stream", "bytes_in", "cache_state", "cache_expected_tokens", "estimate_picos",
)  # fmt: skip
_STREAM_3 = "json(iif(stream, 'true', 'false'))"
_JSON_3 = ", ".join(f"'{name}', {_STREAM_3 if name == 'stream' else name}" for name in _INTENT_3)
_STEP_3 = (
    "CREATE TABLE open (id TEXT PRIMARY KEY, journal TEXT NOT NULL, intent TEXT NOT NULL) STRICT, WITHOUT ROWID",
    f"INSERT INTO open SELECT id, journal, json_object({_JSON_3}) FROM requests WHERE settled_at IS NULL",
    "DELETE FROM requests WHERE settled_at IS NULL",
    "DROP INDEX requests_open",
)
"""What is under way waits, as it was written down, in a small table of its own, so that a row is written once: settled."""
_STEP_4 = ("ALTER TABLE requests ADD COLUMN key_id TEXT NOT NULL DEFAULT ''",)
"""Which of its team's keys a request came with."""
_STEP_5 = (
    "ALTER TABLE requests ADD COLUMN known_tokens INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE requests ADD COLUMN cache_cause TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE requests ADD COLUMN moved_from TEXT NOT NULL DEFAULT ''",
    *(f"ALTER TABLE requests ADD COLUMN if_{name} INTEGER" for name in ("code", "general", "uncached", "stayed")),
    "ALTER TABLE requests ADD COLUMN wasted_picos INTEGER",
    "ALTER TABLE requests ADD COLUMN wasted_cause TEXT NOT NULL DEFAULT ''",
    """
    CREATE TABLE savings (
        hour INTEGER NOT NULL, team TEXT NOT NULL, what TEXT NOT NULL, reason TEXT NOT NULL,
        requests INTEGER NOT NULL, picos INTEGER NOT NULL, PRIMARY KEY (hour, team, what, reason)
    ) STRICT, WITHOUT ROWID
    """,
)
"""What events would have cost otherwise (`gateway/metering/whatif.py`), NULL where that is not known; and what was saved and
wasted by it per hour, the sum of all hours under hour -1."""
_STEP_6 = (
    "ALTER TABLE requests ADD COLUMN instead TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE requests ADD COLUMN instead_picos INTEGER",
)
"""The model a thread might have moved to or stayed with (`routing/stay.py`), and what that was expected to cost more."""
_STEP_7 = (
    "ALTER TABLE requests ADD COLUMN breaker TEXT NOT NULL DEFAULT ''",
    "CREATE INDEX requests_broken ON requests (settled_at) WHERE breaker != ''",
)
"""What broke a prompt, for `pointsman lint-prompts`."""
_STEP_8 = (
    """
    CREATE TABLE corrections (
        id TEXT NOT NULL, at REAL NOT NULL, why TEXT NOT NULL, picos_before INTEGER, picos_after INTEGER,
        status_before TEXT NOT NULL, reason_before TEXT NOT NULL, rows_before TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX corrections_at ON corrections (at)",
)
"""What a request was booked at before it was priced again (`gateway/metering/ledger_reprice.py`); lines are only added."""
STEPS = (_STEP_1, _STEP_2, _STEP_3, _STEP_4, _STEP_5, _STEP_6, _STEP_7, _STEP_8)


def connect(path: Path) -> sqlite3.Connection:
    """A connection that may write. Makes the file, or brings an older one up to date; `LedgerError` for a newer one."""
    connection = None
    try:
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")  # what this may lose with the power, the journal still has
        connection.execute(f"PRAGMA journal_size_limit = {WAL_BYTES_MAX}")
        bring_up(connection, len(STEPS))
    except (sqlite3.Error, OSError) as error:
        if connection is not None:
            connection.close()
        raise LedgerError(f"{path} is no ledger, or cannot be written: {error}") from error
    except LedgerError:
        if connection is not None:
            connection.close()
        raise
    return connection


def bring_up(connection: sqlite3.Connection, version: int) -> None:
    """Take the steps that lead to this version, all or none; `LedgerError` when the file is beyond it."""
    if _version(connection) == version:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        found = _version(connection)  # asked again: another process may have been faster
        if found > version:
            raise LedgerError(f"the ledger was written by a newer version (schema {found}, this one knows {version})")
        for step in STEPS[found:version]:
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {version}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def durable(connection: Connection) -> Iterator[None]:
    """What is committed in here is on the disk, and with it all before it. In PostgreSQL every commit is."""
    if not isinstance(connection, sqlite3.Connection):
        yield
        return
    connection.execute("PRAGMA synchronous = FULL")
    try:
        yield
    finally:
        connection.execute("PRAGMA synchronous = NORMAL")


def check(connection: sqlite3.Connection) -> None:
    """`LedgerError` unless a connection that may only read finds tables it knows."""
    found = _version(connection)
    if found < len(STEPS):
        raise LedgerError(f"the ledger has an older schema ({found}); starting the gateway brings it up to date")
    if found > len(STEPS):
        raise LedgerError(f"the ledger was written by a newer version (schema {found}, this one knows {len(STEPS)})")


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version
