"""What is wrong with a config: a path, a message, and how bad it is; and the error that carries all of it at once."""

import difflib
from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

Severity = Literal["error", "warning"]

_PATH_MAX = 200
_LINE_MAX = 600
"""Characters shown; names in a wrong file can be as long as the file."""


class Problem(Struct, frozen=True):
    """One finding. `path` is dotted (`rules.0.then.route`), a place (`line 3, column 5`), or empty for the file."""

    path: str
    message: str
    severity: Severity = "error"

    def __str__(self) -> str:
        """One short line, whatever the file held: a config must not be able to write to the terminal."""
        line = f"{self.path[:_PATH_MAX]}: {self.message}" if self.path else self.message
        visible = (character if character.isprintable() else repr(character)[1:-1] for character in line[:_LINE_MAX])
        return "".join(visible)


class ConfigError(Exception):
    """The config cannot be used; `problems` says why, all of it at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        assert self.problems, "an error without a problem helps nobody"
        super().__init__("\n".join(map(str, self.problems)))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'code'?` for the known word closest to this one, or nothing when none is close."""
    close = difflib.get_close_matches(word[:100], list(known), n=1)
    return f"; did you mean '{close[0]}'?" if close else ""
