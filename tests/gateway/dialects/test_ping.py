"""A ping differs from the request it repeats in a few members, and in no byte of the prompt."""

import json

import pytest

from gateway.dialects.ask import read
from gateway.dialects.ping import PREWARMED, ping_of
from gateway.simulator import read_messages, read_responses

TALK = [{"role": "user", "content": "schöne  Grüße"}]


def messages(**more):
    return {"model": "claude-opus-5-5", "max_tokens": 9, "system": "s", "messages": TALK, **more}


def pinged(body, endpoint="messages", family="anthropic", indent=None):
    text = json.dumps(body, indent=indent, ensure_ascii=False).encode()
    return text, ping_of(read(text, endpoint, endpoint), family)


@pytest.mark.parametrize(
    ("more", "tokens"),
    [
        ({}, 0),
        ({"stream": True}, 0),
        ({"thinking": {"type": "disabled"}}, 0),
        ({"thinking": {"type": "adaptive"}}, 1),
        ({"tool_choice": {"type": "any"}}, 1),
        ({"tool_choice": {"type": "auto"}}, 0),
        ({"output_config": {"format": {"type": "json_schema", "schema": {}}}}, 1),
        ({"output_config": {"effort": "high"}}, 0),
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_messages_ask_for_nothing_where_that_is_allowed(more, tokens, indent):
    sent, ping = pinged(messages(**more), indent=indent)
    assert json.loads(ping) == messages(**more) | {"max_tokens": tokens, "stream": False}
    assert sent[sent.index(b'"messages"') :][:60] in ping
    read_messages.read(json.loads(ping))  # the simulated provider takes it


def test_a_thinking_budget_has_no_cheap_ping():
    assert pinged(messages(thinking={"type": "enabled", "budget_tokens": 2048}))[1] is None


@pytest.mark.parametrize("more", [{}, {"stream": True, "stream_options": {"include_obfuscation": False}}])
def test_responses_are_prewarmed(more):
    body = {"model": "gpt-6.1-sol", "input": TALK, "prompt_cache_options": {"ttl": "12h"}, **more}
    ping = json.loads(pinged(body, "responses", PREWARMED)[1])
    assert ping["prompt_cache_options"] == {"ttl": "12h", "prewarm": True}
    assert ping["store"] is False
    assert not ping.get("stream")
    assert ping.get("stream_options") is None
    assert read_responses.read(ping).prewarm


def test_there_are_none_elsewhere():
    body = {"model": "m", "messages": TALK}
    assert pinged(body, "chat", PREWARMED)[1] is None
    assert pinged(messages(), family="bedrock")[1] is None
    assert pinged({"model": "gpt-5.5", "input": TALK}, "responses", "openai up to gpt-5.5")[1] is None
    assert pinged({"model": "m", "input": TALK, "background": True}, "responses", PREWARMED)[1] is None
