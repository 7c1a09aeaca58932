"""From journal records to ledger rows: which columns an intent fills, which a settlement, and how many go in at a time.

SQLite gives up Python's lock for every statement it runs, and a busy event loop is slow to hand it back: a statement per
record would book a few hundred a second. So many records go into one statement, and what follows from them is left to
SQL.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec.structs import astuple

from gateway.metering.ledger_schema import CALLER, PLACE, add_up
from gateway.metering.types import KINDS, Intent, Settlement

BLOCKS = (512, 64, 8, 1)
"""Rows per statement, largest first. 512 settlements are 23,552 parameters; SQLite takes 32,766."""
ESTIMATED_BYTES_PER_TOKEN = 4
"""The rule of thumb `gateway/metering/estimate.py` goes by."""

_INTENT = Intent.__struct_fields__
_SETTLED = (
    "id", "settled_at", "outcome", "status", "model", "upstream", "provider", "served", "tier", "response_id", "attempts",
    "ttft_ms", "duration_ms", "bytes_out", "cache_observed", "picos", "fee_picos", "fees", "price_status", "price_reason",
    "price_rows", "exact", *KINDS, *(f"picos_{kind}" for kind in KINDS),
)  # fmt: skip
_BLANK = tuple(name for name in _INTENT if name not in ("id", "at", "model", "upstream", "provider"))
_BLANK_VALUES = {"stream": "0", "bytes_in": "0", "cache_expected_tokens": "NULL", "estimate_picos": "NULL"}
_NOBODY = ", ".join(_BLANK_VALUES.get(name, "''") for name in _BLANK)

SETTLING = f"CREATE TEMP TABLE settling (id TEXT PRIMARY KEY, {', '.join(_SETTLED[1:])}) WITHOUT ROWID"
"""Where the settlements of one transaction wait for the rows they belong to."""
SETTLE: tuple[str, ...] = (
    "DELETE FROM settling WHERE EXISTS"
    " (SELECT 1 FROM requests r WHERE r.id = settling.id AND r.settled_at IS NOT NULL)",
    f"INSERT OR IGNORE INTO requests (id, at, model, upstream, provider, journal, {', '.join(_BLANK)})"
    f" SELECT id, settled_at, model, upstream, provider, ?1, {_NOBODY} FROM settling",
    f"UPDATE requests SET {', '.join(f'{name} = s.{name}' for name in _SETTLED[1:])}"
    " FROM settling s WHERE requests.id = s.id",
    add_up("hours_by_place", PLACE, "settling JOIN requests r USING (id) WHERE true"),
    add_up("hours_by_caller", CALLER, "settling JOIN requests r USING (id) WHERE true"),
    "DELETE FROM settling",
)
"""What settles the rows in `settling` and adds them up. One that is settled already changes nothing; one whose intent the
disk did not take gets a row without a caller, so that at least its money is in the books."""

_encode = msgspec.json.Encoder().encode
T = TypeVar("T", Intent, Settlement)


def _block(insert: str, columns: Sequence[str]) -> dict[int, str]:
    row = f"({', '.join('?' for _ in columns)})"
    return {size: insert.format(f"VALUES {', '.join([row] * size)}") for size in BLOCKS}


_INTENTS = _block(f"INSERT OR IGNORE INTO requests ({', '.join(_INTENT)}, journal) {{}}", (*_INTENT, "journal"))
_SETTLEMENTS = _block(f"INSERT OR IGNORE INTO settling ({', '.join(_SETTLED)}) {{}}", _SETTLED)


def book(
    connection: sqlite3.Connection, journal: str, intents: Sequence[Intent], settlements: Sequence[Settlement]
) -> None:
    """Write these records of one journal, inside the caller's transaction. Raises what SQLite raises."""
    for block in _blocks(intents):
        values: list[Any] = []
        for intent in block:
            values += astuple(intent)
            values.append(journal)
        connection.execute(_INTENTS[len(block)], values)
    if not settlements:
        return
    for chunk in _blocks(settlements):
        values = []
        for settlement in chunk:
            values += settled_row(settlement)
        connection.execute(_SETTLEMENTS[len(chunk)], values)
    for statement in SETTLE:
        connection.execute(statement, (journal,) if "?1" in statement else ())


def settled_row(settlement: Settlement) -> tuple[Any, ...]:
    """A settlement in the order of `settling`'s columns. What was not priced has NULL for its cost."""
    tokens = settlement.kinds
    costs = settlement.by_kind
    picos = settlement.picos
    return (
        settlement.id,
        settlement.at,
        settlement.outcome,
        settlement.status,
        settlement.model,
        settlement.upstream,
        settlement.provider,
        settlement.served,
        settlement.tier,
        settlement.response_id,
        settlement.attempts,
        settlement.ttft_ms,
        settlement.duration_ms,
        settlement.bytes_out,
        settlement.cache_observed,
        picos,
        0 if picos is None else max(0, picos - sum(costs.values())),
        _encode(settlement.fees).decode() if settlement.fees else None,
        settlement.price_status,
        settlement.price_reason,
        ",".join(settlement.price_rows),
        settlement.exact,
        *[tokens.get(kind, 0) for kind in KINDS],
        *[costs.get(kind) for kind in KINDS],
    )


def unknown(intent_id: str, at: float, row: Mapping[str, Any]) -> Settlement:
    """What is booked for a request whose process died under it: the estimate made before, marked as one.

    `row` holds the intent's `model`, `upstream`, `provider`, `bytes_in` and `estimate_picos`.
    """
    picos = row["estimate_picos"]
    return Settlement(
        id=intent_id,
        at=at,
        outcome="unknown",
        status=0,
        kinds={"input_uncached": row["bytes_in"] // ESTIMATED_BYTES_PER_TOKEN},
        fees={},
        picos=picos,
        by_kind={} if picos is None else {"input_uncached": picos},
        price_status="unpriced" if picos is None else "partial",
        price_reason="process_died",
        price_rows=(),
        exact=False,
        model=row["model"],
        upstream=row["upstream"],
        provider=row["provider"],
        served="",
        tier="",
        response_id="",
        attempts=0,
        ttft_ms=None,
        duration_ms=0.0,
        bytes_out=0,
        cache_observed="unknown",
    )


def _blocks(records: Sequence[T]) -> Iterator[Sequence[T]]:
    """The records in as few blocks as there are statements for."""
    start = 0
    for size in BLOCKS:
        while len(records) - start >= size:
            yield records[start : start + size]
            start += size
