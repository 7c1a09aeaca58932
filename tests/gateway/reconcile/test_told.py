"""A reconciliation for programs, and the share captured for the metrics."""

import json
import os

from gateway.reconcile.told import NAME, as_json, by_cause, lines, note, noted
from gateway.reconcile.types import Part
from tests.gateway.reconcile.made import NOON, Books


def test_as_json_and_as_lines(tmp_path):
    books = Books()
    books.add("foreign", "gpt-6.1-sol", {"input_uncached": 5000}, NOON)
    books.on_bill("foreign", key="stranger")
    del books.settled["foreign"]
    found = books.reconciled(tmp_path)
    told = json.loads(json.dumps(as_json(found)))
    assert told["causes"] == {"bypassed": {"tokens": 5000, "usd": "0.010000000000"}}
    (gap,) = told["gaps"]
    assert (gap["day"], gap["key"], gap["kind"], gap["booked"]["tokens"]) == ("2026-11-24", "key_stranger", "input", 0)
    assert list(lines(found)) == [
        ("2026-11-24", "openai", "key_stranger", "gpt-6.1-sol", "input", "standard", "bypassed", "5000", "0.010000000000")
    ]
    assert by_cause(found) == {"bypassed": Part("bypassed", 5000, 10**10)}
    note(tmp_path, found)
    assert noted(tmp_path) == found.captured < 1
    assert os.stat(tmp_path / NAME).st_mode & 0o777 == 0o600


def test_nothing_noted_or_nonsense_is_unknown(tmp_path):
    assert noted(tmp_path) is None
    for text in ("", "[]", '{"captured": "all"}'):
        (tmp_path / NAME).write_text(text)
        assert noted(tmp_path) is None
