"""Scores with 95 % intervals by drawing sessions anew.

Calls of one session are alike, so the sessions are what is drawn (Efron and Tibshirani 1993, chapter 8): an interval says
how another set of as many sessions would have come out.
"""

import random
from collections.abc import Iterable, Sequence

from msgspec import Struct

DRAWS = 400

Interval = tuple[float, float, float]
"""A value and the ends of its 95 % interval."""


class Counted(Struct):
    """What scores are made of, as numbers that add up over calls and over sessions."""

    def add(self, other: "Counted") -> None:
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def scores(self) -> dict[str, float]:
        """The scores these numbers come to, by name."""
        raise NotImplementedError


def intervals(sessions: Sequence[Counted], kind: type[Counted], seed: int = 0) -> dict[str, Interval]:
    """The scores of these sessions, whose numbers are of one kind, with their intervals."""
    chance = random.Random(seed)  # noqa: S311 - draws that can be repeated
    whole = _scores(sessions, kind)
    draws = [_scores(chance.choices(sessions, k=len(sessions)), kind) for _ in range(DRAWS)] if sessions else [whole]
    found = {}
    for name, value in whole.items():
        drawn = sorted(draw[name] for draw in draws)
        found[name] = (value, drawn[int(0.025 * len(drawn))], drawn[int(0.975 * len(drawn))])
    return found


def _scores(sessions: Iterable[Counted], kind: type[Counted]) -> dict[str, float]:
    total = kind()
    for each in sessions:
        total.add(each)
    return total.scores()
