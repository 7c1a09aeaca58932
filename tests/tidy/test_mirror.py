"""Every source file has a test of its own name, in the mirrored folder. The list of those without only shrinks."""

from pathlib import PurePosixPath

import pytest

from tests.tidy.tree import PACKAGES, ROOT, committed, python

LIST = "tests/tidy/unmirrored.txt"
NO_TEST = {"__init__.py", "__main__.py", "types.py", "py.typed"}
"""Names without behaviour of their own: re-exports, the start, vocabulary."""
WHOLE = ("tests/dashboards/", "tests/line/", "tests/simulation/", "tests/golden/", "tests/clients/", "tests/tidy/")
"""Tests of the whole rather than of one file."""


def listed() -> set[str]:
    return set((ROOT / LIST).read_text().splitlines())


def mirror(name: str) -> str:
    path = PurePosixPath(name)
    return str(PurePosixPath("tests", path.parent, f"test_{path.name}"))


@pytest.mark.parametrize("name", [name for name in python(*PACKAGES) if PurePosixPath(name).name not in NO_TEST])
def test_a_source_file_has_a_test(name: str) -> None:
    if mirror(name) in committed():
        assert name not in listed(), f"it has a test: take it off {LIST}"
    else:
        assert name in listed(), f"write {mirror(name)}"


def test_the_list_names_files() -> None:
    assert listed() <= set(committed())
    assert sorted(listed()) == (ROOT / LIST).read_text().splitlines()


@pytest.mark.parametrize(
    "folder", sorted({str(PurePosixPath(name).parent) for name in python("tests") if not name.startswith(WHOLE)} - {"tests"})
)
def test_a_test_folder_mirrors_a_folder(folder: str) -> None:
    assert (ROOT / folder.removeprefix("tests/")).is_dir()
