"""The tables in PostgreSQL: made once, whoever begins; the columns of SQLite's; nothing done to those of a newer version."""

import threading
from contextlib import closing

import pytest

from gateway.metering.ledger import Ledger, LedgerError, connect
from tests.gateway.metering.records import ledger_rows


def test_tables_of_another_version(postgres):
    database = postgres.database()
    with closing(connect(database)) as connection:
        connection.execute("UPDATE version SET number = ?", (99,))
    for opened in (Ledger.open, Ledger.existing):
        with pytest.raises(LedgerError, match="newer version"):
            opened(database)


def test_many_make_the_tables_at_once(postgres):
    database = postgres.database()
    failures = []

    def make():
        try:
            connect(database).close()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_the_tables_are_those_of_sqlite(postgres, tmp_path):
    database, file = postgres.database(), tmp_path / "ledger.db"
    connect(database).close()
    connect(file).close()
    for table in ("requests", "segments", "open", "hours_by_place", "hours_by_caller", "savings", "corrections"):
        theirs = ledger_rows(database, f"SELECT column_name AS name FROM information_schema.columns WHERE table_name = '{table}'")
        ours = ledger_rows(file, f"PRAGMA table_info({table})")
        more = {"home"} if table in ("hours_by_place", "savings") else {"rowid"} if table == "requests" else set()
        assert {row["name"] for row in theirs} == {row["name"] for row in ours} | more, table
