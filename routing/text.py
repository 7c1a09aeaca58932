"""The learned score of a text: log-odds that whoever wrote it wants code, from its words alone."""

from collections.abc import Iterator
from heapq import nlargest
from itertools import repeat
from math import sqrt

from routing.grams import Grams, grams
from routing.split import reading
from routing.weights import Weights, as_text

SCORE_MAX = 6.0
"""Words alone are never surer than this."""
SMOOTHING = 4
"""Grams that a very short text is taken to have besides its own, so that one word does not decide alone."""
UNKNOWN = repeat(0)
"""The weight of a gram that is in no table."""


def text_score(text: str, learned: Weights) -> float:
    """The score of a text; what is empty scores as a text without a known word."""
    return score_of(grams(reading(text)), learned)


def score_of(found: Grams, learned: Weights) -> float:
    """The score of grams."""
    total = learned.score.text_bias
    steps = learned.score.grams
    for name, seen in found.items():
        total += steps[name] * sum(map(learned.grams[name].get, seen, UNKNOWN)) / sqrt(len(seen) + SMOOTHING)
    return max(-SCORE_MAX, min(SCORE_MAX, total))


def telling(text: str, learned: Weights, most: int = 8) -> list[tuple[str, float]]:
    """The words that moved the score most, with their share of it; for people, not for the decision."""
    return nlargest(most, _shares(text, learned), key=lambda each: abs(each[1]))


def _shares(text: str, learned: Weights) -> Iterator[tuple[str, float]]:
    for name, seen in grams(reading(text)).items():
        table = learned.grams[name]
        step = learned.score.grams[name] / sqrt(len(seen) + SMOOTHING)
        for gram in seen:
            if gram in table:
                yield f"{name} {as_text(gram)!r}", round(table[gram] * step, 3)
