"""Stays and moves by reason, with what the other choice was expected to cost; what is not known counts apart."""

from contextlib import closing

import pytest

from gateway.metering import spend_choices
from gateway.metering.journal import Entry
from gateway.metering.ledger import Ledger, connect
from gateway.metering.ledger_batch import Batch
from gateway.metering.spend_choices import choices
from gateway.metering.whatif import NOTHING_KNOWN, WhatIf
from tests.gateway.metering.records import AT, intent, named, settlement

SOL, LUNA = "gpt-6.1-sol", "gpt-6-luna"
TURNS = {
    "a": {"reason": "cache_worth_more", "instead": LUNA, "instead_picos": 7},
    "b": {"reason": "cache_worth_more", "instead": LUNA, "instead_picos": 5},
    "c": {"reason": "price_unknown", "instead": "x"},
    "d": {"reason": "saves_more", "model": LUNA, "instead": SOL, "instead_picos": 900, "moved_from": f"openai/{SOL}"},
    "e": {"reason": "work_demands", "instead": LUNA, "instead_picos": -30, "moved_from": f"openai/{LUNA}", "team": "search"},
    "f": {"reason": "rule:nightly", "model": LUNA, "moved_from": f"openai/{SOL}"},
    "g": {"reason": "thread_pinned"},
}


@pytest.fixture
def ledger(place):
    with closing(connect(place)) as connection:
        known = {"d": WhatIf(stayed=160), "f": WhatIf(stayed=90)}
        batch = Batch(connection, named(connection, "w"), lambda meant, _: known.get(meant.id, NOTHING_KNOWN))
        for id_, turn in TURNS.items():
            batch.add([Entry(intent=intent(id_, **turn))])
            model = turn.get("model", SOL)
            batch.add([Entry(settlement=settlement(id_, picos=100, model=model, at=AT + (7200 if id_ == "b" else 0)))])
        batch.close()
    return Ledger(place)


def lines(found):
    return [
        (each.reason, each.moved, each.model, each.instead, each.requests, each.expected, each.unknown, each.at_once)
        for each in found.lines
    ]


def test_most_frequent_first(ledger):
    found = choices(ledger, 0.0)
    assert lines(found) == [
        ("cache_worth_more", False, SOL, LUNA, 2, 12, 0, 0),
        ("price_unknown", False, SOL, "x", 1, 0, 1, 0),
        ("rule:nightly", True, LUNA, SOL, 1, 0, 1, -10),
        ("saves_more", True, LUNA, SOL, 1, 900, 0, 60),
        ("work_demands", True, SOL, LUNA, 1, -30, 0, 0),
    ]
    assert (found.requests, found.expected, found.at_once, found.left_out) == (6, 882, 50, 0)


def test_of_one_team_and_since(ledger):
    assert [line[0] for line in lines(choices(ledger, 0.0, "search"))] == ["work_demands"]
    assert lines(choices(ledger, AT + 3600)) == [("cache_worth_more", False, SOL, LUNA, 1, 5, 0, 0)]


def test_it_is_bounded(ledger, monkeypatch):
    monkeypatch.setattr(spend_choices, "LINES_MAX", 1)
    found = choices(ledger, 0.0)
    assert (len(found.lines), found.left_out, found.requests) == (1, 4, 6)
