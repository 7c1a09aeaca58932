"""`pointsman reconcile` from the command line: files in, gaps out, and an exit code that says whether to look."""

import csv
import io
import json
import subprocess
import sys

import pytest

from gateway.reconcile.told import NAME
from tests.gateway.commands.test_spend import ROOT
from tests.gateway.reconcile.made import NOON, Books


def run(home, *words, code):
    command = [sys.executable, "-m", "gateway", "reconcile", "--home", str(home), *map(str, words)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == code, done.stderr + done.stdout
    return done


def made(home, strangers):
    books = Books()
    if strangers:
        books.add("foreign", "gpt-6.1-sol", {"input_uncached": 5000}, NOON)
        books.on_bill("foreign", key="stranger")
        del books.settled["foreign"]
    books.ledger(home)
    (home / "bill.json").write_text("\n".join(map(json.dumps, books.pages())))
    config = {
        "version": 1,
        "upstreams": {name: {"url": "http://127.0.0.1:9/v1", "provider": name, "dialects": ["chat"], "reports": {"key_id": key}}
                      for name, key in (("openai", "key_a"), ("anthropic", "key_b"))},
        "models": {"gpt-*": {"upstream": "openai"}}, "routes": {"code": {"model": "gpt-6.1-sol"}},
        "routing": {"default": "code"},
    }  # fmt: skip
    (home / "pointsman.yaml").write_text(json.dumps(config))
    return home


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return made(tmp_path_factory.mktemp("gap"), strangers=True)


def test_a_gap_is_told_and_remembered(home):
    bill = ("--bill", home / "bill.json", "--config", home / "pointsman.yaml")
    lines = run(home, *bill, code=1).stdout.splitlines()
    assert lines[0].startswith("2026-11-20 to 2026-11-26: ") or "of it came through here" in lines[0]
    assert lines[1].split()[:4] == ["bypassed", "5000", "tokens", "$0.010000"]
    assert lines[3].split() == [
        "2026-11-24", "openai", "key_stranger", "gpt-6.1-sol", "input", "standard", "bypassed", "5000", "0.010000000000",
    ]  # fmt: skip
    assert 0.9 < json.loads((home / NAME).read_text())["captured"] < 1
    (row,) = csv.DictReader(io.StringIO(run(home, *bill, "--format", "csv", code=1).stdout))
    assert (row["cause"], row["usd"]) == ("bypassed", "0.010000000000")
    assert json.loads(run(home, *bill, "--format", "json", code=1).stdout)["causes"]["bypassed"]["tokens"] == 5000


def test_books_that_agree_are_fine(tmp_path):
    made(tmp_path, strangers=False)
    told = run(tmp_path, "--bill", tmp_path / "bill.json", "--config", tmp_path / "pointsman.yaml", code=0).stdout
    assert told.splitlines()[0].endswith("100.00% of it came through here")


def test_without_key_ids_keys_are_not_told_apart(home):
    told = run(home, "--bill", home / "bill.json", "--format", "json", code=1).stdout
    assert set(json.loads(told)["causes"]) == {"bypassed"}


def test_what_cannot_be_compared(home, tmp_path):
    assert "name a --bill" in run(home, code=2).stderr
    assert "no upstream of the config has a reports.key" in run(home, "--config", home / "pointsman.yaml", code=2).stderr
    assert "there is no ledger" in run(tmp_path, "--bill", home / "bill.json", code=2).stderr
    (tmp_path / "empty.json").write_text('{"data": []}')
    assert "the bill is empty" in run(home, "--bill", tmp_path / "empty.json", code=2).stderr
