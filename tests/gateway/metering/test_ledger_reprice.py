"""What had no price gets one, once: rows, sums and what was booked before agree, in either database, beside whoever writes."""

from contextlib import closing

import pytest

from gateway.metering.ledger import Ledger, connect
from gateway.metering.ledger_reprice import Repriced, reprice
from gateway.metering.prices import PriceBook
from gateway.metering.spend import report
from tests.gateway.metering.records import AT, book, check_sums, intent, ledger_rows, settlement, unpriced

NOW = AT + 86_400
OURS = PriceBook.load(({"provider": "openai", "model": "our-own", "input_uncached": "1", "output": "5"},))
USED = {"kinds": {"input_uncached": 1_000, "output": 10}, "served": "our-own"}
COST = 1_000 * 1_000_000 + 10 * 5_000_000
HALF = {
    "kinds": {"input_uncached": 1_000}, "served": "gpt-6.1-sol", "picos": 1_000 * 2_000_000, "fees": {"container": 2},
    "by_kind": {"input_uncached": 1_000 * 2_000_000}, "price_status": "partial", "price_reason": "unknown_fee",
    "price_rows": ("2026-11-25/openai/gpt-6.1-sol",),
}  # fmt: skip


@pytest.fixture
def books(place):
    """Two of a model nobody knew, one without usage, one whose container nobody could price, one that was fine."""
    done = [
        unpriced("a", **USED), unpriced("b", **USED, at=AT + 7_200), unpriced("c", price_reason="no_usage", kinds={}),
        settlement("d", **HALF), settlement("e"),
    ]  # fmt: skip
    with closing(connect(place)) as connection:
        book(connection, "w", [intent(each.id, user=each.id) for each in done], done)
    return place


def repriced(place, prices=OURS, since=0.0, write=True):
    with closing(Ledger(place)) as ledger:
        return reprice(ledger, prices, since, NOW, write)


def corrections(place):
    return ledger_rows(place, "SELECT * FROM corrections ORDER BY id")


def test_a_new_price_is_in_rows_and_sums_and_what_was_before_is_kept(books):
    before = check_sums(books)
    assert repriced(books) == Repriced(looked_at=3, requests=2, picos=2 * COST)
    after = check_sums(books)
    assert (after["unpriced"], after["picos"]) == (before["unpriced"] - 2, before["picos"] + 2 * COST)
    assert {name: after[name] for name in before if name.startswith("tokens") or name in ("requests", "estimated")} == {
        name: before[name] for name in before if name.startswith("tokens") or name in ("requests", "estimated")
    }
    row = next(row for row in ledger_rows(books) if row["id"] == "a")
    assert (row["picos"], row["picos_output"], row["price_status"], row["price_reason"]) == (COST, 50_000_000, "priced", "")
    assert row["price_rows"] == "contract/openai/our-own"
    with closing(Ledger(books)) as ledger:
        (line,) = (line for line in report(ledger, "user").lines if line.name == "b")
        assert (line.picos, line.unpriced) == (COST, 0)
    first, second = corrections(books)
    assert (first["id"], second["id"], first["at"], first["why"]) == ("a", "b", NOW, "repriced")
    assert (first["picos_before"], first["picos_after"], first["status_before"]) == (None, COST, "unpriced")
    assert (first["reason_before"], first["rows_before"]) == ("unknown_model", "")


def test_once_more_changes_nothing(books):
    repriced(books)
    before = ledger_rows(books)
    assert repriced(books) == Repriced(looked_at=1, requests=0, picos=0)
    assert ledger_rows(books) == before
    assert len(corrections(books)) == 2


def test_what_was_known_in_part_is_known_whole(books):
    prices = PriceBook.load(({"provider": "openai", "model": "*", "container": "0.03"},))
    assert repriced(books, prices).picos == 6 * 10**10
    row = next(row for row in ledger_rows(books) if row["id"] == "d")
    assert (row["picos"], row["fee_picos"]) == (1_000 * 2_000_000 + 6 * 10**10, 6 * 10**10)
    assert check_sums(books)["picos_fee"] == 6 * 10**10
    (kept,) = corrections(books)
    assert (kept["picos_before"], kept["rows_before"]) == (1_000 * 2_000_000, "2026-11-25/openai/gpt-6.1-sol")


def test_asked_only_it_writes_nothing(books):
    before = ledger_rows(books)
    assert repriced(books, write=False) == Repriced(looked_at=3, requests=2, picos=2 * COST)
    assert ledger_rows(books) == before
    assert corrections(books) == []


def test_only_since_and_only_by_the_price_of_that_day(books):
    assert repriced(books, since=AT + 3_600).requests == 1
    later = PriceBook.load(({"provider": "openai", "model": "our-own", "since": "2027-01-01", "input_uncached": "1", "output": "5"},))
    assert repriced(books, later).requests == 0, "there was no price then"


def test_an_answer_of_several_models_stays(place):
    both = ("2026-11-25/openai/gpt-6.1-sol", "2026-11-25/openai/gpt-6-luna")
    with closing(connect(place)) as connection:
        book(connection, "w", [intent("a")], [settlement("a", **(HALF | {"price_rows": both}))])
    prices = PriceBook.load(({"provider": "openai", "model": "*", "container": "0.03"},))
    assert repriced(place, prices) == Repriced(looked_at=1, requests=0, picos=0)


def test_who_was_faster_is_not_counted_twice(books, monkeypatch):
    """Another command prices the same between the look and the write."""
    with closing(Ledger(books)) as ledger:
        asked, first = ledger.rows, []

        def slow(query, parameters=()):
            rows = asked(query, parameters)
            if not first:
                first.append(repriced(books))
            return rows

        monkeypatch.setattr(ledger, "rows", slow)
        assert reprice(ledger, OURS, 0.0, NOW) == Repriced(looked_at=3, requests=0, picos=0)
    assert first[0].requests == 2
    check_sums(books)
    assert len(corrections(books)) == 2
