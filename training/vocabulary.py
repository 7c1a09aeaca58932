"""Grams to columns: which are known, and how a text becomes a row."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import sqrt

import numpy as np

from routing.grams import Gram, Grams, grams
from routing.split import reading
from routing.text import SMOOTHING
from routing.weights import as_text
from training.dropout import Rows

SOURCES_MIN = 2
"""A gram that one source alone has says what that source is, not what is wanted."""

Cell = tuple[str, Gram]
"""A gram and its kind."""


class Vocabulary:
    """The grams of some texts that were seen in more than one source."""

    def __init__(self, texts: Sequence[str], sources: Sequence[str]) -> None:
        where: dict[Cell, str] = {}
        known: Counter[Cell] = Counter()
        for text, source in zip(texts, sources, strict=True):
            for gram in _flat(grams(reading(text))):
                if gram in known or where.setdefault(gram, source) != source:
                    known[gram] += 1
        order = sorted(filter(_writable, known), key=lambda each: (each[0], as_text(each[1])))
        self.columns: Mapping[Cell, int] = {gram: column for column, gram in enumerate(order)}
        self.counts = np.array([known[gram] for gram in order])
        """How many texts have the gram of each column, from its second source on."""

    def matrix(self, texts: Iterable[str]) -> Rows:
        """A row a text, each kind of gram scaled by how many there are, as `routing.text` does."""
        rows = []
        for text in texts:
            row = []
            for name, seen in grams(reading(text)).items() if text else ():
                value = 1 / sqrt(len(seen) + SMOOTHING)
                row += [(self.columns[name, gram], value) for gram in seen if (name, gram) in self.columns]
            rows.append(sorted(row))
        return Rows(rows, len(self.columns))


def _flat(found: Grams) -> Iterable[Cell]:
    return ((name, gram) for name, seen in found.items() for gram in seen)


def _writable(cell: Cell) -> bool:
    """Whether it can stand on a line of text: a word may have been cut inside a letter."""
    try:
        return "\n" not in as_text(cell[1])
    except UnicodeDecodeError:
        return False
