"""How long single requests are kept. What is older leaves its hourly sums behind, which answer most questions and are small;
threads, sessions, comparisons and charges are only in the rows.
"""

from gateway.metering.ledger import Ledger
from gateway.metering.ledger_face import Connection

DAY_S = 86_400
HOUR_S = 3600
ROWS_AT_ONCE = 2_000
"""A transaction of this size takes a few hundredths of a second, for which journals and other writers wait."""
LOOK_S = 60.0
"""How often somebody looks whether another day is over."""
_OLD = "SELECT id FROM requests WHERE settled_at < ? ORDER BY settled_at LIMIT ?"


def horizon(days: int, now: float) -> float:
    """The midnight (UTC) before which nothing need be kept: whole days, so that no hour is half there."""
    return (now // DAY_S - days) * DAY_S


def prune(connection: Connection, before: float) -> int:
    """Delete some rows settled before a moment; fewer than `ROWS_AT_ONCE` when no more are left. Inside the caller's
    transaction.

    The newest row stays whatever its age: whoever looks for rows that are new goes by its number, which must not come again.
    """
    newest = connection.execute("SELECT max(rowid) FROM requests").fetchone()[0]
    statement = f"DELETE FROM requests WHERE id IN ({_OLD}) AND rowid != ?"
    return connection.execute(statement, (before, ROWS_AT_ONCE, newest or 0)).rowcount


def kept_since(ledger: Ledger) -> float | None:
    """Unix seconds from which on single requests are there, where older ones were deleted; None where none were."""
    hour = ledger.rows("SELECT min(hour) AS first FROM hours_by_place")[0]["first"]
    row = ledger.rows("SELECT min(settled_at) AS first FROM requests")[0]["first"]
    if hour is None or row is None or row // HOUR_S <= hour:
        return None
    return float(row)
