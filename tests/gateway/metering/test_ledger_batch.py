"""An intent and its settlement become one row, in one transaction or in two."""

from contextlib import closing

import pytest

from gateway.metering.ledger import connect
from gateway.metering.ledger_batch import open_intents
from gateway.metering.ledger_rows import Doubled
from tests.gateway.metering.records import book, check_sums, intent, ledger_rows, named, settlement


@pytest.fixture
def ledger(place):
    with closing(connect(place)) as connection:
        yield connection


def test_both_at_once_leave_nothing_open(ledger, place):
    book(ledger, "w", [intent("a"), intent("b")], [settlement("a"), settlement("b")])
    assert open_intents(ledger, named(ledger, "w")) == []
    assert check_sums(place)["requests"] == 2


def test_an_intent_waits_whole_until_it_is_settled(ledger, place):
    book(ledger, "w", [intent("a", user="zoë"), intent("b")], [])
    book(ledger, "other", [intent("c")], [])
    assert open_intents(ledger, named(ledger, "w")) == [intent("a", user="zoë"), intent("b")]
    book(ledger, "w", [], [settlement("a")])
    assert open_intents(ledger, named(ledger, "w")) == [intent("b")]
    (row,) = ledger_rows(place)
    assert (row["id"], row["user"], row["journal"], row["picos"]) == ("a", "zoë", named(ledger, "w"), 3_900)


def test_a_settlement_comes_once(ledger):
    with pytest.raises(Doubled):
        book(ledger, "w", [intent("a")], [settlement("a"), settlement("a")])


def test_a_cause_that_the_provider_gave_takes_the_place_of_ours(ledger, place):
    meant = [intent(name, cache_cause="prefix_changed") for name in ("a", "b")]
    book(ledger, "w", meant, [settlement("a", cause="tools_changed"), settlement("b")])
    assert {row["id"]: row["cache_cause"] for row in ledger_rows(place)} == {"a": "tools_changed", "b": "prefix_changed"}
