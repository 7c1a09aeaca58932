"""Messages as the vendor's own client reads them."""

from collections.abc import Iterator
from typing import Any

import pytest
from anthropic import Anthropic

from tests.gateway.simulator.rig import Served, part, serving

HELLO: list[Any] = [{"role": "user", "content": "hello"}]
TOOL: Any = {"name": "grep", "input_schema": {"type": "object"}}
ASKED: dict[str, Any] = {"model": "claude-opus-5-5", "max_tokens": 500, "messages": HELLO}


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving() as found:
        yield found


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[Anthropic]:
    with Anthropic(base_url=served.base, api_key="k", max_retries=0) as found:
        yield found


def streamed(client: Anthropic, **asked: Any) -> tuple[list[Any], Any]:
    """Raw events, and the message the client puts together from them."""
    with client.messages.stream(**{**ASKED, **asked}) as stream:
        events = list(stream)
        return events, stream.get_final_message()


def test_a_whole_answer(client):
    answer = client.messages.create(**ASKED)
    assert (answer.type, answer.role, answer.stop_reason) == ("message", "assistant", "end_turn")
    assert answer.content[0].text
    assert (answer.usage.output_tokens, answer.usage.cache_creation.ephemeral_5m_input_tokens) == (40, 0)


def test_a_stream_says_the_same(client):
    whole = client.messages.create(**ASKED)
    events, final = streamed(client)
    assert final.content[0].text == whole.content[0].text
    assert (final.stop_reason, final.usage.output_tokens) == (whole.stop_reason, whole.usage.output_tokens)
    assert final.usage.input_tokens == whole.usage.input_tokens
    kinds = [event.type for event in events if event.type not in ("text", "content_block_delta")]
    assert kinds == ["message_start", "content_block_start", "content_block_stop", "message_delta", "message_stop"]


def test_the_input_is_known_at_the_start_and_the_output_at_the_end(client):
    marked: Any = [{"role": "user", "content": [part(900, cache_control={"type": "ephemeral", "ttl": "1h"}), part(30)]}]
    events, final = streamed(client, messages=marked)
    start = events[0].message.usage
    assert (start.cache_creation_input_tokens, start.cache_creation.ephemeral_1h_input_tokens) == (900, 900)
    assert (start.input_tokens, start.output_tokens) == (30, 1)
    again, _ = streamed(client, messages=marked)
    assert again[0].message.usage.cache_read_input_tokens == 900
    assert final.usage.output_tokens == 40


def test_thinking_comes_first_and_is_counted(client):
    _, final = streamed(client, extra_headers={"x-simulate-reasoning-tokens": "30"})
    assert [block.type for block in final.content] == ["thinking", "text"]
    assert final.content[0].signature.startswith("sim-signature-")
    assert final.usage.output_tokens == 70
    whole = client.messages.create(**ASKED, extra_headers={"x-simulate-reasoning-tokens": "30"})
    assert whole.usage.output_tokens_details.thinking_tokens == 30
    assert [block.type for block in whole.content] == ["thinking", "text"]


def test_a_tool_call(client):
    asked: Any = [{"role": "user", "content": '[[tool: grep {"pattern": "a long pattern"}]]'}]
    whole = client.messages.create(**{**ASKED, "messages": asked, "tools": [TOOL]})
    _, final = streamed(client, messages=asked, tools=[TOOL])
    assert whole.stop_reason == final.stop_reason == "tool_use"
    assert whole.content[0].input == final.content[0].input == {"pattern": "a long pattern"}
    assert final.content[0].id.startswith("toolu_")


def test_arguments_that_are_no_json_become_an_object(client):
    asked: Any = [{"role": "user", "content": "[[tool: grep no json]]"}]
    assert client.messages.create(**{**ASKED, "messages": asked, "tools": [TOOL]}).content[0].input == {"input": "no json"}


def test_a_limit_cuts_the_answer(client):
    _, final = streamed(client, max_tokens=7)
    assert (final.stop_reason, final.usage.output_tokens) == ("max_tokens", 7)


def test_a_prewarm_says_nothing(client):
    marked: Any = [{"role": "user", "content": [part(901, cache_control={"type": "ephemeral"})]}]
    answer = client.messages.create(**{**ASKED, "messages": marked, "max_tokens": 0})
    assert (answer.content, answer.stop_reason, answer.usage.output_tokens) == ([], "max_tokens", 0)
    assert answer.usage.cache_creation_input_tokens == 901


def test_a_miss_is_explained_to_who_asks(client):
    first = client.messages.create(**ASKED)
    assert first.diagnostics is None
    compared: Any = {"diagnostics": {"previous_message_id": first.id}}
    moved: Any = [{"role": "user", "content": "goodbye"}]
    answer = client.messages.create(**{**ASKED, "messages": moved}, extra_body=compared)
    assert answer.diagnostics.cache_miss_reason.type == "messages_changed"
    events, _ = streamed(client, messages=moved, extra_body=compared)
    assert events[0].message.diagnostics.cache_miss_reason.type == "messages_changed"


def test_counting_and_models(client):
    counted = client.messages.count_tokens(model="claude-opus-5-5", messages=HELLO)
    assert counted.input_tokens == client.messages.create(**ASKED).usage.input_tokens
    assert "claude-opus-5-5" in [model.id for model in client.models.list()]
