"""Requests of our own writing: templates in 34 languages, read from text files and filled by a seeded die.

A language has a file, and more beside it where one would be too long (`en-plain.txt`). A file holds slots
(`@name one|two|three`) and families (`== label name`, then a template a line). A slot may hold slots; what a language has no
word list for is taken from the English file (names of languages, libraries, snippets of code).
"""

import random
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from msgspec import Struct

FOLDER = Path(__file__).parent / "templates"
LANGUAGES = (
    "en", "de", "fr", "es", "pt", "ru", "zh", "ja", "ko", "it", "nl", "pl", "tr", "ar", "hi", "id", "vi", "uk", "sv",
    "cs", "hu", "ro", "el", "he", "th", "da", "fi", "no", "fa", "hr", "sk", "bg", "ca", "bn",
)  # fmt: skip
DEPTH_MAX = 5
"""Slots inside slots inside slots: more is a circle."""

_SLOT = re.compile(r"\{([a-z]\w*)\}")


class Family(Struct, frozen=True):
    """Templates of one kind, all with one label.

    A `turn` stands by itself; a `follow` means nothing without what came before; a `persona` is a system prompt that makes
    something of the briefest opening. An `agent` is asked for its trade, which is its label.
    """

    name: str
    label: str
    language: str
    templates: tuple[str, ...]
    kind: Literal["turn", "follow", "persona", "agent"] = "turn"


class Book(Struct, frozen=True):
    """One language's families and word lists."""

    language: str
    families: tuple[Family, ...]
    slots: Mapping[str, tuple[str, ...]]

    def fill(self, template: str, dice: random.Random, depth: int = DEPTH_MAX) -> str:
        """A template with every slot filled, each occurrence by itself."""
        assert depth > 0, f"slots go round in a circle: {template}"

        def chosen(found: re.Match[str]) -> str:
            words = self.slots.get(found[1])
            return found[0] if words is None else self.fill(dice.choice(words), dice, depth - 1)

        return _SLOT.sub(chosen, template)


def books() -> tuple[Book, ...]:
    """All languages; English words stand in where a language has no list of its own."""
    slots = {language: dict(_slots(_lines(language))) for language in LANGUAGES}
    return tuple(
        Book(language=language, families=tuple(_families(language)), slots={**slots["en"], **slots[language]})
        for language in LANGUAGES
    )


def _lines(language: str) -> list[str]:
    files = (FOLDER / f"{language}.txt", *sorted(FOLDER.glob(f"{language}-*.txt")))
    return [plain(line) for file in files for line in file.read_text("utf-8").splitlines() if line.strip()]


def plain(line: str) -> str:
    """A line with its escapes resolved: a newline, a tab, a backslash."""
    return re.sub(r"\\([nt\\])", lambda found: {"n": "\n", "t": "\t", "\\": "\\"}[found[1]], line)


def _slots(lines: list[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for line in lines:
        if line.startswith("@"):
            name, words = line[1:].split(" ", 1)
            yield name, tuple(word.replace("\\|", "|") for word in re.split(r"(?<!\\)\|", words))


def _families(language: str) -> Iterator[Family]:
    head: tuple[str, str] = ("", "")
    templates: list[str] = []
    for line in [*_lines(language), "== end end"]:
        if line.startswith("== "):
            if templates:
                yield _family(*head, language, tuple(templates))
            _, first, second = line.split()
            head, templates = (first, second), []
        elif not line.startswith("@"):
            templates.append(line)


def _family(first: str, second: str, language: str, templates: tuple[str, ...]) -> Family:
    """`== code name` or, for the other kinds, `== follow code`."""
    if first == "follow":
        return Family(f"follow_{second}-{language}", second, language, templates, kind="follow")
    if first == "agent":
        return Family(f"agent_{second}-{language}", second, language, templates, kind="agent")
    if first == "persona":
        return Family(f"persona_{second}-{language}", second, language, templates, kind="persona")
    return Family(f"{second}-{language}", first, language, templates)
