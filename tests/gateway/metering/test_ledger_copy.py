"""A ledger copied from SQLite into a real PostgreSQL: every row, every sum, once; and nothing of what does not agree."""

import random
from contextlib import closing

import pytest

from gateway.metering import ledger_copy
from gateway.metering.ledger import Ledger, LedgerError, connect
from gateway.metering.ledger_batch import Batch
from gateway.metering.ledger_copy import COPIED, copy
from gateway.metering.ledger_reprice import reprice
from gateway.metering.ledger_retention import DAY_S, prune
from gateway.metering.prices import PriceBook
from gateway.metering.spend import report, totals_for_metrics
from gateway.metering.types import KINDS
from tests.gateway.metering.records import AT, book, check_sums, intent, ledger_rows, settlement
from tests.gateway.metering.test_ledger_postgres import asked, records

SUMS = {
    "hours_by_place": "hour, team, route, model, provider, status_class",
    "hours_by_caller": "hour, team, user, client, agent",
    "savings": "hour, team, what, reason",
}


@pytest.fixture
def books(tmp_path, monkeypatch):
    """Four hundred odd requests in a file, by two journals; pieces are small, so that there are many."""
    monkeypatch.setattr(ledger_copy, "ROWS_AT_ONCE", 37)
    entries, otherwise = records(random.Random(3))
    with closing(connect(tmp_path / "ledger.db")) as connection:
        for number, journal in enumerate(("worker-1", "worker-2")):
            batch = Batch(connection, journal, lambda meant, _: otherwise[meant.id])
            batch.add(entries[number * 400 : number * 400 + 400])
            batch.close()
    return tmp_path / "ledger.db"


def copied(path, database):
    """The last of what was told, and how often."""
    told = []
    with closing(Ledger.existing(path)) as source:
        done = copy(source, database, told.append, path.name)
    assert not told or told[-1] == done
    return done


def rows(place, query):
    """Without what is each database's own, booleans as numbers."""
    own = ("rowid", "journal", "home")
    return [{name: value for name, value in row.items() if name not in own} for row in ledger_rows(place, query)]


def test_every_row_and_every_sum_arrives(postgres, books):
    database = postgres.database()
    done = copied(books, database)
    assert (done.seen, done.of, done.copied) == (400, 400, 400)
    assert rows(database, "SELECT * FROM requests ORDER BY id") == rows(books, "SELECT * FROM requests ORDER BY id")
    for table, key in SUMS.items():
        query = f"SELECT * FROM {table} ORDER BY {key}"
        assert rows(database, query) == rows(books, query), table
    check_sums(database)
    for one, other in zip(asked(books), asked(database), strict=True):
        assert one == other


def test_once_more_changes_nothing_and_what_is_new_is_found(postgres, books):
    database = postgres.database()
    copied(books, database)
    assert copied(books, database).copied == 0
    with closing(connect(books)) as connection:
        book(connection, "worker-3", [intent("new")], [settlement("new")])
    assert copied(books, database).copied == 1
    assert check_sums(database) == check_sums(books)


def test_what_broke_off_goes_on(postgres, books):
    database = postgres.database()

    def stop(progress):
        if progress.seen > 150:
            raise InterruptedError

    with closing(Ledger.existing(books)) as source, pytest.raises(InterruptedError):
        copy(source, database, stop, "a")
    assert check_sums(database)["requests"] == 185
    assert copied(books, database).copied == 215
    assert check_sums(database) == check_sums(books)


def test_what_was_corrected_comes_with_what_it_was_before(postgres, books):
    prices = ({"provider": "openai", "model": "*", **{kind: "1" for kind in KINDS}, "percent": "100"},)
    with closing(Ledger(books)) as ledger:
        assert reprice(ledger, PriceBook.load(prices), 0.0, AT).requests > 5
    database = postgres.database()
    for _ in range(2):
        copied(books, database)
    query = "SELECT * FROM corrections ORDER BY id"
    assert rows(database, query) == rows(books, query)
    check_sums(database)


def test_beside_a_gateway_that_writes_there_already(postgres, books):
    """Its metrics go on from its own sums; what it booked itself, from a journal both ledgers were fed from, stays its own."""
    database = postgres.database()
    row = next(row for row in ledger_rows(books) if row["id"] == "r0007")
    with closing(connect(database)) as connection:
        book(connection, "w", [intent("own")], [settlement("own")])
        meant, done, _, _ = ledger_copy.settled_of(row)
        book(connection, "w", [meant], [done])
    before = sorted(totals_for_metrics(Ledger(database), "home"))
    assert copied(books, database).copied == 399
    assert sorted(totals_for_metrics(Ledger(database), "home")) == before
    assert {row["journal"].split("/")[0] for row in ledger_rows(database)} == {"home", COPIED}
    check_sums(database)


def test_another_request_of_the_same_id_is_told_and_nothing_of_its_piece_kept(postgres, books):
    database = postgres.database()
    with closing(connect(database)) as connection:
        book(connection, "w", [intent("r0040")], [settlement("r0040", picos=1, by_kind={"output": 1}, kinds={"output": 1})])
    with pytest.raises(LedgerError, match="one of them was there before, with other amounts"):
        copied(books, database)
    there = check_sums(database)["requests"]
    assert there % ledger_copy.ROWS_AT_ONCE == 1, "whole pieces, and the other one"


def test_a_database_that_goes_away_in_the_middle(postgres, books):
    database = postgres.database()

    def kill(progress):
        if progress.seen == 74:
            postgres.kill()

    with closing(Ledger.existing(books)) as source, pytest.raises(LedgerError, match="cannot be reached"):
        copy(source, database, kill, "a")
    postgres.start()
    assert copied(books, database).copied == 326
    assert check_sums(database) == check_sums(books)


def test_hours_whose_requests_were_deleted_come_as_sums_and_once(postgres, books):
    whole = {table: rows(books, f"SELECT * FROM {table} ORDER BY {key}") for table, key in SUMS.items()}
    with closing(connect(books)) as connection:
        connection.execute("BEGIN")
        assert prune(connection, AT - 20 * DAY_S) > 50
        connection.execute("COMMIT")
    database = postgres.database()
    for _ in range(2):
        copied(books, database)
        with closing(Ledger(database)) as ledger:
            assert report(ledger, "team").total.requests == 400
            assert report(ledger, "user").total.requests == 400
        assert rows(database, f"SELECT * FROM hours_by_caller ORDER BY {SUMS['hours_by_caller']}") == whole["hours_by_caller"]
        for table in ("hours_by_place", "savings"):
            of_all = {}
            for row in rows(database, f"SELECT * FROM {table}"):
                key = tuple(row[name] for name in SUMS[table].split(", "))
                of_all[key] = of_all.get(key, 0) + row["picos"]
            assert of_all == {tuple(row[name] for name in SUMS[table].split(", ")): row["picos"] for row in whole[table]}
