"""`pointsman prices`: what a model costs and why, and what a new table changes."""

import json
from pathlib import Path

import pytest

from gateway.cli import main
from gateway.metering import price_table

FILE = Path(price_table.__file__).with_name("price_table.json")
CONFIG = """\
version: 1
upstreams:
  openai: {url: "https://api.openai.com/v1", provider: openai, dialects: [chat, responses]}
models: {"gpt-*": {upstream: openai}}
routes: {code: {model: gpt-5.5}}
routing: {default: code}
prices:
  - {provider: openai, model: "gpt-*", percent: 85, since: "2026-12-01"}
  - {provider: openai, model: gpt-ours, input_uncached: "1.5"}
"""


def told(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert main(["prices", *arguments]) == code
    out, err = capsys.readouterr()
    return out if code in (0, 1) and out else err


def test_a_model_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    said = told(capsys, "explain", "gpt-5.5", "--at", "2026-11-25")
    assert said.startswith("openai/gpt-5.5, table of 2026-11-25 (genai-prices ")
    assert "prices at 2026-11-25T00:00:00Z, in USD per million tokens, in force from the beginning\n" in said
    assert "    input_uncached   5   over 272,000: 10\n" in said
    assert "    output           75   over 272,000: unknown\n" in said
    assert "  file_search, a thousand calls: 2.5\n" in said


def test_history_and_the_hour_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    said = told(capsys, "explain", "deepseek-v4-flash", "--at", "2026-11-25T02:00")
    assert "in force from 2026-09-10T04:00Z, peak\n" in said
    assert "from the beginning: input_uncached 0.14, cache_read 0.0028, output 0.28\n" in said
    assert ", off-peak\n" in told(capsys, "explain", "deepseek-v4-flash", "--at", "2026-10-01T02:00")
    assert "in force from the beginning\n" in told(capsys, "explain", "gpt-5.6-sol", "--at", "2026-08-20")


def test_a_row_of_an_event_is_found_again(capsys: pytest.CaptureFixture[str]) -> None:
    said = told(capsys, "explain", "2026-11-25/openai/gpt-5.6-sol;since=2026-08-21;tier=flex;over=272000")
    assert "openai/gpt-5.6-sol," in said
    assert "in force from 2026-08-21\n" in said
    assert "openai/gpt-5.5," in told(capsys, "explain", "2026-11-25/openai/gpt-5.5;tier=flex")


def test_what_is_not_known_is_a_finding(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "explain", "claude-next", code=1) == "no price is known for anthropic/claude-next\n"
    assert told(capsys, "explain", "gpt-5.5", "--provider", "vllm", code=1) == "no price is known for vllm/gpt-5.5\n"


def test_contracts_come_from_the_config(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "pointsman.yaml"
    config.write_text(CONFIG)
    said = told(capsys, "explain", "gpt-5.5", "--config", str(config))
    assert "agreed from 2026-12-01: contract/openai/gpt-*;since=2026-12-01;percent=85\n" in said
    ours = told(capsys, "explain", "gpt-ours", "--config", str(config))
    assert "  input_uncached  1.5\n" in ours
    assert "the table has no such model\n" in ours
    config.write_text("version: 2")
    assert "version" in told(capsys, "explain", "gpt-5.5", "--config", str(config), code=2)


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    said = json.loads(told(capsys, "explain", "claude-sonnet-5-5", "--at", "2026-10-01", "--json"))
    assert said["row"] == "anthropic/claude-sonnet-5-5"
    assert [(each["since"], each["in_force"]) for each in said["periods"]] == [(None, True), ("2026-10-07", False)]
    assert [each["usd"]["cache_read"] for each in said["periods"]] == ["0.2", "0.1"]


def test_two_tables_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = json.loads(FILE.read_text("utf-8"))
    kept["as_of"] = "2026-12-01"
    del kept["rows"]["openai/gpt-5.5"]
    kept["rows"]["openai/o3"][1]["tiers"][""][0][1]["output"] = 7_000_000
    newer = tmp_path / "new.json"
    newer.write_text(json.dumps(kept, separators=(",", ":")))
    said = told(capsys, "diff", "built-in", str(newer), code=1)
    assert said.endswith(
        "2 models differ\nopenai/gpt-5.5: gone, it was input_uncached 5, cache_read 0.5, output 30\n"
        "openai/o3\n  output: 8 -> 7, from 2025-06-10\n"
    )
    back = told(capsys, "diff", str(newer), "built-in", "--json", code=1).splitlines()
    assert [json.loads(line)["new"] for line in back] == ["input_uncached 5, cache_read 0.5, output 30", "8"]
    assert "no price is known" in told(capsys, "explain", "gpt-5.5", "--table", str(newer), code=1)
    assert told(capsys, "diff", "built-in", "built-in").endswith(": 0 models differ\n")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"as_of": 1}'])
def test_what_is_no_table(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text(text)
    assert "is no price table" in told(capsys, "diff", str(broken), "built-in", code=2)
    assert told(capsys, "explain", "gpt-5.5", "--table", str(tmp_path / "none.json"), code=2)
