"""Whole pages that describe a program to be written, from a checkout of florinpop17/app-ideas (MIT).

An exercise tells its story at length and hardly says that a program is wanted; a page of the same shape that says what a
thing is, from a checkout of github/explore (CC-BY 4.0), is prose about software. Names of its topics fill the templates.
"""

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from training.checkout import names, texts
from training.scenes import DIALECTS, request, scene
from training.templates import Book, books

PAGE_CHARS = 1600
EACH_PAGE = 3
BEFORE = ("", "", "", "Build this.\n\n", "Here is the assignment:\n\n", "# Instructions\n\n", "Kata\n\n", "Please solve:\n")
AFTER = ("", "", "\n\nWrite it in {lang}.", "\n\nUse {lang}.", "\n\n{lang}, please", "\n\nImplement it.", "\n\nCode only.")
ABOUT = (
    "Translate into {natlang}:\n\n{page}", "{page}\n\nMake this shorter.", "{page}\n\nWho is the audience of this page?",
    "Rewrite for a general audience:\n\n{page}", "Turn this into a post for our company's page.\n\n{page}",
    "{page}\n\nIs the tone right?", "```\n{page}\n```\nrephrase", "Summarise in two sentences\n{page}",
    "{page}\n\nTL;DR", "Proofread:\n{page}", "What would a buyer ask after reading this?\n\n{page}",
)  # fmt: skip
SOFTWARE = re.compile(
    r"\b(?:library|framework|language|database|compiler|protocol|engine|server|runtime|package|editor|toolkit|SDK|API"
    r"|command.line|operating system|platform|open.source)\b"
)
NAMED = 600
"""Requests that name a topic, of either label."""


def requests_of(ideas: Path, topics: Path, seed: int) -> Iterator[dict[str, Any]]:
    """Lines in the form of the development set, made of both git directories."""
    dice = random.Random(f"{seed}:ideas")  # noqa: S311
    (book,) = (each for each in books() if each.language == "en")
    for page in _pages(ideas):
        for _ in range(EACH_PAGE):
            turn = dice.choice(BEFORE) + page + book.fill(dice.choice(AFTER), dice)
            yield _line(turn, "code", "app-ideas", "MIT", book, dice)
    found = dict(_topics(topics))
    software = tuple(sorted(name for name, (short, _) in found.items() if SOFTWARE.search(short)))
    for name in software[::2]:
        page = "\n".join(found[name])
        turn = book.fill(dice.choice(ABOUT).replace("{page}", page.replace("{", "(")), dice)
        yield _line(turn, "general", "explore", "CC-BY-4.0", book, dice)
    yield from _named(Book(language="en", families=book.families, slots={**book.slots, "soft": software}), dice)


def _named(book: Book, dice: random.Random) -> Iterator[dict[str, Any]]:
    for label in ("code", "general"):
        using = [template for family in book.families if family.label == label and family.kind == "turn"
                 for template in family.templates if "{soft}" in template]  # fmt: skip
        for _ in range(NAMED):
            yield _line(book.fill(dice.choice(using), dice), label, "explore", "CC-BY-4.0", book, dice)


def _line(turn: str, label: str, source: str, license_: str, book: Book, dice: random.Random) -> dict[str, Any]:
    dialect = dice.choice(DIALECTS)
    other_turn = dice.choice(book.slots["prose_gen"])
    return {
        "id": f"ideas-{source}",
        "source": f"ideas/{source}",
        "license": license_,
        "slice": f"ideas/{source}",
        "lang": "en",
        "api": dialect,
        "request": request(turn, scene(label == "code", dice, dice.choice(book.slots["subject"]), other_turn), dialect),
        "label": label,
    }


def _pages(ideas: Path) -> Iterator[str]:
    """What each page says before its links, without its marks for tiers."""
    for page in texts(ideas, names(ideas, "Projects/")):
        text = page.split("## Useful")[0].split("## Example")[0]
        text = re.sub(r"\*\*Tier:\*\*.*\n|\[ \] ", "", text)
        yield re.sub(r"\n{3,}", "\n\n", text)[:PAGE_CHARS].strip()


def _topics(topics: Path) -> Iterator[tuple[str, tuple[str, str]]]:
    """Name, short and long description of every topic."""
    for page in texts(topics, [name for name in names(topics, "topics/") if name.endswith("index.md")]):
        _, head, text = f"{page}---\n---\n".split("---\n", 2)
        told = dict(line.split(": ", 1) for line in head.splitlines() if ": " in line)
        if "display_name" in told:
            yield told["display_name"], (told.get("short_description", ""), text.replace("---\n", "").strip()[:PAGE_CHARS])
