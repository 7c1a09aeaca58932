"""`pointsman spend` from the command line: exact, safe to open in a spreadsheet, and changing nothing."""

import csv
import io
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from gateway.metering.journal import Journal
from gateway.metering.ledger import Ledger
from gateway.metering.ledger_schema import bring_up, connect
from gateway.metering.ledger_writer import LedgerWriter
from gateway.metering.spend_focus import COLUMNS
from gateway.metering.types import KINDS
from tests.gateway.metering.records import book, intent, settlement, unpriced

ROOT = Path(__file__).parents[3]
EVIL = '=HYPERLINK("http://evil.example","sum")'


def spend(home: Path, *words: str, code: int = 0) -> "subprocess.CompletedProcess[str]":
    """Run the command as a user does."""
    command = [sys.executable, "-m", "gateway", "spend", "--since", "all", "--home", str(home), *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == code, done.stderr
    return done


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Three requests of two teams; one without a price, one by a client that names its user with care."""
    path = tmp_path_factory.mktemp("home")
    with closing(connect(path / "ledger.db")) as connection:
        meant = [intent("a", user=EVIL), intent("b", team="search", user="bob\x1b[2J\n"), intent("c", team="search")]
        book(connection, "w", meant, [settlement("a"), settlement("b", exact=False), unpriced("c")])
    return path


def test_a_table(home):
    lines = spend(home).stdout.splitlines()
    assert lines[0].split() == ["team", "requests", "input", "cached", "output", "USD", "notes"]
    assert lines[1].split() == ["search", "2", "0", "1800", "60", "0.000000", "1", "unpriced,", "1", "estimated"]
    assert lines[2].split() == ["payments", "1", "0", "900", "30", "0.000000"]
    assert lines[3].split()[:2] == ["total", "3"]


def test_nothing_known_is_unknown_and_names_cannot_move_the_cursor(home):
    shown = spend(home, "--by", "user", "--team", "search").stdout
    assert "bob?[2J?" in shown
    unknown = next(line for line in shown.splitlines() if line.startswith("ann"))
    assert "unknown" in unknown
    assert unknown.endswith("1 unpriced")


def test_json_is_exact(home):
    made = json.loads(spend(home, "--format", "json", "--by", "team").stdout)
    assert [line["name"] for line in made["lines"]] == ["search", "payments"]
    assert made["total"]["usd"] == "0.000000007800"
    assert (made["total"]["unpriced_requests"], made["total"]["estimated_requests"]) == (1, 1)
    assert made["total"]["tokens"] == {"cache_read": 2700, "output": 90}
    by_user = json.loads(spend(home, "--format", "json", "--by", "user").stdout)
    assert {line["name"]: line["usd"] for line in by_user["lines"]}["ann"] is None


def test_csv_says_the_same_and_starts_no_formula(home):
    head, *lines = csv.reader(io.StringIO(spend(home, "--format", "csv", "--by", "user").stdout))
    assert head == ["user", "requests", "usd", "unpriced_requests", "estimated_requests", *KINDS]
    found = {line[0]: line for line in lines}
    assert found["'" + EVIL][1:5] == ["1", "0.000000003900", "0", "0"]
    assert found["ann"][1:5] == ["1", "", "1", "0"]


def test_focus_has_its_columns_and_says_what_it_leaves_out(home):
    done = spend(home, "--format", "focus", "--by", "user")
    head, *lines = csv.reader(io.StringIO(done.stdout))
    assert tuple(head) == COLUMNS
    assert len(lines) == 4
    assert done.stderr.startswith("1 requests have no price")
    tags = {json.loads(dict(zip(head, line, strict=True))["Tags"])["user"] for line in lines}
    assert tags == {EVIL, "bob\x1b[2J\n"}


def test_it_reads_while_the_gateway_writes(tmp_path):
    journal = Journal.open(tmp_path / "journal", "worker-1")
    writer = LedgerWriter(tmp_path / "journal", tmp_path / "ledger.db")
    journal.intent(intent("a"))
    journal.settle(settlement("a"))
    writer.turn()
    assert json.loads(spend(tmp_path, "--format", "json").stdout)["total"]["requests"] == 1
    journal.settle(settlement("b"))
    writer.turn()
    assert json.loads(spend(tmp_path, "--format", "json").stdout)["total"]["requests"] == 2
    writer.close()
    journal.close()


def test_what_cannot_be_read_is_a_finding(tmp_path):
    done = spend(tmp_path, code=1)
    assert "there is no ledger" in done.stderr
    assert list(tmp_path.iterdir()) == []
    with closing(connect(tmp_path / "ledger.db")):
        pass
    assert json.loads(spend(tmp_path, "--format", "json").stdout)["total"]["requests"] == 0
    (tmp_path / "ledger.db").unlink()

    with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as old:
        bring_up(old, 1)
    assert "older schema" in spend(tmp_path, code=1).stderr
    Ledger.open(tmp_path / "ledger.db").close()
    spend(tmp_path)


def test_wrong_words_are_wrong_usage(home):
    assert "no time" in spend(home, "--since", "yesterday", code=2).stderr
    assert "invalid choice" in spend(home, "--by", "picos; DROP TABLE requests", code=2).stderr
