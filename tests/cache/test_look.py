"""What a prompt's length tells."""

import pytest
from msgspec.structs import replace

from cache.look import STEP_BLOCKS, Look, by_length
from cache.providers import rules_for
from cache.standing import Standing

BEFORE = Standing(at=100.0, total=50_000, cached=50_000, out=500, requests=3)


def seen(tokens: int, *, person: bool, gap_s: float = 30.0, before: Standing = BEFORE, by: str = "anthropic") -> Look:
    rules = rules_for(by, "gpt-5.5" if by == "openai" else "claude-opus-4-5")
    assert rules is not None
    return by_length(before, tokens, person, gap_s, rules)


@pytest.mark.parametrize(
    ("tokens", "word"),
    [(50_500, "grown"), (50_481, "grown"), (50_470, "short"), (49_999, "shrunk"), (45_000, "shrunk"), (44_999, "cut")],
)
def test_words(tokens: int, word: str) -> None:
    assert seen(tokens, person=False).word == word


def test_turns() -> None:
    assert seen(51_000, person=False, gap_s=0.1).turn == "tool"
    assert seen(51_000, person=True, gap_s=0.1).turn == "aside"
    assert seen(51_000, person=True).turn == "user"


def test_a_prompt_that_lost_its_reasoning_begins_a_turn() -> None:
    assert seen(50_100, person=False).begins_turn
    assert not seen(51_000, person=False).begins_turn
    assert seen(51_000, person=True).begins_turn


def test_a_person_goes_on_after_a_long_turn_that_left_nothing_uncached() -> None:
    """Thinking was off in that turn; with it on again, the prompt of before is too far back to be found."""
    steps = 20 // STEP_BLOCKS
    bare = replace(BEFORE, steps=steps)
    assert seen(51_000, person=True, before=bare).word == "bare"
    assert seen(51_000, person=True, gap_s=0.1, before=bare).word == "bare"
    assert not seen(51_000, person=True, before=bare).whole
    assert seen(51_000, person=False, before=bare).word == "grown", "the agent goes on as it did"
    assert seen(51_000, person=True, before=replace(bare, steps=steps - 1)).word == "grown", "still within reach"
    assert seen(51_000, person=True, before=replace(bare, cached=49_992)).word == "grown", "thinking was on"
    assert seen(51_000, person=True, before=bare, by="openai").word == "grown", "reads end at any block there"
