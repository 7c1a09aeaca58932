"""What lies in the git directory of a public repository, read by git itself; nothing is checked out."""

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path


def git(folder: Path, *arguments: str, given: str = "") -> str:
    """What a git command prints, as text with plain line ends."""
    return _run(folder, arguments, given).decode("utf-8", "replace").replace("\r", "")


def names(folder: Path, under: str = "") -> list[str]:
    """Paths of the files, in git's order."""
    return git(folder, "ls-tree", "-r", "-z", "--name-only", "HEAD", *([under] if under else [])).split("\0")[:-1]


def texts(folder: Path, paths: Sequence[str]) -> Iterator[str]:
    """Contents of files in the order asked for; one process reads them all."""
    found = _run(folder, ("cat-file", "--batch"), "".join(f"HEAD:{path}\n" for path in paths))
    at = 0
    for _ in paths:
        end = found.index(b"\n", at)
        size = int(found[at:end].rsplit(b" ", 1)[1])
        yield found[end + 1 : end + 1 + size].decode("utf-8", "replace").replace("\r", "")
        at = end + 1 + size + 1


def _run(folder: Path, arguments: Sequence[str], given: str) -> bytes:
    command = ["git", f"--git-dir={folder}", *arguments]
    return subprocess.run(command, input=given.encode(), capture_output=True, check=True).stdout  # noqa: S603
