"""Shell tasks in eighteen languages from a checkout of the tldr pages (text: CC-BY 4.0, https://github.com/tldr-pages/tldr).

A page has examples, each with a sentence that says what its command does: that sentence is what somebody asks for. Its
head says what the program is, which is prose about software.
"""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from training.checkout import names, texts
from training.scenes import DIALECTS, request, scene
from training.templates import Book, books

FOLDERS = {
    "en": "pages", "de": "pages.de", "fr": "pages.fr", "es": "pages.es", "pt": "pages.pt_BR", "ru": "pages.ru",
    "zh": "pages.zh", "ja": "pages.ja", "ko": "pages.ko", "it": "pages.it", "nl": "pages.nl", "pl": "pages.pl",
    "tr": "pages.tr", "ar": "pages.ar", "hi": "pages.hi", "id": "pages.id", "uk": "pages.uk", "sv": "pages.sv",
}  # fmt: skip
ASK = {
    "en": ("{}", "How do I {}?", "{}, from the command line", "command: {}", "what do I type to {}"),
    "de": ("{}", "Befehl: {}", "Wie geht das im Terminal: {}?"),
    "fr": ("{}", "Commande : {}", "Dans le terminal : {}"),
    "es": ("{}", "Comando: {}", "En la terminal: {}"),
    "pt": ("{}", "Comando: {}", "No terminal: {}"),
    "ru": ("{}", "Команда: {}", "В терминале: {}"),
    "zh": ("{}", "命令：{}", "怎么在终端里{}？"),
    "ja": ("{}", "コマンド：{}", "ターミナルで{}"),
    "ko": ("{}", "명령어: {}", "터미널에서 {}"),
    "it": ("{}", "Comando: {}", "Da terminale: {}"),
    "nl": ("{}", "Opdracht: {}", "In de terminal: {}"),
    "pl": ("{}", "Polecenie: {}", "W terminalu: {}"),
    "tr": ("{}", "Komut: {}", "Terminalde: {}"),
    "ar": ("{}", "أمر: {}", "في الطرفية: {}"),
    "hi": ("{}", "कमांड: {}", "टर्मिनल में: {}"),
    "id": ("{}", "Perintah: {}", "Di terminal: {}"),
    "uk": ("{}", "Команда: {}", "У терміналі: {}"),
    "sv": ("{}", "Kommando: {}", "I terminalen: {}"),
}
TASKS, HEADS = 150, 90
"""Requests of one language."""
PAGES_MAX = 700


def requests_of(git: Path, seed: int) -> Iterator[dict[str, Any]]:
    """Lines in the form of the development set, made of a git directory of the tldr pages."""
    dice = random.Random(f"{seed}:tldr")  # noqa: S311
    for book in (each for each in books() if each.language in FOLDERS):
        pages = _pages(git, FOLDERS[book.language], dice)
        tasks = [line[2:].rstrip(":") for page in pages for line in page.splitlines() if line.startswith("- ")]
        heads = [_head(page) for page in pages]
        texts = tuple(" ".join(dice.sample(heads, min(3, len(heads)))) for _ in range(HEADS))
        about = Book(language=book.language, families=book.families, slots={**book.slots, "prose_sw": texts})
        using = [(family, template) for family in book.families if family.label == "general"
                 for template in family.templates if "{prose_sw}" in template]  # fmt: skip
        for task in dice.sample(tasks := list(dict.fromkeys(tasks)), min(TASKS, len(tasks))):
            wrapped = dice.choice(ASK[book.language])
            turn = wrapped.format(task[:1].lower() + task[1:] if wrapped.startswith(("How", "what")) else task)
            yield _line(book.language, turn, "code", dice, tasks, heads)
        for _ in range(HEADS):
            yield _line(book.language, about.fill(dice.choice(using)[1], dice), "general", dice, tasks, heads)


def _line(language: str, turn: str, label: str, dice: random.Random, tasks: list[str], heads: list[str]) -> dict[str, Any]:
    dialect = dice.choice(DIALECTS)
    setting = scene(label == "code", dice, dice.choice(tasks), dice.choice(heads))
    return {
        "id": f"tldr-{language}-{label}",
        "source": f"tldr-pages/{language}",
        "license": "CC-BY-4.0",
        "slice": "tldr",
        "lang": language,
        "api": dialect,
        "request": request(turn, setting, dialect),
        "label": label,
    }


def _head(page: str) -> str:
    said = (line[2:] for line in page.splitlines() if line.startswith("> ") and "<http" not in line)
    return " ".join(said)


def _pages(folder: Path, under: str, dice: random.Random) -> list[str]:
    """Pages of one language, by chance."""
    shown = names(folder, f"{under}/")
    return list(texts(folder, dice.sample(shown, min(PAGES_MAX, len(shown)))))
