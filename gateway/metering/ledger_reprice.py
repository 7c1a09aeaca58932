"""Prices requests again that had no price, or not for all they used, once there is one: a new table, or a contract.

Each is priced as of the moment it ended. Its row, the hourly sums, and a line in `corrections` that keeps what was booked
before are written in one transaction, so that whoever asks sees all of it or nothing, and may begin again at any time. What
was an estimate stays one, and what no price can mend, usage that is missing or impossible, stays as it is. What the same
would have cost otherwise remains unknown for these.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from gateway.metering.ledger import Ledger, Row, connect
from gateway.metering.ledger_face import Connection
from gateway.metering.ledger_hours import Hours
from gateway.metering.ledger_rows import fees_of, settled_of
from gateway.metering.price_rows import CONTRACT
from gateway.metering.prices import PriceBook
from gateway.metering.types import KINDS, Intent, Settlement, Usage

MENDED = ("unknown_model", "unknown_tier", "unknown_kind", "unknown_fee")
"""Reasons for which only a price was missing."""
ROWS_AT_ONCE = 500
_UPDATE = (
    "UPDATE requests SET picos = ?, fee_picos = ?, price_status = ?, price_reason = ?, price_rows = ?,"
    f" {', '.join(f'picos_{kind} = ?' for kind in KINDS)} WHERE id = ? AND price_status != 'priced'"
)
CORRECTION_COLUMNS = (
    "id", "at", "why", "picos_before", "picos_after", "status_before", "reason_before", "rows_before",
)  # fmt: skip
CORRECT = f"INSERT INTO corrections ({', '.join(CORRECTION_COLUMNS)}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


class Repriced(Struct, frozen=True):
    """What became of requests that had no whole price."""

    looked_at: int
    requests: int
    """Those that have one now."""
    picos: int
    """What they add to what was known."""


def reprice(ledger: Ledger, book: PriceBook, since_at: float, now: float, write: bool = True) -> Repriced:
    """Price what can be priced, of what was settled since a moment in Unix seconds; without `write`, only say what it is.

    Raises what the database raises; pieces that were done before stay done.
    """
    connection = connect(ledger.place) if write else None
    found = Repriced(looked_at=0, requests=0, picos=0)
    try:
        for rows in _pieces(ledger, since_at):
            priced = [(row, *each) for row in rows if (each := _priced(row, book)) is not None]
            if connection is not None and priced:
                priced = _write(connection, priced, now)
            more = sum((after.picos or 0) - (row["picos"] or 0) for row, _, after in priced)
            found = Repriced(found.looked_at + len(rows), found.requests + len(priced), found.picos + more)
    finally:
        if connection is not None:
            connection.close()
    return found


def _pieces(ledger: Ledger, since_at: float) -> Iterator[Sequence[Row]]:
    after = 0
    query = (
        "SELECT rowid AS number, * FROM requests WHERE price_status != 'priced' AND settled_at >= ?"
        f" AND price_reason IN ({', '.join('?' for _ in MENDED)}) AND rowid > ? ORDER BY rowid LIMIT ?"
    )
    while rows := ledger.rows(query, (since_at, *MENDED, after, ROWS_AT_ONCE)):
        yield rows
        after = rows[-1]["number"]


def _priced(row: Row, book: PriceBook) -> tuple[Intent, Settlement] | None:
    """The request with its whole price; None where it still has none, or several models had a part in the answer."""
    intent, settled, _, _ = settled_of(row)
    if sum(not name.startswith(CONTRACT) for name in settled.price_rows) > 1:
        return None
    usage = Usage(kinds=settled.kinds, fees=settled.fees, tier=settled.tier)
    priced = book.price(usage, settled.provider, settled.served or settled.model, settled.at)
    if priced.status != "priced":
        return None
    after = replace(
        settled, picos=priced.picos, by_kind=priced.by_kind, price_status="priced", price_reason="", price_rows=priced.rows
    )
    return intent, after


def _write(
    connection: Connection, priced: list[tuple[Row, Intent, Settlement]], now: float
) -> list[tuple[Row, Intent, Settlement]]:
    """Book these; gives those that nobody else has booked in the meantime."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        done = [each for each in priced if connection.execute(_UPDATE, _values(each[2])).rowcount]
        by_home: dict[str, Hours] = {}
        for row, intent, after in done:
            home = row["journal"].rpartition("/")[0]
            _, before, fee_before, _ = settled_of(row)
            by_home.setdefault(home, Hours(home)).correct(intent, before, fee_before, after, fees_of(after))
        for hours in by_home.values():
            hours.write(connection)
        connection.executemany(CORRECT, [_correction(row, after, now) for row, _, after in done])
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return done


def _values(after: Settlement) -> list[object]:
    rows, amounts = ",".join(after.price_rows), [after.by_kind.get(kind) for kind in KINDS]
    return [after.picos, fees_of(after), after.price_status, after.price_reason, rows, *amounts, after.id]


def _correction(row: Row, after: Settlement, now: float) -> tuple[object, ...]:
    return (
        after.id, now, "repriced", row["picos"], after.picos, row["price_status"], row["price_reason"], row["price_rows"],
    )  # fmt: skip
