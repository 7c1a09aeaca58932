"""A sight becomes evidence under its clue's name."""

from routing.evidence import Clue, Sight
from routing.types import Evidence


def test_a_sight_is_told_rounded() -> None:
    sight = Sight(clue=Clue(name="fix", weight=1.2, asks="patch"), weight=1.2 * 1.35, detail="bug")
    assert sight.evidence() == Evidence(name="fix", weight=1.62, detail="bug")
