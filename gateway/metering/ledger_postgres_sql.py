"""The ledger's statements as PostgreSQL wants them.

They are written for SQLite and in what both have in common; four differences are left. `user` and `offset` are words of
PostgreSQL's own (the first would quietly give the role's name), parameters are numbered, a cast to a whole number rounds
where SQLite cuts off, and the elements of a JSON array have a function of their own. Rows are handed over as one JSON array:
a statement per row would be a journey per row.
"""

import functools
import re

from msgspec import Struct

STATEMENTS_MAX = 512
"""Translations kept: there are some hundred, a few of them for each set of token kinds or number of names."""
_RESERVED = re.compile(r"\b(user|offset)\b")
_WHOLE = re.compile(r"CAST\(([^()]+) AS INTEGER\)")
_INSERT = re.compile(r"INSERT INTO (\w+) \(([^()]+)\) VALUES \([?, ]+\)(.*)", re.DOTALL)


class Many(Struct, frozen=True):
    """An insert of many rows: its text, and the columns by which the elements of its one parameter name their values."""

    text: str
    columns: tuple[str, ...]


@functools.lru_cache(STATEMENTS_MAX)
def translated(statement: str) -> str:
    """A statement as PostgreSQL wants it. Its values are parameters: no text between quotes has a word that is changed."""
    text = _RESERVED.sub(r'"\1"', statement)
    text = _WHOLE.sub(r"CAST(floor(\1) AS BIGINT)", text).replace("json_each(", "json_array_elements_text(")
    first, *rest = text.split("?")
    return first + "".join(f"${number}{part}" for number, part in enumerate(rest, 1))


@functools.lru_cache(STATEMENTS_MAX)
def many(statement: str) -> Many:
    """`INSERT INTO table (columns) VALUES (?, …)` with what follows, for any number of rows at once.

    Columns that are not named get their defaults, as they do where each row is inserted by itself.
    """
    found = _INSERT.fullmatch(statement)
    assert found is not None, statement
    table, names, rest = found.groups()
    source = f"json_populate_recordset(CAST(NULL AS {table}), CAST(? AS json))"
    text = translated(f"INSERT INTO {table} ({names}) SELECT {names} FROM {source} AS given WHERE true{rest}")
    return Many(text=text, columns=tuple(names.split(", ")))
