"""`pointsman spend --by agent_tree`: trees, one tree's agents, and the same numbers in every form."""

import csv
import io
import json
from contextlib import closing

import pytest

from gateway.commands.spend_tree import write
from gateway.metering.ledger import Ledger
from gateway.metering.ledger_schema import connect
from gateway.metering.spend_tree import forest
from tests.gateway.commands.test_spend import spend
from tests.gateway.metering.records import AT, book, intent, settlement, unpriced


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    path = tmp_path_factory.mktemp("trees")
    said = [
        ("a", {"thread": "t"}, {"at": AT + 3700.0, "picos": 25 * 10**10}),
        ("b", {"thread": "t/1", "parent": "t", "agent": "subagent"}, {"picos": 75 * 10**10}),
        ("c", {"thread": "t/2", "parent": "t/1", "agent": "subagent"}, {"picos": 0}),
        ("d", {"thread": "loop", "parent": "pool", "agent": "subagent"}, {"picos": 0}),
        ("e", {"thread": "pool", "parent": "loop", "agent": "subagent"}, {"picos": 0}),
        ("f", {"session": "=evil()", "thread": "x\x1b[2J"}, {"picos": 5}),
    ]
    with closing(connect(path / "ledger.db")) as connection:
        meant = [intent(name, **more) for name, more, _ in said]
        done = [settlement(name, **more) for name, _, more in said]
        book(connection, "w", [*meant, intent("u", session="s3")], [*done, unpriced("u")])
    return path


def test_a_line_for_each_tree(home):
    head, first, second, third, total = spend(home, "--by", "agent_tree").stdout.splitlines()
    assert head.split() == ["session", "agents", "requests", "input", "cached", "output", "context", "elapsed", "USD", "notes"]
    assert first.split()[:9] == ["s1", "5", "5", "0", "4500", "150", "900", "1:01:40", "1.000000"]
    assert first.endswith("payments, ann, codex, 4 workers took 75%")
    assert (second.split()[0], third.split()[0], third.split()[8]) == ("=evil()", "s3", "unknown")
    assert total.split()[:3] == ["total", "7", "7"]


def test_one_tree_shows_who_started_whom(home):
    lines = spend(home, "--by", "agent_tree", "--session", "s1").stdout.splitlines()
    assert [line.split("  ")[1:4] for line in lines[2:5]] != []
    assert [line[: line.index("t")] for line in lines[2:3]] == ["  main "]
    assert lines[3].startswith("    subagent t/1")
    assert lines[4].startswith("      subagent t/2")
    assert sorted(line.split()[1] for line in lines[5:7]) == ["loop", "pool"]


def test_csv_has_a_row_for_each_agent_and_is_no_program(home):
    table = list(csv.DictReader(io.StringIO(spend(home, "--by", "agent_tree", "--format", "csv").stdout)))
    assert len(table) == 7
    assert {row["session"] for row in table} == {"s1", "'=evil()", "s3"}
    assert sum(float(row["usd"] or 0) for row in table if row["session"] == "s1") == 1.0
    assert next(row for row in table if row["thread"] == "t/2")["parent"] == "t/1"


def test_json_has_trees_with_their_agents(home):
    told = json.loads(spend(home, "--by", "agent_tree", "--format", "json").stdout)
    tree = told["lines"][0]
    assert (tree["name"], tree["usd"], tree["orchestrator_usd"]) == ("s1", "1.000000000000", "0.250000000000")
    assert [each["usd"] for each in tree["agents"]][:2] == ["0.250000000000", "0.750000000000"]
    assert (told["total"]["requests"], told["by"]) == (7, "agent_tree")


def test_focus_tags_charges_with_the_session(home):
    charges = csv.DictReader(io.StringIO(spend(home, "--by", "agent_tree", "--format", "focus").stdout))
    assert "s1" in {json.loads(row["Tags"].removeprefix("'")).get("agent_tree") for row in charges}


def test_a_session_belongs_to_trees(home):
    assert "--session goes with" in spend(home, "--session", "s1", code=2).stderr
    assert "--session goes with" in spend(home, "--by", "agent_tree", "--session", "s1", "--format", "focus", code=2).stderr


def test_an_empty_ledger_has_no_trees(home):
    out = io.StringIO()
    write(forest(Ledger(home / "ledger.db"), AT * 2), "table", out)
    assert out.getvalue().splitlines()[1].split()[0] == "total"
