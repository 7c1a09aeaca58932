"""House style that a program can check; ruff checks the rest."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.tidy.tree import PACKAGES, python, text, tree

SOURCES = python(*PACKAGES, "dashboards")
LATE = ("gateway/commands/", "gateway/cli.py", "gateway/metering/ledger_postgres.py", "gateway/upstream/via_litellm.py")
"""Where imports may wait until they are needed: commands that must start at once, and LiteLLM (seconds to import)."""
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "misc", "common", "manager", "stuff"}


@pytest.mark.parametrize("name", SOURCES)
def test_a_broad_except_says_why_or_raises_on(name: str) -> None:
    lines = text(name).splitlines()
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.ExceptHandler) and is_broad(node):
            raises_on = any(isinstance(each, ast.Raise) and each.exc is None for each in node.body)
            reason = "#" in lines[node.lineno - 1] or lines[node.lineno - 2].strip().startswith("#")
            assert raises_on or reason, f"{name}:{node.lineno} catches everything and does not say why"


def is_broad(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or ast.unparse(handler.type) in ("Exception", "BaseException")


@pytest.mark.parametrize("name", [name for name in SOURCES if not name.startswith(LATE)])
def test_imports_stand_at_the_top(name: str) -> None:
    late = [
        node.lineno
        for function in ast.walk(tree(name))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert not late


@pytest.mark.parametrize("name", [name for name in SOURCES if text(name).strip()])
def test_a_file_says_what_it_is_for(name: str) -> None:
    assert ast.get_docstring(tree(name))


@pytest.mark.parametrize("name", python())
def test_a_file_is_a_noun(name: str) -> None:
    assert not EMPTY_NAMES & set(re.split(r"[/_.]", name))


@pytest.mark.parametrize("name", python())
def test_nothing_is_left_for_later(name: str) -> None:
    marks = "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3, "HA" + "CK"))
    assert not re.search(rf"#.*\b({marks})\b", text(name))


@pytest.mark.parametrize("name", python(*PACKAGES))
def test_nobody_prints_but_commands(name: str) -> None:
    if not name.startswith(("gateway/commands/", "gateway/cli.py", "gateway/metering/build_", "gateway/config/reference.py")):
        assert not list(calls_of("print", name))


@pytest.mark.parametrize("name", python(*PACKAGES))
def test_state_is_not_kept_in_modules(name: str) -> None:
    assert not [node.lineno for node in ast.walk(tree(name)) if isinstance(node, ast.Global)]


def calls_of(function: str, name: str) -> Iterator[int]:
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == function:
            yield node.lineno
