"""The command: a line for each rule, a sample by chance, and its refusal."""

import json
from pathlib import Path

import pytest

from gateway.cli import main
from tests.gateway.evaluation.recorded import written


def test_a_rule_is_scored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["eval", "chains", str(written(tmp_path, 4, 12)), "--rule", "anthropic-5m", "--sessions", "3"]
    assert main(command) == 0
    said = capsys.readouterr().out
    assert said.startswith("anthropic-5m, known: ")
    assert "within_a_block" in said
    assert main([*command, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["rule"] == "anthropic-5m"
    assert told["judged"] <= told["calls"]
    assert len(told["miss_recall"]) == 3


def test_what_cannot_be_read_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "chains", str(tmp_path / "none.jsonl")]) == 2
    assert capsys.readouterr().err.startswith("pointsman eval chains: ")
