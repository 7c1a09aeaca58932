"""`pointsman lint-prompts`."""

import json

from gateway.cli import main
from gateway.commands import lint_prompts
from gateway.metering.ledger_schema import connect
from gateway.metering.spend_broken import Broken

FOUND = Broken(
    client="opencode", team="web\x1b", breaker="date_in_system", requests=3, threads=2, picos=1_230_000_000_000, unpriced=1, example="0a"
)


def ledger(tmp_path):
    connect(tmp_path / "ledger.db").close()
    return ["lint-prompts", "--home", str(tmp_path)]


def test_nothing_found_is_fine(tmp_path, capsys):
    assert main(ledger(tmp_path)) == 0
    assert capsys.readouterr().out == ""


def test_a_finding_says_who_what_how_much_and_what_helps(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(lint_prompts, "broken", lambda *_: [FOUND])
    assert main(ledger(tmp_path)) == 1
    out = capsys.readouterr().out
    assert "date_in_system     opencode of web?: $1.23 and 1 of unknown cost in 3 requests of 2 threads (0a)" in out
    assert "breaks every thread at midnight" in out
    assert main([*ledger(tmp_path), "--json"]) == 1
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["wasted_usd"], told["threads"]) == ("1.230000000000", 2)


def test_no_ledger_and_no_time_are_usage_errors(tmp_path, capsys):
    assert main(["lint-prompts", "--home", str(tmp_path / "none")]) == 2
    assert main([*ledger(tmp_path), "--since", "yesterday-ish"]) == 2
    assert capsys.readouterr().err.count("pointsman lint-prompts:") == 2
