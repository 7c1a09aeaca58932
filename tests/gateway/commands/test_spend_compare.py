"""`pointsman spend --compare` in its three forms."""

import csv
import io
import json
from contextlib import closing

import pytest

from gateway.metering.journal import Entry
from gateway.metering.ledger_batch import Batch
from gateway.metering.ledger_schema import connect
from gateway.metering.whatif import NOTHING_KNOWN, WhatIf
from tests.gateway.commands.test_spend import spend
from tests.gateway.metering.records import intent, settlement, unpriced

USD = 10**12


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    path = tmp_path_factory.mktemp("compare")
    what = {"a": WhatIf(code=3 * USD, general=USD // 4, uncached=2 * USD, stayed=USD, wasted=USD // 8, wasted_cause="expired")}
    with closing(connect(path / "ledger.db")) as connection:
        batch = Batch(connection, "w", lambda meant, _: what.get(meant.id, NOTHING_KNOWN))
        batch.add([Entry(intent=intent("a")), Entry(intent=intent("b", team="=cmd()"))])
        batch.add([Entry(settlement=settlement("a", picos=USD)), Entry(settlement=unpriced("b"))])
        batch.close()
    return path


def test_a_table(home):
    lines = spend(home, "--compare").stdout.splitlines()
    assert lines[0].split()[:3] == ["team", "requests", "USD"]
    assert lines[1].split() == ["payments", "1", "1.000000", "3.000000", "0.250000", "2.000000", "1.000000", "0.125000"]
    assert lines[2].endswith("up to 1 requests compared with themselves")
    assert lines[4] == "saved by routing: $2.000000 in 1 requests"
    assert lines[-1] == "wasted by expired: $0.125000 in 1 requests"


def test_csv_and_json(home):
    row, other = csv.DictReader(io.StringIO(spend(home, "--compare", "--format", "csv").stdout))
    assert (row["usd_if_code"], row["wasted_usd"], other["team"]) == ("3.000000000000", "0.125000000000", "'=cmd()")
    told = json.loads(spend(home, "--compare", "--format", "json").stdout)
    assert told["lines"][0]["usd_if"]["general"] == "0.250000000000"
    assert told["savings"][0] == {"what": "saved", "reason": "routing", "requests": 1, "usd": "2.000000000000"}


def test_it_is_no_bill(home):
    assert "--compare goes with neither" in spend(home, "--compare", "--format", "focus", code=2).stderr
