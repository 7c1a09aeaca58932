"""The word for a loss follows the likelier of its two ways."""

import pytest

from cache.cause import cause
from cache.curve import Chances

SAFE: Chances = (0.99, 0.0, 0.0, 0.01)
LOST: Chances = (0.2, 0.1, 0.2, 0.5)


@pytest.mark.parametrize(
    ("lasts", "changes", "look", "gap_s", "word"),
    [
        (LOST, SAFE, "intact", 400.0, "expired"),
        (LOST, SAFE, "intact", 10.0, "affinity"),
        (SAFE, LOST, "cut", 10.0, "compacted"),
        (SAFE, LOST, "shrunk", 10.0, "broken"),
        (SAFE, LOST, "edited", 10.0, "broken"),
        (SAFE, LOST, "intact", 10.0, "unexplained"),
    ],
)
def test_words(lasts: Chances, changes: Chances, look: str, gap_s: float, word: str) -> None:
    assert cause(lasts, changes, look, gap_s, 300.0) == word  # type: ignore[arg-type]
