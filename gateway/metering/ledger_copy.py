"""Copies a ledger that lies in a file into a database: every request once, however often and wherever it is begun again.

What is there already is looked up by its id, so the rows themselves say how far a copy came. A transaction takes some rows,
the hourly sums they make, and the proof: what was to be copied is read back and added up beside the source, and nothing is
committed that does not agree. The sums are kept under a name no gateway has: its metrics went on from them, and to find more
there at a restart would look like money just spent.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from gateway.metering.ledger import Ledger, Row, exact_sum, total
from gateway.metering.ledger_face import Connection, LedgerError
from gateway.metering.ledger_hours import CALLER_COLUMNS, PLACE_COLUMNS, Hours, add_callers, add_places
from gateway.metering.ledger_postgres import Database, PostgresConnection
from gateway.metering.ledger_reprice import CORRECT, CORRECTION_COLUMNS
from gateway.metering.ledger_retention import HOUR_S, kept_since
from gateway.metering.ledger_rows import insert, settled_of
from gateway.metering.ledger_savings import SAVING_COLUMNS, Savings, add_savings
from gateway.metering.types import KINDS

COPIED = "copied"
"""Whose the sums are, and what the names of copied journals begin with."""
SUMMED = "copied-sums"
"""The same for hours of which the source had sums alone."""
ROWS_AT_ONCE = 2_000
"""Other writers of the database wait for a transaction; this takes a fifth of a second."""
_AMONG = "id IN (SELECT value FROM json_each(?))"
_AMOUNTS = (*KINDS, "picos", "fee_picos", *(f"picos_{kind}" for kind in KINDS), "wasted_picos")
_encode = msgspec.json.Encoder().encode


class Progress(Struct, frozen=True):
    """How far a copy is, in requests."""

    seen: int
    of: int
    copied: int
    """Those that were not there yet."""
    picos: int
    """What all that were seen cost."""


def copy(source: Ledger, database: Database, told: Callable[[Progress], None], name: str) -> Progress:
    """Copy what the database lacks. `LedgerError`, or what SQLite raises; what was told before is there to stay.

    `name` is the same whenever this ledger is copied, and no other's.
    """
    of = int(source.rows("SELECT count(*) AS n FROM requests")[0]["n"])
    progress = Progress(seen=0, of=of, copied=0, picos=0)
    target = database.connect()
    try:
        for rows in _pieces(source):
            copied = _copy(source, target, rows)
            progress = Progress(
                seen=progress.seen + len(rows),
                of=max(of, progress.seen + len(rows)),
                copied=progress.copied + copied,
                picos=progress.picos + _added(rows, "picos"),
            )
            told(progress)
        _copy_sums(source, target, name)
        _check_hours(target)
    finally:
        target.close()
    return progress


def _pieces(source: Ledger) -> Iterator[Sequence[Row]]:
    """The rows in the order in which they were booked."""
    after = 0
    while rows := source.rows(
        "SELECT rowid AS number, * FROM requests WHERE rowid > ? ORDER BY rowid LIMIT ?", (after, ROWS_AT_ONCE)
    ):
        yield rows
        after = rows[-1]["number"]


def _copy(source: Ledger, target: PostgresConnection, rows: Sequence[Row]) -> int:
    """Copy those of these that are not there, prove that all are, and commit; how many they were."""
    ids = _encode([row["id"] for row in rows]).decode()
    with _transaction(target):
        there = {id_ for (id_,) in target.execute(f"SELECT id FROM requests WHERE {_AMONG}", (ids,))}
        lacking = [row for row in rows if row["id"] not in there]
        _insert(target, lacking)
        _insert_corrections(source, target, lacking)
        _prove(target, ids, rows)
    return len(lacking)


def _insert(target: Connection, rows: Sequence[Row]) -> None:
    hours, savings = Hours(COPIED), Savings(COPIED)
    by_journal: dict[str, list[Row]] = {}
    for row in rows:
        by_journal.setdefault(row["journal"], []).append(row)
    for journal, of_one in by_journal.items():
        settled = [settled_of(row) for row in of_one]
        insert(target, f"{COPIED}/{journal}", settled)
        for intent, settlement, fee_picos, otherwise in settled:
            hours.add(intent, settlement, fee_picos)
            savings.add(intent.team, settlement, otherwise)
    hours.write(target)
    savings.write(target)


def _insert_corrections(source: Ledger, target: Connection, rows: Sequence[Row]) -> None:
    """What these were booked at before they were corrected."""
    ids = _encode([row["id"] for row in rows]).decode()
    found = source.rows(f"SELECT {', '.join(CORRECTION_COLUMNS)} FROM corrections WHERE {_AMONG}", (ids,))
    if found:
        target.executemany(CORRECT, [tuple(row[name] for name in CORRECTION_COLUMNS) for row in found])


def _copy_sums(source: Ledger, target: PostgresConnection, name: str) -> None:
    """Copy the hours whose requests were deleted, the first time alone: they are in no row by which they would be known."""
    kept = kept_since(source)
    if kept is None:
        return
    before = (int(kept // HOUR_S),)
    with _transaction(target):
        mark = "INSERT INTO segments (name, offset) VALUES (?, ?) ON CONFLICT (name) DO NOTHING"
        if not target.execute(mark, (f"{SUMMED}/{name}", before[0])).rowcount:
            return
        add_places(target, SUMMED, _values(source, "hours_by_place", PLACE_COLUMNS, before))
        add_callers(target, _values(source, "hours_by_caller", CALLER_COLUMNS, before))
        add_savings(target, SUMMED, list(_values(source, "savings", SAVING_COLUMNS, before)))


def _values(source: Ledger, table: str, columns: Sequence[str], before: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    """The rows of a table of hours before one, without the sum of all hours."""
    query = f"SELECT {', '.join(columns)} FROM {table} WHERE hour >= 0 AND hour < ?"
    return (tuple(row[name] for name in columns) for row in source.rows(query, before))


@contextlib.contextmanager
def _transaction(target: PostgresConnection) -> Iterator[None]:
    """All of it or nothing."""
    target.execute("BEGIN IMMEDIATE")
    try:
        yield
        target.execute("COMMIT")
    except BaseException:
        if target.in_transaction:
            target.execute("ROLLBACK")
        raise


def _prove(target: PostgresConnection, ids: str, rows: Sequence[Row]) -> None:
    sums = ", ".join(exact_sum(name, name) for name in _AMOUNTS)
    (found,) = target.execute(f"SELECT count(*) AS requests, {sums} FROM requests WHERE {_AMONG}", (ids,)).by_name()
    if found["requests"] != len(rows):
        raise LedgerError(f"{found['requests']} of {len(rows)} requests arrived; nothing of them was kept")
    for name in _AMOUNTS:
        if (here := total(found, name)) != (there := _added(rows, name)):
            raise LedgerError(
                f"of {len(rows)} requests from {rows[0]['id']} on, {name} adds up to {here} in the database and to {there}"
                " in the file: one of them was there before, with other amounts"
            )


def _added(rows: Sequence[Row], name: str) -> int:
    return sum(row[name] or 0 for row in rows)


def _check_hours(target: PostgresConnection) -> None:
    """The hourly sums of all that was ever copied are what the rows add up to."""
    sums = exact_sum("picos", "picos")
    rows, hours = (
        target.execute(query, (COPIED,)).by_name()[0]
        for query in (
            f"SELECT count(*) AS requests, {sums} FROM requests WHERE journal LIKE ? || '/%'",
            f"SELECT sum(requests) AS requests, {sums} FROM hours_by_place WHERE home = ?",
        )
    )
    if (rows["requests"], total(rows, "picos")) != (hours["requests"] or 0, total(hours, "picos")):
        raise LedgerError("the hourly sums of what was copied are not what its rows add up to")
