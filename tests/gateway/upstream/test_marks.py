"""Marks stand behind the instructions and the newest message of a conversation that goes on, and nowhere else."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.upstream.marks import MARK, marked

SYSTEM = {"role": "system", "content": "be brief"}
HI = {"role": "user", "content": "hi"}
ANSWER = {"role": "assistant", "content": "hello"}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {}}}
MARKED = {"cache_control": MARK}


def test_a_thread_is_marked_behind_its_instructions_and_its_newest_message():
    made = marked({"messages": [SYSTEM, HI, ANSWER, HI]})
    assert made == [SYSTEM | MARKED, HI, ANSWER, HI | MARKED]


def test_an_agents_first_request_is_marked_for_its_second():
    assert marked({"messages": [SYSTEM, HI], "tools": [TOOL]}) == [SYSTEM | MARKED, HI | MARKED]


def test_a_single_question_is_not():
    assert marked({"messages": [SYSTEM, HI]}) == [SYSTEM, HI]
    assert marked({}) == []


def test_of_parts_the_last_is_marked_and_of_a_tools_result_the_whole():
    parts = {"role": "user", "content": [{"type": "text", "text": "see"}, {"type": "image_url", "image_url": {"url": "data:x"}}]}
    result = {"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "42"}]}
    assert marked({"messages": [ANSWER, parts]})[-1]["content"] == [parts["content"][0], parts["content"][1] | MARKED]
    assert marked({"messages": [ANSWER, result]})[-1] == result | MARKED


def test_a_callers_own_marks_stand_alone():
    own = {"role": "user", "content": [{"type": "text", "text": "long", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]}
    assert marked({"messages": [SYSTEM, own, ANSWER, HI]}) == [SYSTEM, own, ANSWER, HI]
    tool = TOOL | MARKED
    assert marked({"messages": [HI], "tools": [tool]}) == [HI]


def test_an_argument_of_that_name_is_no_mark():
    schema = {"type": "object", "properties": {"cache_control": {"type": "string"}}}
    tool = {"type": "function", "function": {"name": "fetch", "parameters": schema}}
    assert marked({"messages": [HI], "tools": [tool]}) == [HI | MARKED]


def test_nothing_empty_is_marked():
    for content in ("", " \n", None, [], [{"type": "text", "text": ""}], ["words"]):
        message = {"role": "user", "content": content}
        assert marked({"messages": [ANSWER, message]}) == [ANSWER, message]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["role", "content", "type", "text"]), inner),
    max_leaves=12,
)


@given(st.lists(ANYTHING, max_size=4))
def test_whatever_is_sent_loses_nothing(messages):
    made = marked({"messages": messages, "tools": [TOOL]})
    assert len(made) == len(messages)
    assert [_unmarked(message) for message in made] == messages


def _unmarked(value):
    if isinstance(value, dict):
        return {name: _unmarked(each) for name, each in value.items() if name != "cache_control"}
    return [_unmarked(each) for each in value] if isinstance(value, list) else value
