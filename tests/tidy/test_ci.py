"""The CI entry, and the rule that nothing is skipped there."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tidy.tree import ROOT, text


@pytest.mark.parametrize(
    ("ci", "reason", "code"),
    [("true", "no such program", 1), ("", "no such program", 0), ("true", "no recordings beside the repository", 0)],
)
def test_a_skip_in_ci_is_a_failure(tmp_path: Path, ci: str, reason: str, code: int) -> None:
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    (tmp_path / "test_it.py").write_text(
        f"import pytest\ndef test_skipped():\n    pytest.skip({reason!r})\ndef test_run():\n    pass\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)],
        env={**os.environ, "CI": ci},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "1 passed, 1 skipped" in done.stdout


def test_the_entry_runs_what_the_readme_says() -> None:
    entry = ROOT / ".ci" / "run"
    assert entry.stat().st_mode & stat.S_IXUSR
    assert subprocess.run(["bash", "-n", str(entry)], check=False).returncode == 0
    assert text(".ci/run").splitlines()[-1] == "make test"
    assert "export CI=true" in text(".ci/run")
    assert "\nmake test\n" in text("README.md")


@pytest.mark.parametrize("target", ["setup", "setup-test", "serve", "test", "check-code", "image", "help"])
def test_make_knows_its_targets(target: str) -> None:
    done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert target == "help" or f"\n{target} " in "\n" + shown
