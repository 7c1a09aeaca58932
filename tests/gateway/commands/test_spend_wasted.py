"""`pointsman spend --wasted` in its three forms."""

import csv
import io
import json
from contextlib import closing

import pytest

from gateway.metering.journal import Entry
from gateway.metering.ledger_batch import Batch
from gateway.metering.ledger_schema import connect
from gateway.metering.whatif import WhatIf
from tests.gateway.commands.test_spend import spend
from tests.gateway.metering.records import intent, settlement

USD = 10**12


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    path = tmp_path_factory.mktemp("wasted")
    lost = {"a": WhatIf(wasted=USD // 8, wasted_cause="past_lifetime"), "b": WhatIf(wasted=USD, wasted_cause="tools_changed")}
    with closing(connect(path / "ledger.db")) as connection:
        batch = Batch(connection, "w", lambda meant, _: lost[meant.id])
        batch.add([Entry(intent=intent("a")), Entry(intent=intent("b", team="=cmd()", client="open\x1b[code"))])
        batch.add([Entry(settlement=settlement(id_, picos=2 * USD)) for id_ in "ab"])
        batch.close()
    return path


def test_a_table(home):
    lines = [line.split() for line in spend(home, "--wasted").stdout.splitlines()]
    assert lines == [
        ["cause", "client", "team", "requests", "wasted", "USD"],
        ["tools_changed", "open?[code", "=cmd()", "1", "1.000000"],
        ["past_lifetime", "codex", "payments", "1", "0.125000"],
        ["total", "2", "1.125000"],
    ]


def test_a_csv_no_spreadsheet_calculates(home):
    rows = list(csv.DictReader(io.StringIO(spend(home, "--wasted", "--format", "csv").stdout)))
    assert [row["team"] for row in rows] == ["'=cmd()", "payments"]
    assert rows[1]["wasted_usd"] == "0.125000000000"


def test_json(home):
    found = json.loads(spend(home, "--wasted", "--team", "payments", "--format", "json").stdout)
    assert found["total"] == {"requests": 1, "wasted_usd": "0.125000000000"}
    assert found["lines"][0]["cause"] == "past_lifetime"


@pytest.mark.parametrize("more", [["--compare"], ["--by", "user"], ["--format", "focus"]])
def test_what_does_not_go_together(home, more):
    spend(home, "--wasted", *more, code=2)
