"""What an assistant said before, about code and about anything else: the past of a composed request, by language.

    == code en
    one answer a line
"""

from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from training.templates import plain

FILE = Path(__file__).parent / "answers.txt"


def answers(language: str, code: bool) -> tuple[str, ...]:
    """The answers of one kind; English ones where a language has none of its own."""
    return _all().get((language, code)) or _all()["en", code]


@cache
def _all() -> Mapping[tuple[str, bool], tuple[str, ...]]:
    found: dict[tuple[str, bool], list[str]] = defaultdict(list)
    head = ("en", True)
    for line in FILE.read_text("utf-8").splitlines():
        if line.startswith("== "):
            _, label, language = line.split()
            head = (language, label == "code")
        else:
            found[head].append(plain(line))
    return {each: tuple(lines) for each, lines in found.items()}
