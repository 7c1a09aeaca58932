"""Sums that are kept: they are what a whole query would say, whatever was booked when, and they do not look again."""

from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.api import page_sums
from gateway.api.page_sums import Sums
from gateway.metering.ledger import Ledger, connect
from gateway.metering.ledger_reprice import reprice
from gateway.metering.prices import PriceBook
from tests.gateway.metering.records import AT, book, intent, settlement, unpriced

HOUR = 3600
NOW = AT + 30 * HOUR + 60
FIRST = int(AT // HOUR)


class Counting(Ledger):
    """A ledger that counts what it is asked of its sums."""

    asked = 0

    def rows(self, query, parameters=()):
        self.asked += "hours_by_place" in query
        return super().rows(query, parameters)


def booked(path, *moments, team="payments"):
    with closing(connect(path)) as connection:
        number = connection.execute("SELECT count(*) FROM requests").fetchone()[0]
        names = [f"r{number + index}" for index in range(len(moments))]
        book(connection, "w", [intent(name, at=at, team=team) for name, at in zip(names, moments, strict=True)],
             [settlement(name, at=at, picos=1, by_kind={}) for name, at in zip(names, moments, strict=True)])  # fmt: skip


def told(sums, now=NOW, team=None):
    found = {}
    for row in sums.rows("team, sum(requests) AS n", "team", FIRST, now, team):
        found[row["team"]] = found.get(row["team"], 0) + row["n"]
    return found


@pytest.fixture
def path(place):
    return place


def test_what_is_over_is_added_up_once(path):
    booked(path, AT, AT + HOUR, NOW)
    ledger = Counting(path)
    sums = Sums(ledger)
    assert told(sums) == {"payments": 3}
    before = ledger.asked
    booked(path, NOW + 5)
    assert told(sums, NOW + 6) == {"payments": 4}
    assert ledger.asked == before + 1, "the running hour alone"


def test_an_hour_that_ends_is_put_beside_the_others(path):
    booked(path, AT, NOW)
    ledger = Counting(path)
    sums = Sums(ledger)
    told(sums)
    before = ledger.asked
    assert told(sums, NOW + HOUR) == {"payments": 2}
    assert ledger.asked == before + 2
    for hours in range(2, 60):
        booked(path, NOW + hours * HOUR)
        assert told(sums, NOW + hours * HOUR) == {"payments": hours + 1}
    assert max(len(kept.rows) for kept in sums._kept.values()) <= page_sums.PIECES_MAX + 2
    assert told(sums, NOW) == {"payments": 2}, "a clock set back"


def test_what_is_booked_late_is_noticed(path):
    booked(path, AT, NOW)
    sums = Sums(Ledger(path))
    assert told(sums) == {"payments": 2}
    booked(path, AT + 2 * HOUR, NOW + 1)
    assert told(sums) == {"payments": 4}
    assert told(sums) == {"payments": 4}


def test_what_is_corrected_is_noticed(path):
    with closing(connect(path)) as connection:
        book(connection, "w", [intent("a")], [unpriced("a", at=AT)])
    with closing(Ledger(path)) as ledger:
        sums = Sums(ledger)
        assert sums.rows("sum(unpriced) AS n", "team", FIRST, NOW, None)[0]["n"] == 1
        prices = ({"provider": "openai", "model": "gpt-6.1-sol", "cache_read": "1", "output": "1"},)
        assert reprice(ledger, PriceBook.load(prices), 0.0, NOW).requests == 1
        assert sums.rows("sum(unpriced) AS n", "team", FIRST, NOW, None)[0]["n"] == 0


def test_an_empty_ledger_and_one_team(path):
    booked(path)
    sums = Sums(Ledger(path))
    assert told(sums) == {}
    booked(path, AT, team="research")
    booked(path, AT, NOW)
    assert told(sums, team="research") == {"research": 1}
    assert told(sums) == {"research": 1, "payments": 2}


def test_it_is_bounded(path, monkeypatch):
    monkeypatch.setattr(page_sums, "KEPT_MAX", 2)
    booked(path, AT)
    sums = Sums(Ledger(path))
    for number in range(5):
        told(sums, team=f"t{number}")
    assert len(sums._kept) == 2


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=8))
def test_it_always_says_what_a_whole_query_says(tmp_path_factory, steps):
    path = tmp_path_factory.mktemp("sums") / "ledger.db"
    connect(path).close()
    sums = Sums(Ledger(path))
    now = AT
    for forward, back in steps:
        now += forward * HOUR / 4
        moment = max(AT, now - back * HOUR / 4)
        booked(path, moment)
        whole = Ledger(path).rows("SELECT coalesce(sum(requests), 0) AS n FROM hours_by_place WHERE hour >= ?", [FIRST])[0]["n"]
        assert sum(told(sums, now).values()) == whole
