"""The command: a line per call, scores, priors, and its refusals."""

import json
from pathlib import Path

import pytest

from gateway.cli import main
from tests.gateway.evaluation.test_freshness_trace import CODEX, codex


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """Three sessions of Codex that grow and are read in full."""
    rows = [
        codex(number, 9000 + 700 * number, 0 if not number else (8300 + 700 * number) // 128 * 128).replace(
            "r,s,", f"r,s{name},"
        )
        for name in "abc"
        for number in range(8)
    ]
    file = tmp_path / "trace.csv"
    file.write_text(CODEX + "".join(rows))
    return file


@pytest.mark.parametrize("more", [[], ["--folds", "3"]])
def test_a_line_per_call_in_the_order_of_the_trace(trace: Path, tmp_path: Path, more: list[str]) -> None:
    out = tmp_path / "out.jsonl"
    assert main(["eval", "freshness", str(trace), "--predictions", str(out), *more]) == 0
    lines = [json.loads(each) for each in out.read_text().splitlines()]
    assert [(each["session"], each["n"]) for each in lines] == [(f"s{name}", n) for name in "abc" for n in range(8)]
    assert set(lines[1]) == {
        "repo", "session", "n", "p_full", "p_cold", "expected_read", "mean_read", "expected_cost_usd", "state", "cause",
    }  # fmt: skip
    assert lines[-1]["p_full"] > 0.5
    assert abs(lines[-1]["expected_read"] - 13_184) <= 512


def test_scores(trace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "freshness", str(trace), "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)
    value, low, high = scores["all 21 calls"]["brier"]
    assert low <= value <= high
    assert main(["eval", "freshness", str(trace)]) == 0
    assert "token_error" in capsys.readouterr().out


def test_priors(trace: Path, tmp_path: Path) -> None:
    out = tmp_path / "priors.json"
    assert main(["eval", "freshness", str(trace), "--write-priors", str(out)]) == 0
    assert "time|openai up to gpt-5.5|300" in json.loads(out.read_text())["curves"]


def test_refusals(tmp_path: Path, trace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "freshness", str(tmp_path / "none.csv")]) == 2
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n")
    assert main(["eval", "freshness", str(other)]) == 2
    assert main(["eval", "freshness", str(trace), "--folds", "1"]) == 2
    assert "no column" in capsys.readouterr().err
