"""The provider takes anything: it answers or refuses, and what it bills is what it shows."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.simulator.app import ENDPOINTS, create
from gateway.simulator.clock import StillClock
from gateway.simulator.prices import charge
from gateway.simulator.prompt import Refused
from gateway.simulator.provider import Call, Provider, owner_of

KEYS = ("messages", "input", "instructions", "system", "tools", "tool_choice", "stream", "stream_options", "max_tokens",
        "max_completion_tokens", "max_output_tokens", "response_format", "text", "reasoning", "thinking", "output_config",
        "cache_control", "prompt", "dimensions", "encoding_format", "prompt_cache_options", "prompt_cache_key", "include",
        "previous_response_id", "diagnostics", "store", "metadata", "service_tier", "speed")  # fmt: skip
INNER = ("type", "role", "content", "text", "name", "function", "custom", "parameters", "input_schema", "tool_calls", "output",
         "cache_control", "ttl", "mode", "prompt_cache_breakpoint", "format", "schema", "json_schema", "properties", "required",
         "items", "enum", "$ref", "minItems", "tools", "include_usage", "previous_message_id")  # fmt: skip
WORDS = st.sampled_from(
    ("user", "assistant", "tool", "system", "message", "function", "custom", "namespace", "image", "tool_result", "text",
     "compaction", "compaction_trigger", "function_call_output", "json_schema", "json_object", "object", "array", "string",
     "5m", "1h", "30m", "12h", "explicit", "required", "any", "auto", "enabled", "ephemeral", "#/properties/a", "é🚂",
     "[[say: hi]]", "[[tool: grep {\"a\": 1}]]", "[[tool:", "base64", "")
)  # fmt: skip
values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2**40) | st.floats(allow_nan=False, allow_infinity=False) | WORDS | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(INNER) | st.text(max_size=3), inner, max_size=5),
    max_leaves=25,
)
turns = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(("user", "assistant", "tool", "system"))}, optional={"content": values}),
    min_size=1, max_size=4,
)  # fmt: skip
bodies = st.builds(
    lambda model, odd, sane: {"model": model, **odd, **sane},
    st.sampled_from(("gpt-6-sol", "gpt-5.5", "claude-opus-5-5", "text-embedding-3-small")),
    st.dictionaries(st.sampled_from(KEYS), values, max_size=6),
    st.fixed_dictionaries({}, optional={"messages": turns, "input": turns | WORDS, "stream": st.booleans()}),
)


def call(body: object, path: str = "/v1/chat/completions", **headers: str) -> Call:
    named = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Call("POST", path, b"", {b"authorization": b"Bearer k", **named}, raw)


def delivered(provider: Provider, asked: Call, endpoint: str) -> list[bytes]:
    """The pieces of an answer that is delivered in full."""
    job = provider.take(asked, endpoint)
    if job.begun is not None:
        job.begun()
    _, generated, reported = job.pieces[-1]
    assert [tokens for _, tokens, _ in job.pieces] == sorted(tokens for _, tokens, _ in job.pieces)
    assert job.settle is not None
    job.settle(generated, reported, "finished")
    return [piece for piece, _, _ in job.pieces]


@settings(max_examples=400, deadline=None)
@given(bodies, st.sampled_from(sorted(ENDPOINTS.items())))
def test_whatever_arrives_is_answered_in_json_or_refused(body: dict[str, Any], where: tuple[str, str]) -> None:
    provider = create(clock=StillClock()).provider
    path, endpoint = where
    for _ in range(2):
        status, pieces = 200, []
        try:
            pieces = delivered(provider, call(body, path), endpoint)
        except Refused as refused:
            status = refused.status
        assert (status == 200) is bool(pieces) is bool(provider.bill.count)
        assert status == 200 or 400 <= status < 500
        for piece in pieces:
            lines = [line for line in piece.split(b"\n") if line.startswith((b"data: {", b"{"))]
            assert all(json.loads(line.removeprefix(b"data: ")) for line in lines)
    for row in provider.bill.rows:
        assert row.picos == charge(row.model, row.kinds)
        assert min(row.kinds.values(), default=1) > 0


@settings(max_examples=200, deadline=None)
@given(bodies)
def test_counting_agrees_with_what_is_billed(body: dict[str, Any]) -> None:
    provider = create(clock=StillClock()).provider
    sane = {**body, "max_tokens": 9}
    try:
        counted = provider.count(call(sane))
        delivered(provider, call(sane), "messages")
    except Refused:
        return
    kinds = provider.bill.rows[0].kinds
    assert counted == sum(tokens for kind, tokens in kinds.items() if kind not in ("output", "reasoning"))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("generated", [0, 10, 30, 50, 70])
def test_reasoning_is_generated_before_the_text(stream, generated):
    provider = create(clock=StillClock()).provider
    body = {"model": "gpt-6-sol", "messages": [{"role": "user", "content": "hello"}], "stream": stream}
    job = provider.take(call(body, x_simulate_reasoning_tokens="30"), "chat")
    assert job.settle is not None
    job.settle(generated, False, "gone")
    (row,) = provider.bill.rows
    parts = {kind: row.kinds.get(kind, 0) for kind in ("reasoning", "output")}
    assert parts == {"reasoning": min(30, generated), "output": max(0, generated - 30)}


@pytest.mark.parametrize("name", ["x_simulate_output_tokens", "x_simulate_reasoning_tokens"])
@pytest.mark.parametrize("value", ["-1", "ten", "1.5", ""])
def test_a_number_that_is_none_is_refused(name, value):
    provider = create().provider
    body = {"model": "gpt-6-sol", "messages": [{"role": "user", "content": "hello"}]}
    with pytest.raises(Refused, match="whole number"):
        provider.take(call(body, **{name: value}), "chat")


def test_an_unreadable_fault_is_refused():
    with pytest.raises(Refused, match="unknown fault"):
        create().provider.take(call({"model": "gpt-6-sol"}, x_simulate_fault="explode"), "chat")


def test_an_account_is_a_key_and_a_workspace():
    key, other = {b"x-api-key": b"k"}, {b"x-api-key": b"k2"}
    bearer, workspace = {b"authorization": b"Bearer k"}, {**key, b"x-simulate-workspace": b"w"}
    assert owner_of(key) == owner_of(bearer)
    assert len({owner_of(headers) for headers in (key, other, workspace)}) == 3
    for nobody in ({}, {b"authorization": b"Bearer "}, {b"x-api-key": b" "}):
        with pytest.raises(Refused) as refused:
            owner_of(nobody)
        assert refused.value.status == 401


def test_ids_do_not_repeat_across_restarts():
    first, second = create().provider, create().provider
    ids = {provider.new_id() for provider in (first, second) for _ in range(100)}
    assert len(ids) == 200
