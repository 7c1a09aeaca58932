"""Pages that describe a program are code to be written; pages that say what a thing is are prose."""

import subprocess
from collections import Counter
from pathlib import Path

import pytest

from gateway.evaluation.routing_cases import cases
from training.ideas import EACH_PAGE, NAMED, PAGE_CHARS, requests_of

IDEA = "# Birthdays\n\n**Tier:** 1-Beginner\n\nTell whose day it is.\n\n- [ ] User can add a name\n\n## Useful links\n\n- nothing\n"
TOPIC = "---\ndisplay_name: {}\nshort_description: {} is a {}.\ntopic: x\n---\n{} does {{things}} for people.\n"


def committed(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    for words in (("init", "-q"), ("add", "."), ("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", "all")):
        subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)
    return folder / ".git"


@pytest.fixture
def made(tmp_path: Path) -> list[dict]:
    ideas = committed(tmp_path / "ideas", {"Projects/1/Birthdays.md": IDEA, "README.md": "no idea"})
    kinds = {"Frob": "library", "Blub": "database", "Chess": "game"}
    topics = {f"topics/{name}/index.md": TOPIC.format(name, name, kind, name) for name, kind in kinds.items()}
    return list(requests_of(ideas, committed(tmp_path / "topics", topics), 7))


def test_both_kinds(made: list[dict]) -> None:
    told = Counter((line["source"], line["label"]) for line in made)
    assert told["ideas/app-ideas", "code"] == EACH_PAGE
    assert told["ideas/explore", "code"] == NAMED
    assert told["ideas/explore", "general"] == NAMED + 1, "every other page, and the names in templates"


def test_what_they_say(made: list[dict]) -> None:
    turns = [case.signals.turn_text for case in cases(made)]
    (one, *_) = (turn for turn in turns if "Birthdays" in turn)
    assert "Tier" not in one
    assert "[ ]" not in one
    assert "nothing" not in one
    assert any("Blub" in turn for turn in turns) or any("Frob" in turn for turn in turns)
    assert not any("Chess" in turn for turn in turns), "a game is no tool"
    assert max(map(len, turns)) < PAGE_CHARS + 400
