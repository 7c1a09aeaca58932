"""`pointsman feedback` on files of its own."""

import io
import json
import stat
from pathlib import Path

import pytest

from gateway.cli import main

CHAT = {"model": "auto", "messages": [{"role": "user", "content": "write a poem about git"}]}
TITLE = {"model": "auto", "messages": [{"role": "user", "content": "Please write a 5-10 word title for this: hi"}]}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "asked.json"
    path.write_text(json.dumps(CHAT, indent=1), "utf-8")
    return path


def test_one_body(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["feedback", str(file), "--should", "general"]) == 0
    line = json.loads(capsys.readouterr().out)
    assert (line["label"], line["source"]) == ("general", "feedback")
    assert "request" not in line


def test_lines_say_it_themselves_and_are_appended(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = file.with_name("corrections.jsonl")
    lines = [{"request": CHAT, "should": "general"}, {"dialect": "chat", "request": CHAT, "should": "code"}]
    file.write_text("\n".join(json.dumps(line) for line in lines) + "\n", "utf-8")
    command = ["feedback", str(file), "--out", str(out), "--source", "house", "--with-text", "I wrote it"]
    assert main(command) == 0
    assert main(command) == 0
    assert "2 of 2 requests appended" in capsys.readouterr().out
    told = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [(each["label"], each["license"]) for each in told] == [("general", "I wrote it"), ("code", "I wrote it")] * 2
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


def test_what_structure_decides_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(json.dumps(TITLE).encode())))
    assert main(["feedback", "-", "--should", "code"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "request 1: decided by auxiliary" in captured.err


@pytest.mark.parametrize(("text", "words"), [("", ["--should", "code"]), (json.dumps(CHAT), []), ("nonsense", ["--should", "code"])])
def test_what_is_no_correction(text: str, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "asked.json"
    path.write_text(text, "utf-8")
    assert main(["feedback", str(path), *words]) in (1, 2)
    assert "pointsman feedback" in capsys.readouterr().err
    assert main(["feedback", str(tmp_path / "missing"), "--should", "code"]) == 2
