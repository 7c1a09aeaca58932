"""Chat completions as the vendor's own client reads them."""

from collections.abc import Iterator
from typing import Any

import pytest
from openai import OpenAI

from tests.gateway.simulator.rig import Served, serving

HELLO: list[Any] = [{"role": "user", "content": "hello"}]
TOOL: Any = {"type": "function", "function": {"name": "grep", "parameters": {"type": "object"}}}
CUSTOM: Any = {"type": "custom", "custom": {"name": "patch"}}


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving() as found:
        yield found


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{served.base}/v1", api_key="k", max_retries=0) as found:
        yield found


def streamed(client: OpenAI, **asked: Any) -> list[Any]:
    body = {"model": "gpt-6-sol", "messages": HELLO, "stream_options": {"include_usage": True}, **asked}
    return list(client.chat.completions.create(stream=True, **body))


def test_a_whole_answer(client):
    answer = client.chat.completions.create(model="gpt-6-sol", messages=HELLO)
    choice = answer.choices[0]
    assert (answer.object, answer.model, choice.finish_reason) == ("chat.completion", "gpt-6-sol", "stop")
    assert choice.message.content
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + 40


def test_a_stream_says_the_same(client):
    whole = client.chat.completions.create(model="gpt-6-sol", messages=HELLO)
    chunks = streamed(client)
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1]) == whole.choices[0].message.content
    assert [chunk.choices[0].finish_reason for chunk in chunks[:-1] if chunk.choices[0].finish_reason] == ["stop"]
    assert chunks[-1].choices == []
    assert chunks[-1].usage == whole.usage
    assert len({chunk.id for chunk in chunks}) == 1


def test_usage_comes_only_to_who_asked(client):
    chunks = streamed(client, stream_options=None)
    assert all(chunk.usage is None and chunk.choices for chunk in chunks)


def test_reasoning_is_counted_and_not_shown(client):
    chunks = streamed(client, extra_headers={"x-simulate-reasoning-tokens": "30"})
    usage = chunks[-1].usage
    assert (usage.completion_tokens, usage.completion_tokens_details.reasoning_tokens) == (70, 30)


def test_a_tool_call(client):
    asked = [{"role": "user", "content": '[[tool: grep {"pattern": "a long pattern"}]]'}]
    call = client.chat.completions.create(model="gpt-6-sol", messages=asked, tools=[TOOL]).choices[0]
    assert (call.finish_reason, call.message.content) == ("tool_calls", None)
    chunks = streamed(client, messages=asked, tools=[TOOL])
    deltas = [chunk.choices[0].delta.tool_calls[0] for chunk in chunks if chunk.choices and chunk.choices[0].delta.tool_calls]
    assert (deltas[0].function.name, deltas[0].id[:5]) == ("grep", "call_")
    assert "".join(delta.function.arguments for delta in deltas) == call.message.tool_calls[0].function.arguments
    assert call.message.tool_calls[0].function.arguments == '{"pattern": "a long pattern"}'


def test_a_custom_tool_takes_text(client):
    asked = [{"role": "user", "content": "[[tool: patch *** begin]]"}]
    message = client.chat.completions.create(model="gpt-6-sol", messages=asked, tools=[CUSTOM]).choices[0].message
    assert message.tool_calls[0].custom.input == "*** begin"
    deltas = [chunk.choices[0].delta for chunk in streamed(client, messages=asked, tools=[CUSTOM]) if chunk.choices]
    parts = [delta.tool_calls[0].model_extra["custom"].get("input", "") for delta in deltas if delta.tool_calls]
    assert "".join(parts) == "*** begin"


def test_a_limit_cuts_the_answer(client):
    chunks = streamed(client, max_completion_tokens=7)
    assert chunks[-2].choices[0].finish_reason == "length"
    assert chunks[-1].usage.completion_tokens == 7


def test_written_tokens_are_named_since_gpt_5_6_and_not_before(client):
    long: list[Any] = [{"role": "user", "content": "x" * 8000}]
    new, old = (client.chat.completions.create(model=model, messages=long).usage for model in ("gpt-6-sol", "gpt-5.5"))
    assert new.prompt_tokens_details.model_dump()["cache_write_tokens"] > 2000
    assert old.prompt_tokens_details.model_dump().get("cache_write_tokens") is None


def test_a_text_completion_whole_and_streamed(client):
    whole = client.completions.create(model="gpt-3.5-turbo-instruct", prompt="hello")
    chunks = list(client.completions.create(
        model="gpt-3.5-turbo-instruct", prompt="hello", stream=True, stream_options={"include_usage": True}))  # fmt: skip
    assert "".join(chunk.choices[0].text for chunk in chunks[:-1]) == whole.choices[0].text != ""
    assert chunks[-1].usage == whole.usage
    assert chunks[-2].choices[0].finish_reason == whole.choices[0].finish_reason == "stop"


@pytest.mark.parametrize("kind", ["json_object", "json_schema"])
def test_structured_output_satisfies_its_schema(client, kind):
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    form: Any = {"type": kind, "json_schema": {"name": "s", "schema": schema}} if kind == "json_schema" else {"type": kind}
    answer = client.chat.completions.create(model="gpt-6-sol", messages=HELLO, response_format=form)
    assert answer.choices[0].message.content == ('{"n": 1}' if kind == "json_schema" else '{"answer": "x"}')
