"""Agents with one trade: a database, a shell, an interpreter. What people ask them for sounds like nothing in particular.

The same agents are asked for letters and verses, too, so that the equipment alone decides nothing.
"""

import random
import re
from collections.abc import Iterator
from typing import Any

from training.answers import answers
from training.scenes import DIALECTS, Scene, request
from training.templates import Book, books

TOOLS = {
    "data": (
        ("run_sql",), ("execute_sql", "list_tables", "describe_table"), ("query_database",), ("bigquery",),
        ("sql_db_query", "sql_db_schema"), ("run_query", "show_tables"), ("postgres_query",), ("read_query", "list_tables"),
        ("snowflake_execute",), ("warehouse_run", "inspect_schema"),
    ),
    "shell": (("bash",), ("shell",), ("terminal",), ("exec",), ("run_command",), ("ssh_exec",), ("run_shell", "web_search")),
    "analysis": (
        ("python",), ("code_interpreter",), ("execute_python",), ("jupyter_run", "list_uploads"), ("run_code",),
        ("python_repl", "web_search"),
    ),
}  # fmt: skip
SYSTEMS = {
    "data": (
        "", "You are a data agent. Look at the tables first.", "You answer our managers from the warehouse.",
        "You help analysts of an online shop with SQL.", "Answer briefly and with figures.", "Assistant of the sales team.",
    ),
    "shell": (
        "", "You are root on a small server. Be careful.", "You operate machines for people who do not want to.",
        "You have a terminal in a Linux container.", "Solve the task with the tools you have, then say so.",
    ),
    "analysis": (
        "", "You are a data scientist's assistant with a Python sandbox.", "Files of the user are under /uploads.",
        "You help scientists with their measurements. Use the interpreter.", "Work it out, do not guess.",
    ),
}  # fmt: skip
PER_TEMPLATE = 6
FOLLOW_SHARE = 0.3
WRITING = re.compile(r"(?i)\b(?:write|draft|translate|poem|letter|e-mail|toast|story|slogan|rewrite|summari[sz]e|speech)")


def requests_of(seed: int) -> Iterator[dict[str, Any]]:
    """Lines in the form of the development set."""
    dice = random.Random(f"{seed}:agents")  # noqa: S311
    (book,) = (each for each in books() if each.language == "en")
    written = [template for family in book.families if family.label == "general" and family.kind == "turn"
               for template in family.templates if WRITING.search(template)]  # fmt: skip
    for family in book.families:
        if family.kind != "agent":
            continue
        for template in family.templates:
            for _ in range(PER_TEMPLATE):
                yield _line(family.name, book.fill(template, dice), "code", _scene(family.label, book, dice), dice)
                if dice.random() < 0.5:
                    turn = book.fill(dice.choice(written), dice)
                    yield _line(f"{family.name}-prose", turn, "general", _scene(family.label, book, dice), dice)


def _scene(trade: str, book: Book, dice: random.Random) -> Scene:
    past: tuple[tuple[str, str], ...] = ()
    if dice.random() < FOLLOW_SHARE:
        said = (*answers("en", True), *answers("en", False), "There are 4,210 of them.", "Done.", "It is 88.1, in May.")
        past = (("user", book.fill("{dbq}?", dice)), ("assistant", dice.choice(said)))
    return Scene(system=dice.choice(SYSTEMS[trade]), tools=dice.choice(TOOLS[trade]), past=past)


def _line(name: str, turn: str, label: str, setting: Scene, dice: random.Random) -> dict[str, Any]:
    dialect = dice.choice(DIALECTS)
    return {
        "id": f"agents-{name}",
        "source": f"agents/{name}",
        "license": "Apache-2.0",
        "slice": f"agents/{name}",
        "lang": "en",
        "api": dialect,
        "request": request(turn, setting, dialect),
        "label": label,
    }
