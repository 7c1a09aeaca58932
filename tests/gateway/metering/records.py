"""Journal records for tests, and what the ledger must make of them."""

import sqlite3
from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from gateway.metering.journal import Entry
from gateway.metering.ledger import Ledger, Place
from gateway.metering.ledger_batch import Batch
from gateway.metering.ledger_face import Connection
from gateway.metering.ledger_postgres import Database
from gateway.metering.types import KINDS, Intent, Settlement

AT = 1_795_500_000.0
"""A moment, exactly on an hour."""

_INTENT = Intent(
    id="", at=AT, team="payments", user="ann", client="codex", client_version="1.2", session="s1", thread="codex:t1",
    parent="", agent="main", thread_rule="codex_turn", endpoint="responses", dialect="responses", model_asked="auto",
    route="code", model="gpt-6.1-sol", upstream="openai", provider="openai", source="classifier", reason="output_patch",
    rule="", input_kind="code", output_kind="patch", stream=True, bytes_in=4000, cache_state="warm",
    cache_expected_tokens=900, estimate_picos=5_000_000,
)  # fmt: skip
_SETTLEMENT = Settlement(
    id="", at=AT + 4, outcome="finished", status=200, kinds={"cache_read": 900, "output": 30}, fees={}, picos=3_900,
    by_kind={"cache_read": 900, "output": 3_000}, price_status="priced", price_reason="", price_rows=("2026-11-20/openai/x",),
    exact=True, model="gpt-6.1-sol", upstream="openai", provider="openai", served="gpt-6.1-sol", tier="",
    response_id="resp_1", attempts=1, ttft_ms=80.0, duration_ms=4000.0, bytes_out=900, cache_observed="hit",
)  # fmt: skip


def intent(id_: str, **changes: Any) -> Intent:
    return replace(_INTENT, id=id_, **changes)


def settlement(id_: str, **changes: Any) -> Settlement:
    return replace(_SETTLEMENT, id=id_, **changes)


def unpriced(id_: str, **changes: Any) -> Settlement:
    """A settlement whose dollars nobody knows."""
    nothing = {"picos": None, "by_kind": {}, "price_status": "unpriced", "price_reason": "unknown_model", "price_rows": ()}
    return settlement(id_, **{**nothing, **changes})


def book(connection: Connection, journal: str, intents: Iterable[Intent], settlements: Iterable[Settlement]) -> None:
    """Write these records into a ledger, as one transaction of its writer would."""
    batch = Batch(connection, named(connection, journal))
    batch.add([*(Entry(intent=each) for each in intents), *(Entry(settlement=each) for each in settlements)])
    batch.close()


def named(connection: Connection, journal: str) -> str:
    """A journal's name as that ledger has it."""
    return journal if isinstance(connection, sqlite3.Connection) else f"home/{journal}"


def ledger_rows(path: Place, query: str = "SELECT * FROM requests ORDER BY id") -> list[dict[str, Any]]:
    if isinstance(path, Database):
        ledger = Ledger(path)
        found = [{**row} for row in ledger.rows(query)]
        ledger.close()
        return found
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
    connection.row_factory = sqlite3.Row
    try:
        return [dict(row) for row in connection.execute(query)]
    finally:
        connection.close()


def totals(rows: Iterable[dict[str, Any]]) -> dict[str, int]:
    """Sums of settled rows, made in Python."""
    settled = [row for row in rows if row["settled_at"] is not None]
    sums = {
        "requests": len(settled),
        "unpriced": sum(row["price_status"] != "priced" for row in settled),
        "estimated": sum(not row["exact"] for row in settled),
        "picos": sum(row["picos"] or 0 for row in settled),
        "picos_fee": sum(row["fee_picos"] for row in settled),
    }
    for kind in KINDS:
        sums[f"tokens_{kind}"] = sum(row[kind] for row in settled)
        sums[f"picos_{kind}"] = sum(row[f"picos_{kind}"] or 0 for row in settled)
    return sums


def hour_totals(path: Place, table: str) -> dict[str, int]:
    """The same sums from one of the hourly tables."""
    rows = ledger_rows(path, f"SELECT * FROM {table}")
    names = totals([])
    return {name: sum(row[name] for row in rows) for name in names}


def check_sums(path: Place) -> dict[str, int]:
    """Both hourly tables say what the rows say; gives the sums."""
    sums = totals(ledger_rows(path))
    assert hour_totals(path, "hours_by_place") == sums
    assert hour_totals(path, "hours_by_caller") == sums
    return sums
