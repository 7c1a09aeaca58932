"""Configs beside what `pointsman check` says about them.

`GOLDEN=write pytest tests/gateway/config/test_golden.py` rewrites the expectations, to be reviewed as a diff.
"""

import os
from pathlib import Path

import pytest

from gateway.commands.check import check

FOLDER = Path(__file__).parents[2] / "golden" / "config"
ENVIRON = {
    "SECRET": "do-not-print-7731",
    "YAML": "[{name: do-not-print, then: {route: code}}]",
    "REFERENCE": "${SECRET}",
}


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.yaml")))
def test_check_says_what_is_written_beside_the_config(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)
    code, lines = check(Path(f"{name}.yaml"), ENVIRON)
    said = "\n".join([*lines, f"exit {code}", ""])
    beside = FOLDER / f"{name}.expected"
    if os.environ.get("GOLDEN") == "write":
        beside.write_text(said, encoding="utf-8")
    assert said == beside.read_text(encoding="utf-8")
    assert code == (0 if name.startswith("good_") else 1)
    assert "do-not-print" not in said


def test_there_are_enough_of_them() -> None:
    assert len(list(FOLDER.glob("bad_*.yaml"))) >= 25
    assert {path.stem for path in FOLDER.glob("*.yaml")} == {path.stem for path in FOLDER.glob("*.expected")}
