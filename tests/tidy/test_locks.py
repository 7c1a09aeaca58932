"""The locks: every dependency pinned and hashed, from no address in particular, and all three agree."""

import re
import tomllib

import pytest

from tests.tidy.tree import text

LOCKS = ("requirements.lock", "requirements-build.lock", "requirements-test.lock")
ENTRY = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)(?:\s*;[^\\\n]*)?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n*")


def pins(name: str) -> dict[str, tuple[str, str]]:
    """Package to version and hashes, in the lock's own words."""
    return {canonical(entry[1]): (entry[2], entry[3]) for entry in ENTRY.finditer(text(name))}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def wanted(requirements: list[str]) -> dict[str, str]:
    """Package to exact version, empty where the project leaves it open."""
    found = (re.match(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?(?:==([^;\s]+))?", each) for each in requirements)
    return {canonical(each[1]): each[2] or "" for each in found if each is not None}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_is_entries_with_hashes_and_nothing_else(lock: str) -> None:
    assert pins(lock)
    rest = ENTRY.sub("", text(lock))
    assert not [line for line in rest.splitlines() if line.strip() and not line.startswith("#")]
    assert "://" not in text(lock)


def test_every_dependency_is_locked() -> None:
    project = tomllib.loads(text("pyproject.toml"))["project"]
    for lock, requirements in (
        ("requirements.lock", project["dependencies"]),
        ("requirements-test.lock", project["optional-dependencies"]["test"]),
        ("requirements-build.lock", tomllib.loads(text("pyproject.toml"))["build-system"]["requires"]),
    ):
        locked = pins(lock)
        for package, version in wanted(requirements).items():
            assert package in locked, f"{lock} lacks {package}"
            assert version in ("", locked[package][0])


@pytest.mark.parametrize("lock", LOCKS[:2])
def test_locks_agree(lock: str) -> None:
    tests = pins("requirements-test.lock")
    for package, pin in pins(lock).items():
        assert tests.get(package, pin) == pin


def test_nothing_but_tests_is_built_from_what_is_not_tested() -> None:
    assert pins("requirements-build.lock").keys() <= pins("requirements-test.lock").keys()
