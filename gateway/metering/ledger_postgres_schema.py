"""The ledger's tables in PostgreSQL: the same columns as in SQLite (`gateway/metering/ledger_schema.py`), in a schema of its
own, so that they can lie in a database that is used for other things besides.

A database begins with the tables as they were when it was first possible; a later step stands in both files.
"""

from gateway.metering.ledger_face import Connection, LedgerError
from gateway.metering.ledger_schema import CALLER, PLACE
from gateway.metering.ledger_schema import STEPS as VERSIONS

SCHEMA = "pointsman"
_TEXT = 'TEXT COLLATE "C"'
"""Compared by bytes, as SQLite does, whatever the database's language."""
_KINDS_7 = (
    "input_uncached", "cache_read", "cache_write_5m", "cache_write_30m", "cache_write_1h", "cache_write_12h", "output",
    "reasoning", "input_audio", "output_audio", "input_image", "output_image",
)  # fmt: skip
_TYPES = {
    f"{_TEXT} NOT NULL": (
        "journal", "team", "user", "client", "client_version", "session", "thread", "parent", "agent", "thread_rule",
        "endpoint", "dialect", "model_asked", "route", "model", "upstream", "provider", "source", "reason", "rule",
        "input_kind", "output_kind", "cache_state",
    ),
    f"{_TEXT} NOT NULL DEFAULT ''": ("key_id", "cache_cause", "moved_from", "wasted_cause", "instead", "breaker"),
    _TEXT: (
        "outcome", "served", "tier", "response_id", "cache_observed", "fees", "price_status", "price_reason", "price_rows",
    ),
    "BIGINT NOT NULL DEFAULT 0": ("fee_picos", "known_tokens", *_KINDS_7),
    "BIGINT NOT NULL": ("bytes_in",),
    "BIGINT": (
        "cache_expected_tokens", "estimate_picos", "status", "attempts", "bytes_out", "picos", "instead_picos",
        "wasted_picos", *(f"picos_{kind}" for kind in _KINDS_7),
        *(f"if_{name}" for name in ("code", "general", "uncached", "stayed")),
    ),
    "DOUBLE PRECISION NOT NULL": ("at",),
    "DOUBLE PRECISION": ("settled_at", "ttft_ms", "duration_ms"),
    "BOOLEAN NOT NULL": ("stream",),
    "BOOLEAN": ("exact",),
}  # fmt: skip
_REQUESTS = ", ".join(f"{name} {kind}" for kind, names in _TYPES.items() for name in names)


def _sums_table(table: str, by: tuple[str, ...]) -> str:
    columns = [f"{name} {'BIGINT' if name == 'hour' else _TEXT} NOT NULL" for name in by]
    sums = ["requests", "unpriced", "estimated", "picos", "picos_fee"]
    sums += [f"{what}_{kind}" for kind in _KINDS_7 for what in ("tokens", "picos")]
    columns += [f"{name} BIGINT NOT NULL" for name in sums]
    return f"CREATE TABLE {table} ({', '.join(columns)}, PRIMARY KEY ({', '.join(by)}))"


_STEP_7 = (
    f"CREATE TABLE requests (id {_TEXT} PRIMARY KEY, rowid BIGINT GENERATED ALWAYS AS IDENTITY, {_REQUESTS})",
    "CREATE UNIQUE INDEX requests_booked ON requests (rowid)",
    "CREATE INDEX requests_settled ON requests (settled_at)",
    "CREATE INDEX requests_unpriced ON requests (settled_at) WHERE price_status != 'priced'",
    "CREATE INDEX requests_of_team ON requests (team, settled_at)",
    "CREATE INDEX requests_broken ON requests (settled_at) WHERE breaker != ''",
    f"CREATE TABLE segments (name {_TEXT} PRIMARY KEY, offset BIGINT NOT NULL)",
    f"CREATE TABLE open (id {_TEXT} PRIMARY KEY, journal {_TEXT} NOT NULL, intent TEXT NOT NULL)",
    _sums_table("hours_by_place", ("home", *PLACE)),
    _sums_table("hours_by_caller", CALLER),
    f"CREATE TABLE savings (home {_TEXT} NOT NULL, hour BIGINT NOT NULL, team {_TEXT} NOT NULL, what {_TEXT} NOT NULL,"
    f" reason {_TEXT} NOT NULL, requests BIGINT NOT NULL, picos BIGINT NOT NULL,"
    " PRIMARY KEY (home, hour, team, what, reason))",
    "CREATE INDEX hours_of_place ON hours_by_place (hour)",
    "CREATE INDEX savings_of_hour ON savings (hour)",
    "CREATE TABLE version (number BIGINT NOT NULL)",
    "INSERT INTO version VALUES (7)",
)
"""`rowid` counts rows in the order in which they became visible, as SQLite's does: writers wait for each other. Sums from
which metrics go on are kept apart by `home`, for each gateway has metrics of its own."""
_STEP_8 = (
    f"CREATE TABLE corrections (id {_TEXT} NOT NULL, at DOUBLE PRECISION NOT NULL, why {_TEXT} NOT NULL,"
    f" picos_before BIGINT, picos_after BIGINT, status_before {_TEXT} NOT NULL, reason_before {_TEXT} NOT NULL,"
    f" rows_before {_TEXT} NOT NULL)",
    "CREATE INDEX corrections_at ON corrections (at)",
)
STEPS = {7: _STEP_7, 8: _STEP_8}
"""The statements that lead to each version."""
VERSION = len(VERSIONS)


def bring_up(connection: Connection) -> None:
    """Make the tables, or take the steps that are missing, all or none; `LedgerError` when they are beyond this version."""
    if _version(connection) == VERSION:
        return
    if (encoding := connection.execute("SHOW server_encoding").fetchone()[0]) != "UTF8":
        raise LedgerError(f"the database has the encoding {encoding}; the ledger needs UTF8")
    connection.execute("BEGIN IMMEDIATE")
    try:
        found = _version(connection)  # asked again: another process may have been faster
        if found > VERSION:
            raise LedgerError(_newer(found))
        if not connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = ?", (SCHEMA,)).fetchall():
            connection.execute(f"CREATE SCHEMA {SCHEMA}")
        for version in sorted(version for version in STEPS if version > found):
            for statement in STEPS[version]:
                connection.execute(statement)
        connection.execute("UPDATE version SET number = ?", (VERSION,))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def check(connection: Connection) -> None:
    """`LedgerError` unless there are tables this version knows."""
    found = _version(connection)
    if not found:
        raise LedgerError("there is no ledger in this database yet; starting the gateway makes it")
    if found < VERSION:
        raise LedgerError(f"the ledger has an older schema ({found}); starting the gateway brings it up to date")
    if found > VERSION:
        raise LedgerError(_newer(found))


def _newer(found: int) -> str:
    return f"the ledger was written by a newer version (schema {found}, this one knows {VERSION})"


def _version(connection: Connection) -> int:
    """0 where there are no tables yet. Asked of the catalogue's rows: names that are resolved are remembered, and one that
    another session has just made would still be missing."""
    made = "SELECT 1 FROM pg_tables WHERE schemaname = ? AND tablename = 'version'"
    if not connection.execute(made, (SCHEMA,)).fetchall():
        return 0
    version: int = connection.execute("SELECT number FROM version").fetchone()[0]
    return version
