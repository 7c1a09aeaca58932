"""Corrected decisions, as `pointsman feedback` writes them.

A line with a request is a case like any other. One with numbers alone says what was observed and what was right: its words
were scored by weights that had not seen it, which is just what the upper model has to learn from.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from gateway.evaluation.routing_cases import Case, NotACase, cases, lines_of


class Corrected(Struct, frozen=True):
    """What was observed of a request, and where it should have gone."""

    code: bool
    observed: Mapping[str, float]


def quoted(path: Path) -> Iterator[Case]:
    """The cases of a file whose words may be learned from."""
    yield from cases((line for line in lines_of(path) if "request" in line), ours=False)


def corrections(path: Path) -> Iterator[Corrected]:
    """Those that are numbers alone. Raises `NotACase`."""
    for number, line in enumerate(lines_of(path), 1):
        if "request" in line:
            continue
        try:
            observed = {str(name): float(value) for name, value in line["observed"].items()}
            yield Corrected(code=line["label"] == "code", observed=observed)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise NotACase(f"line {number}: {type(error).__name__}: {error}") from None
