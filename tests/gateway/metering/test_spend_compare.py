"""Beside what was spent stands what it would have cost; what is not known is as it was, and counted."""

from contextlib import closing

import pytest

from gateway.metering.journal import Entry
from gateway.metering.ledger import Ledger, connect
from gateway.metering.ledger_batch import Batch
from gateway.metering.spend_compare import compare, saved_since, savings
from gateway.metering.whatif import NOTHING_KNOWN, WhatIf
from tests.gateway.metering.records import AT, intent, named, settlement, unpriced

OTHERWISE = {
    "a": WhatIf(code=100, general=10, uncached=300, stayed=100, wasted=0),
    "b": WhatIf(code=200, general=20, uncached=150, stayed=50, wasted=40, wasted_cause="past_lifetime"),
    "c": WhatIf(code=None, general=None, uncached=70, stayed=60, wasted=0),
}


@pytest.fixture
def ledger(place):
    with closing(connect(place)) as connection:
        batch = Batch(connection, named(connection, "w"), lambda intent_, _: OTHERWISE.get(intent_.id, NOTHING_KNOWN))
        entries = [Entry(intent=intent(name, team="search" if name == "c" else "payments")) for name in "abcd"]
        done = [settlement("a", picos=100), settlement("b", picos=100), settlement("c", picos=60, at=AT + 7200), unpriced("d")]
        batch.add([*entries, *(Entry(settlement=each) for each in done)])
        batch.close()
    return Ledger(place)


def test_lines_and_their_total(ledger):
    found = compare(ledger, "team", 0.0)
    payments, search = found.lines
    assert (payments.name, payments.requests, payments.picos, payments.wasted) == ("payments", 3, 200, 40)
    assert payments.otherwise == {"code": 300, "general": 30, "uncached": 450, "stayed": 150}
    assert payments.unknown == {"code": 1, "general": 1, "uncached": 1, "stayed": 1}
    assert (search.otherwise["code"], search.otherwise["uncached"], search.unknown["code"]) == (60, 70, 1)
    assert (found.total.picos, found.total.otherwise["general"]) == (260, 90)


def test_saved_and_wasted_by_reason(ledger):
    assert [(each.what, each.reason, each.picos) for each in saved_since(ledger, 0.0)] == [
        ("saved", "caching", 260), ("saved", "routing", 100), ("wasted", "past_lifetime", 40), ("wasted", "switching", 50),
    ]  # fmt: skip
    assert [(each.reason, each.picos) for each in saved_since(ledger, AT + 3600)] == [("caching", 10)]
    assert [each.reason for each in saved_since(ledger, 0.0, "search")] == ["caching"]
    assert ("payments", "wasted", "switching", 50) in list(savings(ledger))


def test_one_team_by_tree(ledger):
    found = compare(ledger, "agent_tree", 0.0, "search")
    assert [(line.name, line.picos) for line in found.lines] == [("s1", 60)]
