"""Sizes. The caps are a little above what the tree holds: they may come down, never go up. Line lengths are ruff's."""

import ast

import pytest

from tests.tidy.tree import python, text, tree

FILE_LINES_MAX = 420
TEST_FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 60
"""One screen."""


def functions(name: str) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree(name)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


@pytest.mark.parametrize("name", python())
def test_files_and_functions_fit(name: str) -> None:
    lines = text(name).splitlines()
    assert len(lines) <= (TEST_FILE_LINES_MAX if name.startswith("tests/") else FILE_LINES_MAX)
    too_long = [f"{node.name}:{node.lineno}" for node in functions(name) if length(node) > FUNCTION_LINES_MAX]
    assert not too_long, "longer than a screen"


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1
