"""What is made of an upstream's chunks, the odd ones included."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.upstream.said import CallPart, Calls, Said, Thought, said
from tests.gateway.upstream.vendors import CHAT_STREAM, CHAT_WHOLE, USAGE, chunk

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from("choices delta message content tool_calls function usage index thinking_blocks".split()), inner),
    max_leaves=12,
)


def test_a_whole_answer_says_what_its_stream_says():
    stream = [said(each) for each in CHAT_STREAM]
    whole = said(CHAT_WHOLE)
    assert "".join(each.text for each in stream) == whole.text == "Hello ✓"
    assert "".join(thought.text for each in stream for thought in each.thoughts) == whole.thoughts[0].text == "hmm so"
    assert [each.stop for each in stream if each.stop] == [whole.stop] == ["tool_calls"]
    assert [each.usage for each in stream if each.usage] == [whole.usage] == [USAGE]


@given(JSON)
def test_no_shape_of_json_is_too_odd(value):
    assert isinstance(said(value if isinstance(value, dict) else {"choices": value}), Said)


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}, 7])
def test_zeros_are_no_report(usage):
    assert said({**chunk({"content": "x"}), "usage": usage}).usage is None


def test_a_signature_and_sealed_reasoning_are_kept():
    blocks = [{"type": "thinking", "thinking": "a", "signature": "s"}, {"type": "redacted_thinking", "data": "d"}]
    spoken = said(chunk({"reasoning_content": "a", "thinking_blocks": blocks}))
    assert spoken.thoughts == (Thought("a", "s"), Thought(sealed="d"))


def test_a_refusal_is_text():
    assert said(chunk({"refusal": "No."})).text == "No."


def test_calls_at_one_index_are_told_apart_by_their_ids():
    calls = Calls()
    took = [calls.take(CallPart(0, "a", "f", "{")), calls.take(CallPart(0, "", "", "}")), calls.take(CallPart(0, "b", "g", "[]"))]
    assert [(part.place, part.name, begins) for part, begins in took] == [(0, "f", True), (0, "f", False), (1, "g", True)]
    assert [calls.arguments(each.place) for each in calls.made] == ["{}", "[]"]


def test_a_call_without_an_id_gets_one():
    calls = Calls()
    assert calls.take(CallPart(4, "", "f"))[0].id
