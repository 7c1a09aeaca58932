"""What a tally takes for the final report, what for a beginning, and that bad events harm nobody."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.metering.tally import OpenAITally, estimate, merged, tally
from gateway.simulator import usage as simulated

USAGE = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}


def chunk(usage: Any, choices: list[Any], **more: Any) -> bytes:
    return json.dumps({"id": "c", "model": "gpt-5.5", "choices": choices, "usage": usage, **more}).encode()


def test_chat_running_totals_are_no_final_report() -> None:
    """vLLM and xAI put usage into every chunk."""
    counted = tally("chat")
    counted.event(chunk({**USAGE, "completion_tokens": 1, "total_tokens": 10}, [{"delta": {}, "finish_reason": None}]))
    assert counted.usage() is None
    partial = counted.partial()
    assert partial is not None
    assert partial.kinds["output"] == 1
    counted.event(chunk(USAGE, [{"delta": {}, "finish_reason": "stop"}]))
    final = counted.usage()
    assert final is not None
    assert final.kinds["output"] == 4
    assert counted.partial() is None


def test_chat_text_about_usage_is_no_report() -> None:
    counted = tally("chat")
    text = '"usage":{"prompt_tokens":1},"finish_reason":"stop"'
    counted.event(json.dumps({"choices": [{"delta": {"content": text}, "finish_reason": None}]}).encode())
    assert counted.usage() is None
    assert counted.partial() is None


def test_an_empty_report_does_not_hide_an_earlier_one() -> None:
    counted = tally("chat")
    counted.event(chunk(USAGE, []))
    counted.event(chunk({}, []))
    final = counted.usage()
    assert final is not None
    assert final.kinds["input_uncached"] == 9


@pytest.mark.parametrize("last", ["response.completed", "response.incomplete", "response.failed"])
def test_responses_report_with_their_last_word(last: str) -> None:
    counted = tally("responses")
    counted.event(b'{"type":"response.created","response":{"id":"r","usage":null}}')
    assert counted.usage() is None
    body = {"id": "r", "model": "gpt-6-luna", "service_tier": "priority", "output": [], "usage": {"input_tokens": 3}}
    body["usage"] = {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}
    counted.event(json.dumps({"type": last, "response": body}).encode())
    usage = counted.usage()
    assert usage is not None
    assert (usage.model, usage.tier, usage.response_id) == ("gpt-6-luna", "priority", "r")
    assert dict(usage.kinds) == {"input_uncached": 3, "output": 2}


def test_messages_start_is_a_beginning() -> None:
    counted = tally("messages")
    start = {"id": "m", "model": "claude-opus-5-5", "usage": {"input_tokens": 100, "output_tokens": 3}}
    counted.event(json.dumps({"type": "message_start", "message": start}).encode())
    assert counted.usage() is None
    partial = counted.partial()
    assert partial is not None
    assert dict(partial.kinds) == {"input_uncached": 100, "output": 3}
    counted.event(b'{"type":"message_delta","delta":{"stop_reason":"max_tokens"},"usage":{"output_tokens":80}}')
    usage = counted.usage()
    assert usage is not None
    assert dict(usage.kinds) == {"input_uncached": 100, "output": 80}


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=8))
def test_messages_cumulative_counts_are_never_added(counts: list[int]) -> None:
    counted = tally("messages")
    counted.event(b'{"type":"message_start","message":{"usage":{"input_tokens":1,"output_tokens":0}}}')
    for made in counts:
        event = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": made}}
        counted.event(json.dumps(event).encode())
    usage = counted.usage()
    assert usage is not None
    assert usage.kinds.get("output", 0) == max(counts)


def test_a_bad_count_is_not_covered_up_by_a_later_good_one() -> None:
    assert merged(-5, 10) == -5
    assert merged({"a": 5}, {"a": None, "b": 1}) == {"a": 5, "b": 1}


@pytest.mark.parametrize("dialect", ["chat", "responses", "messages"])
def test_numbers_json_does_not_know_are_impossible_usage(dialect: Any) -> None:
    counted = tally(dialect)
    counted.body(b'{"id":"x","content":"\\ud800","usage":{"input_tokens":NaN,"output_tokens":1e999}}')
    usage = counted.usage()
    assert usage is not None
    assert usage.problem == "not_a_count"
    assert not usage.exact


@pytest.mark.parametrize("dialect", ["chat", "responses", "messages"])
@pytest.mark.parametrize(
    "data",
    [b"", b"[DONE]", b"null", b"[]", b'"usage"', b'{"usage":', b"\xff\xfe", b'{"usage":null}', b'{"response":"usage"}',
     b'{"message":3,"usage":{}}', b"[" * 20_000, b'{"usage":' + b"[" * 20_000],
)  # fmt: skip
def test_events_that_report_nothing(dialect: Any, data: bytes) -> None:
    counted = tally(dialect)
    counted.event(data)
    counted.body(data)
    assert counted.usage() is None
    assert counted.partial() is None


@pytest.mark.parametrize("dialect", ["chat", "messages"])
def test_usage_that_is_no_object_is_a_problem_not_silence(dialect: Any) -> None:
    counted = tally(dialect)
    counted.body(b'{"id":"x","usage":"lots"}')
    usage = counted.usage()
    assert usage is not None
    assert usage.problem == "not_an_object"


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_no_bytes_raise(data: bytes) -> None:
    for dialect in ("chat", "messages"):
        counted = tally(dialect)  # type: ignore[arg-type]
        counted.event(b'{"usage":' + data + b"}")
        counted.body(data)
        counted.usage()
        counted.partial()


def test_searches_are_counted_where_they_are_billed() -> None:
    counted = OpenAITally()
    items = [{"type": "web_search_call", "action": {"type": kind}} for kind in ("search", "open_page", "find_in_page")]
    items.append({"type": "file_search_call"})
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    counted.body(json.dumps({"object": "response", "output": items, "usage": usage}).encode())
    found = counted.usage()
    assert found is not None
    assert dict(found.fees) == {"web_search": 1, "file_search": 1}


def test_estimates_are_marked() -> None:
    streamed = estimate("chat", 4_000, 51, 15_000)
    assert dict(streamed.kinds) == {"input_uncached": 1_000, "output": 50}
    assert not streamed.exact
    assert dict(estimate("chat", 4_000, 0, 800).kinds) == {"input_uncached": 1_000, "output": 200}
    assert dict(estimate("messages", 40, 13, 13 * 110 + 400).kinds) == {"input_uncached": 10, "output": 100}
    assert dict(estimate("responses", 0, 2, 300).kinds) == {"input_uncached": 1}


amounts = st.integers(0, 10**6)


@given(st.fixed_dictionaries({kind: amounts for kind in ("input_uncached", "cache_read", "cache_write_30m", "output")}),
       amounts, amounts)  # fmt: skip
def test_what_the_simulator_writes_is_read_as_it_was_meant(kinds: dict[str, int], half_day: int, thought: int) -> None:
    """Chat has no breakdown by lifetime, and Messages counted thinking as output until it had a word for it."""
    meant = {**kinds, "reasoning": thought}
    for dialect, written, expected in (
        ("chat", simulated.chat(meant, True), meant),
        (
            "responses",
            simulated.responses({**meant, "cache_write_12h": half_day}, True),
            {**meant, "cache_write_12h": half_day},
        ),
        (
            "messages",
            simulated.messages(kinds | {"cache_write_5m": half_day}, kinds["output"] + thought),
            {**kinds, "cache_write_30m": 0, "cache_write_5m": half_day, "output": kinds["output"] + thought},
        ),
    ):
        counted = tally(dialect)  # type: ignore[arg-type]
        counted.body(json.dumps({"id": "x", "usage": written}).encode())
        found = counted.usage()
        if dialect == "messages" and not any(expected.values()):
            assert found is None  # its clients want zeros where nothing is known
            continue
        assert found is not None
        assert dict(found.kinds) == {kind: count for kind, count in expected.items() if count}
        assert found.exact
