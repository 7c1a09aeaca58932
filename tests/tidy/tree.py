"""The repository as the tidy tests see it: what is committed, so that work in progress disturbs nobody."""

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("gateway", "routing", "cache")
_NOT_OURS = {".git", ".venv", ".pointsman", "build", "dist", "__pycache__"}


@cache
def committed() -> tuple[str, ...]:
    """Every committed file; outside a clone, every file that is not a product of running."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    names = listed.stdout.splitlines() if listed.returncode == 0 else _walked()
    return tuple(name for name in sorted(names) if (ROOT / name).is_file())


def _walked() -> list[str]:
    found = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
    return [str(path) for path in found if not _NOT_OURS.intersection(path.parts) and not path.parts[0].endswith("_cache")]


def python(*folders: str) -> list[str]:
    """Committed Python files, all or those under some folders."""
    return [name for name in committed() if name.endswith(".py") and (not folders or name.split("/")[0] in folders)]


@cache
def text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


@cache
def tree(name: str) -> ast.Module:
    return ast.parse(text(name))
