"""The requests composed for training: every family of every language, put into scenes.

Each family is a source of its own, so that no template is trained on and scored at once.
"""

import random
from collections.abc import Iterator
from typing import Any

from training.scenes import DIALECTS, Scene, request, scene
from training.templates import Book, Family, books

PER_TEMPLATE = {"en": 7}
PER_TEMPLATE_ELSEWHERE = 10
FOLLOWS_EACH = 8
"""How often a turn that means nothing by itself is put behind each kind of past."""


def synthetic(seed: int) -> Iterator[dict[str, Any]]:
    """Lines in the form of the development set."""
    dice = random.Random(seed)  # noqa: S311
    for book in books():
        turns = {label: [family for family in book.families if family.kind == "turn" and family.label == label]
                 for label in ("code", "general")}  # fmt: skip
        for family in book.families:
            if family.kind == "follow":
                yield from _follows(book, family, turns, dice)
            elif family.kind == "persona":
                yield from _opened(book, family, dice)
            elif family.kind == "turn":
                yield from _asked(book, family, turns, dice)


def _asked(book: Book, family: Family, turns: dict[str, list[Family]], dice: random.Random) -> Iterator[dict[str, Any]]:
    each = PER_TEMPLATE.get(book.language, PER_TEMPLATE_ELSEWHERE)
    for template in family.templates:
        for text in dict.fromkeys(book.fill(template, dice) for _ in range(each)):
            code = family.label == "code"
            setting = scene(
                code, dice, _turn(book, turns["code"], dice), _turn(book, turns["general"], dice), language=book.language
            )
            yield _line(family, text, code, setting, dice)


def _follows(book: Book, family: Family, turns: dict[str, list[Family]], dice: random.Random) -> Iterator[dict[str, Any]]:
    """A follow-up takes the label of its past; one that fits a single kind of past is put behind no other."""
    for template in family.templates:
        for past_code in (True, False):
            if family.label != "both" and (family.label == "code") != past_code:
                continue
            for _ in range(FOLLOWS_EACH):
                before = (_turn(book, turns["code"], dice), _turn(book, turns["general"], dice))
                setting = scene(past_code, dice, *before, past_code, book.language)
                yield _line(family, book.fill(template, dice), past_code, setting, dice)


def _opened(book: Book, family: Family, dice: random.Random) -> Iterator[dict[str, Any]]:
    """Instructions that say everything, and a turn that only says "begin"."""
    for template in family.templates:
        for opener in book.slots["opener"]:
            setting = Scene(system=book.fill(template, dice))
            yield _line(family, opener, family.label == "code", setting, dice)


def _turn(book: Book, families: list[Family], dice: random.Random) -> str:
    return book.fill(dice.choice(dice.choice(families).templates), dice)


def _line(family: Family, text: str, code: bool, setting: Scene, dice: random.Random) -> dict[str, Any]:
    dialect = dice.choice(DIALECTS)
    if dice.random() < 0.15:
        text = text[:1].lower() + text[1:]
    return {
        "id": f"own-{family.name}",
        "source": f"own/{family.name}",
        "license": "Apache-2.0",
        "slice": f"own/{family.name}",
        "lang": family.language,
        "api": dialect,
        "request": request(text, setting, dialect),
        "label": "code" if code else "general",
    }
