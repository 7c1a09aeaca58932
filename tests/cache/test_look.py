"""What a prompt's length tells."""

import pytest

from cache.look import by_length
from cache.standing import Standing

BEFORE = Standing(at=100.0, total=50_000, cached=50_000, out=500, requests=3)


@pytest.mark.parametrize(
    ("tokens", "word"),
    [(50_500, "grown"), (50_481, "grown"), (50_470, "short"), (49_999, "shrunk"), (45_000, "shrunk"), (44_999, "cut")],
)
def test_words(tokens: int, word: str) -> None:
    assert by_length(BEFORE, tokens, person=False, gap_s=5.0).word == word


def test_turns() -> None:
    assert by_length(BEFORE, 51_000, person=False, gap_s=0.1).turn == "tool"
    assert by_length(BEFORE, 51_000, person=True, gap_s=0.1).turn == "aside"
    assert by_length(BEFORE, 51_000, person=True, gap_s=30.0).turn == "user"


def test_a_prompt_that_lost_its_reasoning_begins_a_turn() -> None:
    assert by_length(BEFORE, 50_100, person=False, gap_s=30.0).begins_turn
    assert not by_length(BEFORE, 51_000, person=False, gap_s=30.0).begins_turn
    assert by_length(BEFORE, 51_000, person=True, gap_s=30.0).begins_turn
