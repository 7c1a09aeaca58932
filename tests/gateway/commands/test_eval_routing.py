"""`pointsman eval routing` on a file of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.cli import main

ASKED = (("code", "write a SQL query for all customers"), ("general", "write a poem about the sea"), ("code", "tell me a joke"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    lines = [
        {"id": name, "request": {"model": "auto", "messages": [{"role": "user", "content": text}]}, "label": label, "lang": "en"}
        for name, (label, text) in zip("abc", ASKED, strict=True)
    ]
    path = tmp_path / "cases.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


def test_figures_as_json(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = file.with_suffix(".out")
    assert main(["eval", "routing", str(file), "--json", "--no-rivals", "--no-latency", "--predictions", str(out)]) == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["cases"], made["accuracy"], made["code_to_general"], made["general_to_code"]) == (3, 0.6667, 0.5, 0.0)
    told = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(each["id"], each["route"]) for each in told] == [("a", "code"), ("b", "general"), ("c", "general")]


def test_a_table_with_rivals_and_timing(file: Path) -> None:
    command = [sys.executable, "-m", "gateway", "eval", "routing", str(file), "--threshold", "0.7"]
    shown = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    assert "3 cases" in shown
    assert "naive regular expression" in shown
    assert "bodies from 1000000 bytes" in shown


@pytest.mark.parametrize("text", ["", "not json\n", '{"label": "code"}\n'])
def test_what_cannot_be_evaluated(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(text, "utf-8")
    assert main(["eval", "routing", str(path)]) == 2
    assert str(path) in capsys.readouterr().err
    assert main(["eval", "routing", str(tmp_path / "missing.jsonl")]) == 2
