"""Orchestrators and their workers, rolled up: nothing lost, nothing counted for two."""

from contextlib import closing

import pytest

from gateway.metering.ledger import Ledger, connect
from gateway.metering.spend import report
from gateway.metering.spend_tree import forest
from tests.gateway.metering.records import AT, book, intent, settlement, unpriced


@pytest.fixture
def ledger(place):
    """One session with a main thread, two workers and a worker's worker; another of the same name in another team."""
    said = [
        ("a", {"thread": "t"}, {"picos": 100, "duration_ms": 2000.0}),
        ("b", {"thread": "t"}, {"at": AT + 60, "picos": 50, "kinds": {"input_uncached": 7000, "output": 5}}),
        ("c", {"thread": "t/1", "parent": "t", "agent": "subagent", "at": AT + 5}, {"at": AT + 40, "picos": 400}),
        ("d", {"thread": "t/2", "parent": "t", "agent": "subagent"}, {"picos": 30, "exact": False}),
        ("e", {"thread": "t/3", "parent": "t/1", "agent": "subagent", "user": ""}, {"picos": 20}),
        ("f", {"team": "search", "thread": "x"}, {"picos": 1}),
    ]
    intents = [intent(name, **more) for name, more, _ in said]
    settlements = [settlement(name, **more) for name, _, more in said]
    with closing(connect(place)) as connection:
        book(connection, "w", [*intents, intent("g", session="s2", thread="y")], [*settlements, unpriced("g")])
    return Ledger(place)


def test_a_tree_has_everything_of_its_session(ledger):
    tree = forest(ledger, 0.0).trees[0]
    assert (tree.session, tree.team, tree.user, tree.client) == ("s1", "payments", "ann", "codex")
    assert (tree.line.picos, tree.line.requests, tree.line.estimated, tree.orchestrator_picos) == (600, 5, 1, 150)
    assert [(each.thread, each.agent, each.parent, each.line.picos) for each in tree.members] == [
        ("t", "main", "", 150), ("t/1", "subagent", "t", 400), ("t/2", "subagent", "t", 30), ("t/3", "subagent", "t/1", 20),
    ]  # fmt: skip
    assert (tree.workers, tree.context_tokens) == (3, 7000)
    assert (tree.began, tree.ended, tree.busy_s) == (AT, AT + 60, 18.0)


def test_trees_add_up_to_what_is_spent(ledger):
    found = forest(ledger, 0.0)
    whole = report(ledger, "team").total
    assert (found.total.picos, found.total.requests, found.total.unpriced) == (whole.picos, whole.requests, whole.unpriced)
    assert [(tree.team, tree.session) for tree in found.trees] == [("payments", "s1"), ("search", "s1"), ("payments", "s2")]
    assert found.trees[2].line.usd is None


def test_one_team_one_session_and_a_time(ledger):
    assert [tree.session for tree in forest(ledger, 0.0, team="payments").trees] == ["s1", "s2"]
    assert [tree.team for tree in forest(ledger, 0.0, session="s1").trees] == ["payments", "search"]
    assert forest(ledger, AT + 50).trees[0].line.requests == 1
    assert forest(ledger, AT + 500).trees == ()
    assert [(line.name, line.picos) for line in report(ledger, "agent_tree").lines] == [("s1", 601), ("s2", 0)]
