"""The wheel: exactly the three packages, with the data they need, and a command that runs from it."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.tidy.tree import PACKAGES, ROOT, committed


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as the Dockerfile builds it."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-index", "--no-deps", "--no-build-isolation"]
    made = subprocess.run(
        [*command, "--disable-pip-version-check", "-w", str(folder), str(ROOT)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    return next(folder.glob("*.whl"))


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_its_top_level(wheel: Path) -> None:
    assert {name.split("/")[0] for name in names(wheel)} == {*PACKAGES, "pointsman-0.1.0.dist-info"}


def test_every_committed_file_of_the_packages_is_in_it(wheel: Path) -> None:
    inside = names(wheel)
    assert not [name for name in committed() if name.split("/")[0] in PACKAGES and name not in inside]
    for name in committed():
        if name.startswith("dashboards/"):
            assert name.replace("dashboards/", "gateway/_dashboards/", 1) in inside
    assert "gateway/_example/pointsman.yaml" in inside
    assert not [name for name in inside if "__pycache__" in name or name.endswith(".pyc")]


def test_it_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        entry = archive.read("pointsman-0.1.0.dist-info/entry_points.txt").decode()
        about = archive.read("pointsman-0.1.0.dist-info/METADATA").decode()
    assert "pointsman = gateway.cli:main" in entry
    assert "License-Expression: Apache-2.0" in about
    assert "pointsman-0.1.0.dist-info/licenses/LICENSE" in names(wheel)


def test_it_runs_away_from_its_source(wheel: Path, tmp_path: Path) -> None:
    """With the dependencies of this environment but none of its code: the first path of the interpreter is the wheel."""
    code = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); import gateway, gateway.cli; "
        "assert '.whl' in gateway.__file__, gateway.__file__; sys.exit(gateway.cli.main(sys.argv[1:]))"
    )
    example = tmp_path / "pointsman.yaml"
    with zipfile.ZipFile(wheel) as archive:
        example.write_bytes(archive.read("gateway/_example/pointsman.yaml"))
    for arguments in (["--help"], ["check", str(example)]):
        done = subprocess.run(
            [sys.executable, "-P", "-c", code, str(wheel), *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            timeout=50,
        )
        assert done.returncode == 0, done.stdout + done.stderr
