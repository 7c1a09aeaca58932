"""`pointsman spend --choices` in its three forms."""

import csv
import io
import json
from contextlib import closing

import pytest

from gateway.cli import main
from gateway.metering.journal import Entry
from gateway.metering.ledger_batch import Batch
from gateway.metering.ledger_schema import connect
from gateway.metering.whatif import WhatIf
from tests.gateway.commands.test_spend import spend
from tests.gateway.metering.records import intent, settlement

USD = 10**12


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    path = tmp_path_factory.mktemp("choices")
    with closing(connect(path / "ledger.db")) as connection:
        batch = Batch(connection, "w", lambda meant, _: WhatIf(stayed=3 * USD))
        went = intent("b", reason="saves_more", instead="gpt-6.1-sol", instead_picos=USD // 4, moved_from="openai/gpt-6.1-sol")
        batch.add([Entry(intent=intent("a", reason="cache_worth_more", instead="=x\x1b", instead_picos=USD)), Entry(intent=went)])
        batch.add([Entry(settlement=settlement("a", picos=USD)), Entry(settlement=settlement("b", picos=USD, model="gpt-6-luna"))])
        batch.close()
    return path


def test_a_table(home):
    lines = [line.split() for line in spend(home, "--choices").stdout.splitlines()]
    assert lines == [
        ["reason", "model", "instead", "of", "requests", "expected", "to", "save", "saved", "at", "once"],
        ["cache_worth_more", "stayed", "gpt-6.1-sol", "=x?", "1", "1.000000", "0.000000"],
        ["saves_more", "went", "gpt-6-luna", "gpt-6.1-sol", "1", "0.250000", "2.000000"],
        ["total", "2", "1.250000", "2.000000"],
    ]


def test_a_csv_no_spreadsheet_calculates(home):
    rows = list(csv.DictReader(io.StringIO(spend(home, "--choices", "--format", "csv").stdout)))
    assert rows[0]["instead"].startswith("'=x")
    assert (rows[1]["choice"], rows[1]["expected_saving_usd"]) == ("went", "0.250000000000")


def test_json(home):
    found = json.loads(spend(home, "--choices", "--format", "json").stdout)
    assert found["total"] == {"requests": 2, "expected_saving_usd": "1.250000000000", "saved_at_once_usd": "2.000000000000"}
    assert found["lines"][1]["moved"] is True


@pytest.mark.parametrize("beside", ["--compare", "--wasted", "--by=model", "--format=focus"])
def test_it_is_a_view_of_its_own(home, beside, capsys):
    assert main(["spend", "--home", str(home), "--choices", beside]) == 2
    assert "goes with no other view" in capsys.readouterr().err
