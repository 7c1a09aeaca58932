"""A ledger is made, brought up to date whole or not at all, and refused when it is not understood."""

import json
import sqlite3
import stat
import threading
from contextlib import closing

import pytest

from gateway.metering import ledger_schema
from gateway.metering.ledger_batch import open_intents
from gateway.metering.ledger_schema import STEPS, LedgerError, bring_up, check, connect
from tests.gateway.metering.records import AT, check_sums, ledger_rows


def test_a_new_ledger_is_the_owners_alone(tmp_path):
    path = tmp_path / "ledger.db"
    with closing(connect(path)) as ledger:
        assert ledger.execute("PRAGMA user_version").fetchone() == (len(STEPS),)
        assert ledger.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        check(ledger)
        strict = ledger.execute("SELECT name, strict FROM pragma_table_list WHERE schema = 'main'").fetchall()
        assert {name for name, is_strict in strict if is_strict} == {
            "requests", "open", "segments", "hours_by_place", "hours_by_caller", "savings", "corrections",
        }  # fmt: skip
    for file in tmp_path.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


OLD_ROW = {
    "journal": "worker-1", "team": "payments", "user": "ann", "client": "codex", "client_version": "", "session": "",
    "thread": "t", "parent": "", "agent": "main", "thread_rule": "", "endpoint": "chat", "dialect": "chat",
    "model_asked": "auto", "route": "code", "model": "m", "upstream": "u", "provider": "p", "source": "", "reason": "",
    "rule": "", "input_kind": "", "output_kind": "", "stream": 1, "bytes_in": 5, "cache_state": "unknown",
}  # fmt: skip


def old_ledger(path):
    """A ledger as the first schema had it: three settled requests and one under way."""
    rows = [
        {"id": "a", "at": AT, "settled_at": AT + 1, "status": 200, "picos": 70, "fee_picos": 10, "price_status": "priced",
         "exact": 1, "cache_read": 40, "output": 2, "by_kind": json.dumps({"cache_read": 40, "output": 20})},
        {"id": "b", "at": AT, "settled_at": AT + 3601, "status": 529, "picos": None, "price_status": "unpriced", "exact": 0,
         "input_uncached": 9},
        {"id": "c", "at": AT, "settled_at": AT + 2, "status": 0, "picos": 2**62, "price_status": "partial", "exact": 0,
         "output": 1, "by_kind": json.dumps({"output": 2**62})},
        {"id": "d", "at": AT},
    ]  # fmt: skip
    with closing(sqlite3.connect(path, isolation_level=None)) as ledger:
        bring_up(ledger, 1)
        for row in rows:
            full = {**OLD_ROW, **row}
            ledger.execute(
                f"INSERT INTO requests ({', '.join(full)}) VALUES ({', '.join('?' for _ in full)})", tuple(full.values())
            )


def test_an_older_ledger_is_brought_up_to_date(tmp_path):
    path = tmp_path / "ledger.db"
    old_ledger(path)
    connect(path).close()
    a, b, c = ledger_rows(path)
    assert (a["picos_cache_read"], a["picos_output"], a["picos_input_uncached"]) == (40, 20, None)
    assert (b["picos_input_uncached"], b["picos"], c["picos_output"]) == (None, None, 2**62)
    with closing(connect(path)) as ledger:
        (under_way,) = open_intents(ledger, "worker-1")
    assert (under_way.id, under_way.team, under_way.stream, under_way.estimate_picos) == ("d", "payments", True, None)
    sums = check_sums(path)
    assert (sums["requests"], sums["unpriced"], sums["estimated"], sums["picos_fee"]) == (3, 2, 2, 10)
    classes = {row["status_class"]: row["requests"] for row in ledger_rows(path, "SELECT * FROM hours_by_place")}
    assert classes == {"2xx": 1, "5xx": 1, "none": 1}
    with closing(connect(tmp_path / "new.db")) as new, closing(connect(path)) as old:
        shape = "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name"
        assert old.execute(shape).fetchall() == new.execute(shape).fetchall()


def test_a_step_that_fails_changes_nothing(tmp_path, monkeypatch):
    path = tmp_path / "ledger.db"
    old_ledger(path)
    before = ledger_rows(path)
    monkeypatch.setattr(ledger_schema, "STEPS", (*STEPS, ("DROP TABLE requests", "SELECT no_such_function()")))
    with pytest.raises(LedgerError, match="no_such_function"):
        connect(path)
    assert ledger_rows(path) == before
    assert ledger_rows(path, "PRAGMA user_version") == [{"user_version": 1}]
    monkeypatch.undo()
    connect(path).close()
    assert len(ledger_rows(path)) == 3


def test_what_is_not_understood_is_left_alone(tmp_path):
    newer = tmp_path / "newer.db"
    with closing(connect(newer)) as ledger:
        ledger.execute(f"PRAGMA user_version = {len(STEPS) + 1}")
        with pytest.raises(LedgerError, match="newer"):
            check(ledger)
    with pytest.raises(LedgerError, match="newer version"):
        connect(newer)
    other = tmp_path / "notes.txt"
    other.write_text("this is no ledger, and must not become one\n" * 100)
    with pytest.raises(LedgerError, match="no ledger"):
        connect(other)
    assert other.read_text().startswith("this is no ledger")
    with pytest.raises(LedgerError):
        connect(tmp_path / "missing" / "ledger.db")


def test_a_reader_does_not_take_an_older_ledger_for_its_own(tmp_path):
    path = tmp_path / "ledger.db"
    old_ledger(path)
    with closing(sqlite3.connect(path)) as ledger, pytest.raises(LedgerError, match="older schema"):
        check(ledger)


def test_several_may_start_at_once(tmp_path):
    path = tmp_path / "ledger.db"
    old_ledger(path)
    failures = []

    def start():
        try:
            connect(path).close()
        except LedgerError as error:
            failures.append(error)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert check_sums(path)["requests"] == 3
