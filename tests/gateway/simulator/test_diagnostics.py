"""Why a cache missed, reason by reason, as both vendors name them."""

from typing import Any

import pytest

from gateway.simulator import diagnostics, read_messages, read_responses
from gateway.simulator.diagnostics import Shapes
from gateway.simulator.prompt import Prompt

FUNCTION = {"type": "function", "name": "f", "parameters": {"type": "object"}}


def response(**members: Any) -> Prompt:
    options = {"prompt_cache_options": {"comparison_response_id": "resp_1"}}
    return read_responses.read({"model": "gpt-6-sol", "input": [turn("hello")], **options, **members})


def message(**members: Any) -> Prompt:
    body = {"model": "claude-opus-5-5", "max_tokens": 9, "messages": [turn("hello")], "system": "be brief"}
    return read_messages.read({**body, "diagnostics": {"previous_message_id": "msg_1"}, **members})


def turn(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


@pytest.fixture
def shapes() -> Shapes:
    found = Shapes()
    found.keep("resp_1", "me", response())
    found.keep("msg_1", "me", message())
    return found


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"model": "gpt-6-luna"}, "model_changed"),
        ({"prompt_cache_key": "k"}, "prompt_cache_key_changed"),
        ({"tools": [FUNCTION]}, "tools_changed"),
        ({"text": {"format": {"type": "json_object"}}}, "text_format_changed"),
        ({"reasoning": {"effort": "high"}}, "reasoning_effort_changed"),
        ({"text": {"verbosity": "low"}}, "verbosity_changed"),
        ({"service_tier": "flex"}, "service_tier_changed"),
        ({"input": [turn("goodbye")]}, "input_changed"),
        ({"instructions": "be long"}, "input_changed"),
        ({"input": [{"type": "compaction", "encrypted_content": "x"}, turn("on")]}, "context_compacted"),
    ],
)
def test_openai_s_nine_reasons(shapes, change, reason):
    total = response().total_tokens
    assert shapes.openai(response(**change), "me", 4) == {
        "type": "cache_miss",
        "reason": reason,
        "comparison_reusable_tokens": total,
        "cache_missed_tokens": total - 4,
    }


def test_openai_says_hit_where_the_earlier_request_is_continued(shapes):
    assert shapes.openai(response(), "me", 0) == {"type": "cache_hit"}
    grown = response(input=[turn("hello"), {"role": "assistant", "content": "hi"}, turn("go on")])
    assert shapes.openai(grown, "me", 0) == {"type": "cache_hit"}


def test_openai_without_a_response_to_compare_with(shapes):
    assert shapes.openai(response(prompt_cache_options={"comparison_response_id": None}), "me", 0) == {"type": "unavailable"}
    assert shapes.openai(response(prompt_cache_options={}), "me", 0) is None
    unknown = {"comparison_response_id": "resp_9"}
    gone = {"type": "comparison_response_not_found"}
    assert shapes.openai(response(prompt_cache_options=unknown), "me", 0) == gone
    assert shapes.openai(response(), "somebody else", 0) == gone


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"model": "claude-sonnet-5-5"}, "model_changed"),
        ({"speed": "fast"}, "model_changed"),
        ({"system": "be long"}, "system_changed"),
        ({"tools": [{"name": "grep"}]}, "tools_changed"),
        ({"messages": [turn("goodbye")]}, "messages_changed"),
    ],
)
def test_anthropic_s_reasons_with_what_was_missed(shapes, change, reason):
    missed = message().total_tokens - 4
    assert shapes.anthropic(message(**change), "me", 4) == {
        "cache_miss_reason": {"type": reason, "cache_missed_input_tokens": missed}
    }


@pytest.mark.parametrize("change", [{"thinking": {"type": "adaptive"}}, {"tool_choice": {"type": "any"}}])
def test_anthropic_does_not_tell_a_change_of_parameters(shapes, change):
    assert shapes.anthropic(message(**change), "me", 4) == {"cache_miss_reason": {"type": "unavailable"}}


def test_anthropic_without_a_miss_or_without_the_message(shapes):
    assert shapes.anthropic(message(), "me", 0) is None
    assert shapes.anthropic(message(diagnostics={}), "me", 0) is None
    gone = {"cache_miss_reason": {"type": "previous_message_not_found"}}
    assert shapes.anthropic(message(diagnostics={"previous_message_id": "msg_9"}), "me", 0) == gone
    assert shapes.anthropic(message(), "somebody else", 0) == gone


def test_shapes_are_bounded_and_can_be_forgotten(shapes, monkeypatch):
    monkeypatch.setattr(diagnostics, "SHAPES_MAX", 2)
    shapes.keep("resp_2", "me", response())
    assert shapes.openai(response(), "me", 0) == {"type": "comparison_response_not_found"}
    shapes.clear()
    assert shapes.anthropic(message(), "me", 0) == {"cache_miss_reason": {"type": "previous_message_not_found"}}
