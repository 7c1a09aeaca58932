"""Material from checkouts of public repositories: what people write when they change code, and what they write about it.

A repository gives commit subjects, diffs, stretches of source, paragraphs of documentation and changelogs. They fill the
slots of the same templates as the words of our own; each repository is a source of its own.
"""

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from training.checkout import git, names, texts
from training.scenes import DIALECTS, request, scene
from training.templates import Book, books

SLOTS = ("subject", "diff", "code", "prose_sw", "changelog")
COMMITS = 1500
PER_SLOT = {"subject": 220, "diff": 50, "code": 110, "prose_sw": 200, "changelog": 40}
"""Requests made of one repository, by the material they carry."""
ELSEWHERE = 20
"""A language that is not English gets a twentieth: the material is the same, and there are eighteen of them."""
FILES_MAX = 120
SOURCE = re.compile(r"\.(?:py|js|ts|tsx|go|rs|java|php|rb|c|cc|cpp|h|cs|kt|swift|scala|vue|sh|sql|html|css|ya?ml)$")
PAGE = re.compile(r"\.(?:mdx?|rst)$")
PARAGRAPH = re.compile(r"^[A-Z][^\n|<>{}]{90,900}[.!?]$")
BULLETS = re.compile(r"(?:^[-*] .+\n){2,8}", re.MULTILINE)
WRITTEN_BY_MACHINES = re.compile(r"^(?:bump|merge|release|v?\d|build\(deps|chore\(deps)", re.IGNORECASE)


def requests_of(folder: Path, seed: int) -> Iterator[dict[str, Any]]:
    """Lines in the form of the development set, made of the git directory of one repository."""
    name = folder.parent.name if folder.name in (".git", "repo") else folder.name
    dice = random.Random(f"{seed}:{name}")  # noqa: S311
    material = {slot: found for slot, found in _material(folder, dice).items() if found}
    for book in books():
        filled = Book(language=book.language, families=book.families, slots={**book.slots, **material})
        for slot in material:
            yield from _filled(filled, slot, name, dice)


def _filled(book: Book, slot: str, name: str, dice: random.Random) -> Iterator[dict[str, Any]]:
    using = [(family, template) for family in book.families for template in family.templates if f"{{{slot}}}" in template]
    wanted = PER_SLOT[slot] if book.language == "en" else PER_SLOT[slot] // ELSEWHERE
    for _ in range(wanted if using else 0):
        family, template = dice.choice(using)
        code = family.label == "code"
        code_turn, other_turn = dice.choice(book.slots["subject"]), dice.choice(book.slots["prose_gen"])
        dialect = dice.choice(DIALECTS)
        yield {
            "id": f"repository-{name}-{family.name}",
            "source": f"repository/{name}",
            "license": "see the repository",
            "slice": f"repository/{name}",
            "lang": book.language,
            "api": dialect,
            "request": request(book.fill(template, dice), scene(code, dice, code_turn, other_turn), dialect),
            "label": family.label,
        }


def _material(folder: Path, dice: random.Random) -> dict[str, tuple[str, ...]]:
    subjects = [line for line in git(folder, "log", "--no-merges", f"-n{COMMITS}", "--format=%s").splitlines()
                if len(line) > 12 and not WRITTEN_BY_MACHINES.match(line)]  # fmt: skip
    files = names(folder)
    sources = dice.sample(found := [name for name in files if SOURCE.search(name)], min(FILES_MAX, len(found)))
    pages = dice.sample(found := [name for name in files if PAGE.search(name)], min(FILES_MAX, len(found)))
    read = list(texts(folder, pages))
    return {
        "subject": tuple(re.sub(r" \(#\d+\)$", "", line) for line in subjects),
        "diff": tuple(_diffs(folder, dice)),
        "code": tuple(_stretch(text, dice) for text in texts(folder, sources)),
        "prose_sw": tuple(line for text in read for line in text.splitlines() if PARAGRAPH.match(line)),
        "changelog": tuple(found[0].strip() for text in read for found in BULLETS.finditer(text)),
    }


def _stretch(text: str, dice: random.Random) -> str:
    """Some lines from somewhere in a file, as people paste them."""
    lines = text.splitlines() or [""]
    start = dice.randrange(max(1, len(lines) - 5))
    return "\n".join(lines[start : start + dice.randint(4, 35)])


def _diffs(folder: Path, dice: random.Random) -> Iterator[str]:
    shown = git(folder, "log", "--no-merges", "-n60", "--format=%x00", "-p", "--no-color")
    for each in shown.split("\0")[1:]:
        if (diff := each.strip()).startswith("diff --git"):
            yield "\n".join(diff.splitlines()[: dice.randint(8, 60)])

