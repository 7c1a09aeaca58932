"""`pointsman explain` from the command line, on the example config."""

import argparse
import io
import json
from pathlib import Path
from typing import Any

import pytest
from msgspec import Raw

from gateway.commands import explain
from gateway.dialects.ask import members

EXAMPLE = Path(__file__).parents[3] / "pointsman.yaml"
CHAT = {"model": "auto", "messages": [{"role": "user", "content": "fix the crash in src/app.py"}]}


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    explain.register(parser.add_subparsers(required=True))
    args = parser.parse_args(["explain", "--config", str(EXAMPLE), *words])
    return int(args.run(args))


@pytest.fixture
def ask(tmp_path: Path) -> Any:
    def asked(value: Any, *words: str) -> int:
        file = tmp_path / "request.json"
        file.write_text(value if isinstance(value, str) else json.dumps(value), "utf-8")
        return run(str(file), *words)

    return asked


def test_a_story_worth_reading(ask: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(CHAT) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "code -> gpt-6.1-sol at openai"
    assert lines[1] == "  because    prose in, patch out  [classifier: prose_to_patch]"
    assert lines[2].startswith("  work       prose in, patch out, confidence ")
    assert any(line.split()[1:] == ["fix", "crash,", "fix"] for line in lines)
    assert any(line.split()[1:2] == ["text"] for line in lines)
    assert any(line.startswith("  otherwise  ") for line in lines)
    assert "  caller     unknown, main, team default; thread by content_chain" in lines
    assert lines[-1].startswith("  took       ")


def test_everything_as_json(ask: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(CHAT, "--json") == 0
    story = json.loads(capsys.readouterr().out)
    assert {"route", "workload", "model", "upstream", "reasons", "freshness", "elapsed_us"} <= story.keys()
    assert {"input", "output", "confidence"} <= story["workload"].keys()


def test_the_form_of_the_http_route(ask: Any, capsys: pytest.CaptureFixture[str]) -> None:
    headers = {"originator": "codex_exec", "user-agent": "codex_exec/0.169.0"}
    tools = [{"type": "function", "name": name, "parameters": {}} for name in ("exec_command", "apply_patch", "update_plan")]
    request = {"model": "auto", "input": "go on", "tools": tools, "instructions": "You are a coding agent."}
    question = {"dialect": "responses", "headers": headers, "request": request}
    assert ask(question, "--json") == 0
    story = json.loads(capsys.readouterr().out)
    assert (story["caller"]["client"], story["route"]) == ("codex", "code")
    assert ask({"request": CHAT}, "--json") == 0
    assert json.loads(capsys.readouterr().out)["route"] == "code"


def test_headers_team_and_dialect(ask: Any, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--header", "User-Agent: claude-cli/2.1.330 (external)", "--header", "x-pointsman-user:anna")
    assert ask(CHAT, "--json", "--dialect", "messages", "--team", "search", *words) == 0
    story = json.loads(capsys.readouterr().out)
    assert story["caller"]["user"] == "anna"
    assert story["caller"]["team"] == "search"
    assert story["caller"]["client"] == "claude-code"
    assert story["upstream"] == "anthropic"


def test_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.TextIOWrapper(io.BytesIO(json.dumps(CHAT).encode()))
    monkeypatch.setattr("sys.stdin", stream)
    assert run("-") == 0
    assert capsys.readouterr().out.startswith("code -> ")


def test_what_would_be_refused_is_a_finding(ask: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask({**CHAT, "model": "nobody\u001b[31m"}) == 1
    said = capsys.readouterr().out
    assert said.startswith("refused: no model is called ")
    assert "\u001b" not in said, "a file must not write to the terminal"


@pytest.mark.parametrize(
    "text", ["", "[1", "{}", '{"model": 3}', '{"dialect": "telex", "request": {}}', '{"headers": 3, "request": {"model": "auto"}}']
)
def test_what_cannot_be_read_is_a_finding(ask: Any, capsys: pytest.CaptureFixture[str], text: str) -> None:
    assert ask(text) == 1
    caught = capsys.readouterr()
    assert caught.out == ""
    assert caught.err.startswith("pointsman explain: ")


def test_a_broken_config_is_a_finding(ask: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(EXAMPLE.read_text("utf-8").replace("default: general", "default: genral"), "utf-8")
    assert ask(CHAT, "--config", str(file)) == 1
    assert "routing.default: no route is called 'genral'" in capsys.readouterr().err


def test_wrong_usage(ask: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(str(tmp_path / "absent.json")) == 2
    assert "absent.json" in capsys.readouterr().err
    for words in (("--header", "no colon"), ("--header", ": x"), ("--dialect", "telex")):
        with pytest.raises(SystemExit) as caught:
            ask(CHAT, *words)
        assert caught.value.code == 2


@pytest.mark.parametrize(
    ("body", "dialect"),
    [
        ({"messages": []}, "chat"),
        ({"messages": [], "max_tokens": 3}, "chat"),
        ({"input": "x"}, "responses"),
        ({"messages": [], "system": "be kind"}, "messages"),
        ({"messages": [], "system": [{"type": "text", "text": "x"}]}, "messages"),
        ({"messages": [{"role": "user", "content": [{"type": "tool_result"}]}]}, "messages"),
        ({"messages": [], "tools": [{"name": "x", "input_schema": {}}]}, "messages"),
        ({"messages": [], "tools": [{"type": "function", "function": {"name": "x"}}]}, "chat"),
        ({}, "chat"),
    ],
)
def test_the_dialect_is_told_by_the_shape(body: dict[str, Any], dialect: str) -> None:
    assert explain.guessed(members(Raw(json.dumps(body).encode()))) == dialect
    assert explain.guessed(members(Raw(json.dumps(body, separators=(",", ":")).encode()))) == dialect
