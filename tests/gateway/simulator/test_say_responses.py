"""Responses as the vendor's own client reads them, in the strict way that raises at the first event out of order."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from openai import OpenAI

from tests.gateway.simulator.rig import Served, serving

TOOL: Any = {"type": "function", "name": "grep", "parameters": {"type": "object"}, "strict": False}
CUSTOM: Any = {"type": "custom", "name": "patch"}
GREP = '[[tool: grep {"pattern": "a long pattern"}]]'


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving() as found:
        yield found


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{served.base}/v1", api_key="k", max_retries=0) as found:
        yield found


def streamed(client: OpenAI, **asked: Any) -> tuple[list[Any], Any]:
    """Raw events, and the response the client puts together from them."""
    body: Any = {"model": "gpt-6-sol", "input": "hello", **asked}
    events = list(client.responses.create(stream=True, **body))
    with client.responses.stream(**body) as stream:
        stream.until_done()
        return events, stream.get_final_response()


def test_a_whole_answer(client):
    answer = client.responses.create(model="gpt-6-sol", input="hello")
    assert (answer.status, answer.output[0].role, answer.error) == ("completed", "assistant", None)
    assert answer.output_text
    assert answer.usage.total_tokens == answer.usage.input_tokens + 40


def test_a_stream_says_the_same_in_the_full_order_of_events(client):
    whole = client.responses.create(model="gpt-6-sol", input="hello")
    events, final = streamed(client)
    assert final.output_text == whole.output_text
    assert final.usage == whole.usage
    assert [name for name, _ in itertools.groupby(event.type for event in events)] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == whole.output_text


def test_reasoning_is_an_item_whose_content_goes_to_who_asked(client):
    told = {"x-simulate-reasoning-tokens": "30"}
    _, silent = streamed(client, extra_headers=told)
    assert [item.type for item in silent.output] == ["reasoning", "message"]
    assert silent.output[0].encrypted_content is None
    assert silent.usage.output_tokens_details.reasoning_tokens == 30
    whole = client.responses.create(
        model="gpt-6-sol", input="hello", include=["reasoning.encrypted_content"], extra_headers=told
    )
    assert whole.output[0].encrypted_content.startswith("sim-reasoning-")


def test_a_tool_call(client):
    events, final = streamed(client, input=GREP, tools=[TOOL])
    call = final.output[0]
    assert (call.type, call.name, call.arguments) == ("function_call", "grep", '{"pattern": "a long pattern"}')
    assert call.call_id.startswith("call_")
    deltas = [event.delta for event in events if event.type == "response.function_call_arguments.delta"]
    assert len(deltas) > 1
    assert "".join(deltas) == call.arguments


def test_a_custom_tool_takes_text(client):
    events, final = streamed(client, input="[[tool: patch *** begin]]", tools=[CUSTOM])
    assert (final.output[0].type, final.output[0].input) == ("custom_tool_call", "*** begin")
    assert [event.input for event in events if event.type == "response.custom_tool_call_input.done"] == ["*** begin"]


def test_tools_inside_the_input_are_offered_too(client):
    namespace = {"type": "namespace", "name": "shell", "tools": [TOOL]}
    items: Any = [{"type": "additional_tools", "role": "developer", "tools": [namespace]},
                  {"role": "user", "content": "[[tool: shell/grep {}]]"}]  # fmt: skip
    call: Any = client.responses.create(model="gpt-6-sol", input=items).output[0]
    assert (call.name, call.model_dump()["namespace"]) == ("grep", "shell")


def test_a_limit_makes_it_incomplete(client):
    stream = client.responses.create(model="gpt-6-sol", input="hello", max_output_tokens=7, stream=True)
    *_, last = stream
    assert (last.type, last.response.status) == ("response.incomplete", "incomplete")
    assert last.response.incomplete_details.reason == "max_output_tokens"
    assert last.response.usage.output_tokens == 7


def test_a_compaction_is_exactly_one_item(client):
    items: Any = [{"role": "user", "content": "hello"}, {"type": "compaction_trigger"}]
    answer = client.responses.create(model="gpt-6-sol", input=items)
    assert [item.type for item in answer.output] == ["compaction"]


def test_a_prewarm_writes_and_says_nothing(client):
    body = {"prompt_cache_options": {"prewarm": True}}
    answer = client.responses.create(model="gpt-6-sol", input="x" * 8000, extra_body=body)
    assert (answer.output, answer.usage.output_tokens) == ([], 0)
    details = answer.usage.input_tokens_details.model_dump()
    assert details["cache_write_tokens"] == details["cache_write_tokens_details"]["ttl_30m_tokens"] > 2000


def test_settings_are_repeated_and_the_cache_s_are_told(client):
    asked: Any = {"temperature": 0.5, "metadata": {"a": "b"}, "instructions": "be brief"}
    answer = client.responses.create(model="gpt-6-sol", input="hello", **asked).model_dump()
    assert {name: answer[name] for name in asked} == asked
    options = {"prompt_cache_options": {"ttl": "12h", "mode": "explicit"}}
    told = client.responses.create(model="gpt-6-sol", input="hello", extra_body=options).model_dump()
    assert {"ttl": "12h", "mode": "explicit"}.items() <= told["prompt_cache_options"].items()
    old = client.responses.create(model="gpt-5.5", input="hello").model_dump()
    assert old.get("prompt_cache_options") is None


def test_a_miss_is_explained_to_who_asks(client):
    first = client.responses.create(model="gpt-6-sol", input="hello")
    options = {"prompt_cache_options": {"comparison_response_id": first.id}}
    answer: Any = client.responses.create(model="gpt-6-sol", input="goodbye", extra_body=options).model_dump()
    assert answer["prompt_cache_diagnostics"]["reason"] == "input_changed"


def test_a_conversation_is_continued_by_its_id(client):
    first = client.responses.create(model="gpt-6-sol", input="hello")
    second = client.responses.create(model="gpt-6-sol", input="go on", previous_response_id=first.id)
    assert second.usage.input_tokens > first.usage.input_tokens + first.usage.output_tokens
    assert client.responses.retrieve(first.id) == first
    assert [item.type for item in client.responses.input_items.list(first.id)] == ["message"]
    client.responses.delete(first.id)
