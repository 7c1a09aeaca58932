"""Reading: beside the writer, from many threads, exactly, and without changing anything."""

import sqlite3
import threading
from contextlib import closing, nullcontext
from pathlib import Path

import pytest

from gateway.metering.ledger import IDLE_MAX, Ledger, LedgerError, connect, exact_sum, total
from tests.gateway.metering.records import book, intent, settlement


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.db"


def writing(path):
    connection = connect(path)
    return closing(connection)


def test_readers_see_whole_transactions_while_the_writer_writes(place):
    ledger = Ledger.open(place)
    done = threading.Event()
    seen, failures = [], []

    def look():
        query = (
            "SELECT (SELECT count(*) FROM requests WHERE settled_at IS NOT NULL) AS rows_,"
            " (SELECT coalesce(sum(requests), 0) FROM hours_by_place) AS place,"
            " (SELECT coalesce(sum(requests), 0) FROM hours_by_caller) AS caller"
        )
        try:
            while not done.is_set():
                (row,) = ledger.rows(query)
                assert row["rows_"] == row["place"] == row["caller"]
                seen.append(row["rows_"])
        except Exception as error:
            failures.append(error)

    readers = [threading.Thread(target=look) for _ in range(6)]
    for reader in readers:
        reader.start()
    with writing(place) as connection:
        for batch in range(30):
            ids = [f"{batch}-{number}" for number in range(50)]
            connection.execute("BEGIN IMMEDIATE")
            book(connection, "w", [intent(id_) for id_ in ids], [settlement(id_) for id_ in ids])
            connection.execute("COMMIT")
    done.set()
    for reader in readers:
        reader.join()
    assert not failures
    assert seen
    assert set(seen) <= {50 * batch for batch in range(31)}
    assert ledger.rows("SELECT count(*) AS n FROM requests")[0]["n"] == 1500
    assert len(ledger._idle) <= IDLE_MAX
    ledger.close()


def test_sums_do_not_end_where_sqlites_do(place):
    ledger = Ledger.open(place)
    amounts = [9 * 10**18, 9 * 10**18, 123_456_789, 7]
    with writing(place) as connection:
        book(connection, "w", [], [settlement(str(number), picos=None, by_kind={}) for number in range(5)])
        for number, amount in enumerate(amounts):
            connection.execute("UPDATE requests SET picos = ? WHERE id = ?", (amount, str(number)))
    with pytest.raises(sqlite3.OperationalError, match="overflow") if isinstance(place, Path) else nullcontext():
        ledger.rows("SELECT sum(picos) FROM requests")
    (row,) = ledger.rows(f"SELECT {exact_sum('picos', 'picos')} FROM requests")
    assert total(row, "picos") == sum(amounts)
    (row,) = ledger.rows(f"SELECT {exact_sum('picos', 'picos')} FROM requests WHERE id = '4'")
    assert total(row, "picos") == 0
    ledger.close()


def test_looking_changes_nothing(path):
    with pytest.raises(LedgerError, match="no ledger at"):
        Ledger.existing(path)
    assert not path.exists()
    Ledger.open(path).close()
    before = path.read_bytes()
    ledger = Ledger.existing(path)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        ledger.rows("DELETE FROM requests")
    assert ledger.rows("SELECT * FROM requests") == []
    ledger.close()
    assert path.read_bytes() == before


def test_a_file_that_is_no_ledger(path):
    path.write_bytes(b"nonsense" * 1000)
    with pytest.raises(LedgerError, match="no ledger"):
        Ledger.existing(path)


def test_a_query_under_way_outlives_closing(path):
    ledger = Ledger.open(path)
    connection = ledger._take()
    ledger.close()
    assert connection.execute("SELECT count(*) FROM requests").fetchone()[0] == 0
    ledger._give(connection)
    with pytest.raises(sqlite3.ProgrammingError):
        connection.execute("SELECT 1")
