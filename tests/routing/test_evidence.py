"""Observations are summed under their clue's name, so no two clues may share one."""

from routing import shape, words
from routing.evidence import Clue


def test_a_name_belongs_to_one_clue() -> None:
    clues = [each for room in (shape, words) for each in vars(room).values() if isinstance(each, Clue)]
    assert len(clues) > 30
    assert len({clue.name for clue in clues}) == len(clues)
