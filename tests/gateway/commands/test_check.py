"""`pointsman check FILE` from the command line: what it prints and how it exits."""

import argparse
from pathlib import Path

import pytest

from gateway.commands import check

EXAMPLE = Path(__file__).parents[3] / "pointsman.yaml"


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    check.register(parser.add_subparsers(required=True))
    args = parser.parse_args(["check", *words])
    return int(args.run(args))


def test_a_good_file(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-do-not-print")
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    assert run(str(EXAMPLE)) == 0
    said = capsys.readouterr().out
    assert f"{EXAMPLE}: fine\n" in said
    openai, anthropic = (line for line in said.splitlines() if line.startswith("upstream"))
    assert openai.endswith("key present")
    assert anthropic.endswith("no key")
    assert "do-not-print" not in said


def test_a_wrong_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(EXAMPLE.read_text("utf-8").replace("default: general", "default: genral"), "utf-8")
    assert run(str(file)) == 1
    assert capsys.readouterr().out == (
        f"{file}: error: routing.default: no route is called 'genral'; did you mean 'general'?\n"
    )


def test_no_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(str(tmp_path / "absent.yaml")) == 2
    assert run(str(tmp_path)) == 2
    assert "there is no file" in capsys.readouterr().err
    with pytest.raises(SystemExit) as caught:
        run()
    assert caught.value.code == 2
