"""Deltas put together are the text, and what they count as generated is never more than there is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.simulator import read_chat
from gateway.simulator.answer import Answer
from gateway.simulator.outline import Outline, slices, told
from gateway.simulator.tokens import count_text

PROMPT = read_chat.read({"model": "m", "messages": [{"role": "user", "content": "hello"}]})
COUNTS = {"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 0}}


@given(st.text(st.characters(exclude_categories=("Cs",))), st.integers(0, 50), st.integers(1, 9))
def test_slices(text, reasoning, step):
    spoken = Answer("text", text, tokens=count_text(text), reasoning=reasoning)
    parts = list(slices(Outline("id", 0, PROMPT, spoken, {}, True, delta_tokens=step)))
    assert "".join(part for part, _ in parts) == text
    made = [generated for _, generated in parts]
    assert made == sorted(made)
    assert not made or (made[0] > reasoning and made[-1] == spoken.output_tokens)


@pytest.mark.parametrize(("hides", "shown"), [(False, COUNTS), (True, {"prompt_tokens": 9})])
def test_usage_may_say_nothing_of_caches(hides, shown):
    assert told(Outline("id", 0, PROMPT, Answer("text"), {}, True, hides_cache=hides), COUNTS) == shown
