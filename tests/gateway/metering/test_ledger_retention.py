"""Old rows go and leave their sums: by whole days, never the newest, while requests are booked; and it is said what is left."""

from contextlib import closing

import pytest

from gateway.budgets.seed import past
from gateway.metering import ledger_retention, ledger_writer
from gateway.metering.journal import Journal
from gateway.metering.ledger import Ledger, connect
from gateway.metering.ledger_retention import DAY_S, horizon, kept_since, prune
from gateway.metering.ledger_writer import LedgerWriter
from gateway.metering.roads import write_roads
from gateway.metering.spend import report, totals_for_metrics
from gateway.metering.whatif import Roads
from tests.gateway.budgets.test_seed import budget
from tests.gateway.metering.records import AT, book, hour_totals, intent, ledger_rows, settlement

DAYS = 50


@pytest.fixture
def books(place):
    """Two requests a day for fifty days, the last of them today."""
    pairs = [(f"{day:02}-{number}", AT - day * DAY_S + number) for day in reversed(range(DAYS)) for number in range(2)]
    with closing(connect(place)) as connection:
        book(connection, "w", [intent(id_, at=at) for id_, at in pairs], [settlement(id_, at=at) for id_, at in pairs])
    return place


def pruned(place, before):
    with closing(connect(place)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        gone = prune(connection, before)
        connection.execute("COMMIT")
    return gone


def test_whole_days_are_kept():
    assert horizon(35, AT + 5) == horizon(35, AT) <= AT - 35 * DAY_S
    assert horizon(35, AT) % DAY_S == 0


def test_rows_go_and_sums_stay(books):
    whole = hour_totals(books, "hours_by_place")
    assert pruned(books, horizon(40, AT)) == 2 * (DAYS - 41)
    assert len(ledger_rows(books)) == 2 * 41
    assert hour_totals(books, "hours_by_place") == hour_totals(books, "hours_by_caller") == whole
    with closing(Ledger(books)) as ledger:
        for by in ("team", "user", "client", "route", "model", "provider"):
            assert report(ledger, by).total.requests == 2 * DAYS
        assert report(ledger, "thread").total.requests == 2 * 41
        assert sum(row[5] for row in totals_for_metrics(ledger)) == whole["tokens_cache_read"] + whole["tokens_output"]
        for per in ("team", "user"):
            found = past(ledger, [budget(per=per, span="total")], AT + 60)
            assert sum(before.amount for _, before in found) == whole["picos"]


def test_what_is_left_is_said(books, tmp_path):
    with closing(Ledger(books)) as ledger:
        assert kept_since(ledger) is None
    pruned(books, horizon(40, AT))
    with closing(Ledger(books)) as ledger:
        assert kept_since(ledger) == AT - 40 * DAY_S
    connect(tmp_path / "empty.db").close()
    with closing(Ledger(tmp_path / "empty.db")) as ledger:
        assert kept_since(ledger) is None


def test_the_newest_row_stays_so_that_its_number_does_not_come_again(books):
    assert pruned(books, AT + DAY_S) == 2 * DAYS - 1
    last = ledger_rows(books, "SELECT rowid AS number FROM requests")
    with closing(connect(books)) as connection:
        book(connection, "w", [intent("new")], [settlement("new", at=AT)])
    assert ledger_rows(books, "SELECT max(rowid) AS number FROM requests")[0]["number"] > last[0]["number"]


def test_a_piece_at_a_time(books, monkeypatch):
    monkeypatch.setattr(ledger_retention, "ROWS_AT_ONCE", 7)
    assert [pruned(books, horizon(40, AT)) for _ in range(4)] == [7, 7, 4, 0]


def test_the_writer_keeps_to_it_while_it_books(books, tmp_path, monkeypatch):
    monkeypatch.setattr(ledger_retention, "ROWS_AT_ONCE", 5)
    monkeypatch.setattr(ledger_writer, "ROWS_AT_ONCE", 5)
    folder = tmp_path / "journal"
    write_roads(folder, Roads())
    writer = LedgerWriter(folder, books, wall=lambda: AT + 60)
    for _ in range(3):
        writer.turn()
    assert len(ledger_rows(books)) == 2 * DAYS, "for ever, unless the config says otherwise"
    writer.close()

    write_roads(folder, Roads(keep_days=40))
    writer = LedgerWriter(folder, books, wall=lambda: AT + 60)
    journal = Journal.open(folder, "worker-1")
    for number in range(10):
        journal.intent(intent(f"new-{number}", at=AT + 30))
        journal.settle(settlement(f"new-{number}", at=AT + 31))
        writer.turn()
    writer.turn()
    journal.close()
    writer.close()
    assert writer.errors == 0
    assert len(ledger_rows(books)) == 2 * 41 + 10
    assert min(row["settled_at"] for row in ledger_rows(books)) == AT - 40 * DAY_S
