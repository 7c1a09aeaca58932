"""A git directory is read as it is, without a work tree."""

import subprocess
from pathlib import Path

import pytest

from training.checkout import git, names, texts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    def run(*words: str) -> None:
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True, capture_output=True)

    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "é.md").write_bytes(b"one\r\n\nblob 12\n")
    (tmp_path / "a.py").write_bytes(b"print(1)")
    run("init", "-q")
    run("add", ".")
    run("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", "Add both")
    return tmp_path / ".git"


def test_names_and_texts(folder: Path) -> None:
    assert names(folder) == ["a.py", "docs/é.md"]
    assert names(folder, "docs/") == ["docs/é.md"]
    assert list(texts(folder, ["docs/é.md", "a.py"])) == ["one\n\nblob 12\n", "print(1)"]
    assert list(texts(folder, [])) == []
    assert git(folder, "log", "--format=%s").strip() == "Add both"
