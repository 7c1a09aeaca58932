"""How a Messages request becomes blocks. Markers, tiers and refusals are with the cache they are for."""

import pytest

from gateway.simulator.prompt import Refused
from gateway.simulator.read_messages import read

TOOL = {"name": "grep", "input_schema": {"type": "object"}}
RESULT = {"type": "tool_result", "tool_use_id": "t", "content": "found"}
TURNS = [
    {"role": "user", "content": "look"},
    {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "grep", "input": {}}]},
    {"role": "user", "content": [RESULT, RESULT]},
]


@pytest.mark.parametrize(("system", "blocks"), [("rules", 1), ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], 2),
                                                ("", 0), (None, 0)])  # fmt: skip
def test_the_order_is_tools_system_messages(system, blocks):
    prompt = read({"model": "m", "messages": TURNS, "system": system, "tools": [TOOL]})
    assert [one.section for one in prompt.blocks] == ["tools"] + ["system"] * blocks + ["messages"] * 4


def test_the_newest_turn_is_what_a_person_said():
    prompt = read({"model": "m", "messages": TURNS})
    assert (prompt.user_text, prompt.results) == ("look", 1)


@pytest.mark.parametrize(
    ("choice", "forced"),
    [({"type": "any"}, "*"), ({"type": "tool", "name": "grep"}, "grep"), ({"type": "auto"}, ""), ({"type": "none"}, ""), (None, "")],
)
def test_a_tool_may_be_forced(choice, forced):
    assert read({"model": "m", "messages": TURNS, "tool_choice": choice}).forced == forced


def test_four_markers_of_the_body_and_an_automatic_one_are_five():
    marker = {"cache_control": {"type": "ephemeral"}}
    parts = [{"type": "text", "text": str(place), **marker} for place in range(4)]
    body = {"model": "m", "messages": [{"role": "user", "content": [*parts, {"type": "text", "text": "last"}]}]}
    assert sum(bool(one.ttl) for one in read(body).blocks) == 4
    with pytest.raises(Refused, match="Found 5"):
        read({**body, **marker})


def test_an_automatic_marker_on_a_marked_block_is_the_same_marker():
    marker = {"cache_control": {"type": "ephemeral"}}
    body = {"model": "m", "messages": [{"role": "user", "content": [{"type": "text", "text": "x", **marker}]}], **marker}
    assert [one.ttl for one in read(body).blocks] == ["5m"]
