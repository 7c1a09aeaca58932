"""What lost caches cost, to whom and why; what is not known is counted and never taken for nothing."""

from contextlib import closing

import pytest

from gateway.metering import spend_wasted
from gateway.metering.journal import Entry
from gateway.metering.ledger import Ledger, connect
from gateway.metering.ledger_batch import Batch
from gateway.metering.spend_wasted import waste
from gateway.metering.whatif import NOTHING_KNOWN, WhatIf
from tests.gateway.metering.records import AT, intent, named, settlement

LOST = {
    "a": WhatIf(wasted=40, wasted_cause="past_lifetime"),
    "b": WhatIf(wasted=2, wasted_cause="past_lifetime"),
    "c": WhatIf(wasted=None, wasted_cause="tools_changed"),
    "d": WhatIf(wasted=100, wasted_cause="tools_changed"),
    "e": WhatIf(wasted=0),
}
WHO = {"a": ("payments", "codex"), "b": ("payments", "codex"), "c": ("search", "codex"), "d": ("search", "opencode")}


@pytest.fixture
def ledger(place):
    with closing(connect(place)) as connection:
        batch = Batch(connection, named(connection, "w"), lambda meant, _: LOST.get(meant.id, NOTHING_KNOWN))
        for id_ in "abcdef":
            team, client = WHO.get(id_, ("payments", "codex"))
            batch.add([Entry(intent=intent(id_, team=team, client=client))])
            batch.add([Entry(settlement=settlement(id_, picos=100, at=AT + (7200 if id_ == "b" else 0)))])
        batch.close()
    return Ledger(place)


def lines(found):
    return [(each.cause, each.client, each.team, each.requests, each.picos, each.unknown) for each in found.lines]


def test_the_dearest_first(ledger):
    found = waste(ledger, 0.0)
    assert lines(found) == [
        ("tools_changed", "opencode", "search", 1, 100, 0),
        ("past_lifetime", "codex", "payments", 2, 42, 0),
        ("tools_changed", "codex", "search", 1, 0, 1),
    ]
    assert (found.picos, found.requests, found.left_out) == (142, 4, 0)


def test_of_one_team_and_since(ledger):
    assert lines(waste(ledger, AT + 3600, "payments")) == [("past_lifetime", "codex", "payments", 1, 2, 0)]
    assert lines(waste(ledger, AT + 3600, "search")) == []


def test_it_is_bounded(ledger, monkeypatch):
    monkeypatch.setattr(spend_wasted, "LINES_MAX", 1)
    found = waste(ledger, 0.0)
    assert (len(found.lines), found.left_out, found.picos) == (1, 2, 142)
