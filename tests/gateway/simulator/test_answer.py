"""What is said: filler of an exact length, or what the newest user turn tells."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import validate

from gateway.simulator import read_chat, read_messages, read_responses
from gateway.simulator.answer import TOKENS_DEFAULT, TOKENS_MAX, Answer, answer, example
from gateway.simulator.tokens import count_text

GREP = {"type": "function", "name": "grep", "parameters": {"type": "object", "properties": {"n": {"type": "integer"}}}}
PATCH = {"type": "custom", "name": "patch"}


def said(*items: Any, seed: int = 0, wanted: int | None = None, reasoning: int = 0, wide: bool = False, **asked: Any) -> Answer:
    """The answer to a Responses request; text stands for a user's turn."""
    turns = [{"role": "user", "content": item} if isinstance(item, str) else item for item in items]
    prompt = read_responses.read({"model": "gpt-6-sol", "input": turns, **asked})
    return answer(prompt, seed, wanted, reasoning, wide)


def result(text: str = "done") -> dict[str, str]:
    return {"type": "function_call_output", "call_id": "c", "output": text}


@given(st.integers(0, 3000), st.booleans(), st.integers())
def test_filler_has_exactly_the_tokens_asked_for(wanted, wide, number):
    found = said(f"hello {number}", wanted=wanted, wide=wide)
    assert (found.kind, found.tokens, count_text(found.text), found.cut) == ("text", wanted, wanted, False)


def test_usual_and_greatest_length():
    assert said("hello").tokens == TOKENS_DEFAULT
    assert said("hello", wanted=10**9).tokens == TOKENS_MAX


def test_it_depends_on_seed_and_prompt_and_nothing_else():
    assert said("hello", seed=1) == said("hello", seed=1)
    assert len({said("hello", seed=1).text, said("hello", seed=2).text, said("goodbye", seed=1).text}) == 3


@given(st.integers(0, 200), st.integers(0, 200), st.integers(0, 100))
def test_a_limit_counts_reasoning_and_text_together(wanted, limit, reasoning):
    found = said("hello", wanted=wanted, reasoning=reasoning, max_output_tokens=limit, wide=True)
    assert found.output_tokens <= limit or not found.cut
    assert found.cut is (wanted + reasoning > limit)
    assert count_text(found.text) == found.tokens


def test_it_says_what_it_is_told():
    assert said("please [[say: exactly this]] now").text == "exactly this"
    assert said("[[say: open").text == "open"


def test_only_the_newest_turn_tells():
    assert said("[[say: old]]", {"role": "assistant", "content": "x"}, "new").text != "old"


def test_tools_are_called_one_after_the_other_and_then_it_speaks():
    script = '[[tool: grep {"n": 1}]] [[tool: grep {"n": [2, "]]"]}]] [[say: both done]]'
    first, second, last = (said(script, *[result()] * count, tools=[GREP]) for count in range(3))
    assert [(one.kind, json.loads(one.text)) for one in (first, second)] == [("tool", {"n": 1}), ("tool", {"n": [2, "]]"]})]
    assert (last.kind, last.text) == ("text", "both done")


def test_without_tools_it_only_speaks():
    assert said("[[tool: grep {}]] [[say: no tools]]").text == "no tools"


def test_a_tool_nobody_declared_is_called_all_the_same():
    found = said("[[tool: ns/other]]", tools=[GREP])
    assert (found.tool.name, found.tool.namespace, found.text) == ("other", "ns", "{}")


def test_a_custom_tool_gets_its_input_bare():
    texts = [said(f"[[tool: patch {given}]]", tools=[PATCH]).text for given in ("*** begin", '{"input": "*** begin"}')]
    assert texts == ["*** begin", "*** begin"]


@pytest.mark.parametrize("choice", ["required", {"type": "function", "name": "grep"}])
def test_a_forced_tool_is_called_with_arguments_of_its_schema(choice):
    found = said("hello", tools=[GREP], tool_choice=choice)
    assert (found.kind, json.loads(found.text)) == ("tool", {"n": 1})
    assert said("hello", result(), tools=[GREP], tool_choice=choice).kind == "text"


def test_a_forced_tool_that_is_not_offered_is_not_called():
    assert said("hello", tools=[GREP], tool_choice={"type": "function", "name": "other"}).kind == "text"


def test_a_prewarm_and_a_compaction_are_answers_of_their_own():
    assert said("hello", prompt_cache_options={"prewarm": True}) == Answer("nothing")
    found = said("hello", {"type": "compaction_trigger"}, wanted=9)
    assert (found.kind, found.tokens, found.text[:14]) == ("compaction", 9, "sim-compacted-")


SCHEMAS: list[dict[str, Any]] = [
    {"type": "string"}, {"type": "string", "minLength": 7}, {"type": "integer", "minimum": 5}, {"type": "number"},
    {"type": "boolean"}, {"type": "null"}, {"const": 4}, {"enum": ["a", "b"]}, {"type": ["string", "null"]},
    {"type": "array", "items": {"type": "integer"}, "minItems": 2}, {"anyOf": [{"type": "integer"}, {"type": "null"}]},
    {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}, "required": ["a"]},
    {"type": "object", "properties": {"a": {"$ref": "#/$defs/leaf"}}, "$defs": {"leaf": {"type": "boolean"}}},
]  # fmt: skip


@pytest.mark.parametrize("schema", SCHEMAS)
def test_an_example_satisfies_its_schema(schema):
    validate(example(schema), schema)


def test_a_schema_that_refers_to_itself_comes_to_an_end():
    schema = {"type": "object", "properties": {"next": {"$ref": "#"}}}
    assert isinstance(example(schema), dict)
    assert example({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}) is not None


@pytest.mark.parametrize(
    "prompt",
    [
        read_chat.read({"model": "m", "messages": [{"role": "user", "content": "[[say: hi]]"}]}),
        read_messages.read({"model": "m", "messages": [{"role": "user", "content": [{"type": "text", "text": "[[say: hi]]"}]}]}),
        read_responses.read({"model": "m", "input": "[[say: hi]]"}),
    ],
)
def test_every_dialect_can_tell(prompt):
    assert answer(prompt, 0, None, 0, False).text == "hi"
