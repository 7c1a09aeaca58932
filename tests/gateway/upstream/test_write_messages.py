"""Messages streams and answers, read by Anthropic's client and held against its event grammar."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.dialects.relay import StreamRelay
from gateway.metering.tally import tally
from gateway.upstream.said import CallPart, Said, Thought, Unwritable
from gateway.upstream.write_messages import MessagesWriter, counts
from tests.gateway.upstream.vendors import CHAT_STREAM, CHAT_WHOLE, CONTENT, USAGE, anthropic, call, chunk, heard, said, told

ASKED = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
UNSIGNED = [{**CONTENT[0], "signature": ""}, *CONTENT[1:]]


def writer(names=None):
    return MessagesWriter("n", "m", names or {})


def final(body):
    with anthropic(body) as client, client.messages.stream(**ASKED) as stream:
        return stream.get_final_message()


def metered(body):
    """What the relay shows the meter of a stream."""
    meter = tally("messages")
    relay = StreamRelay(meter, False, None)
    relay.take(body)
    return meter


def test_a_stream():
    answer = final(heard(writer(), CHAT_STREAM))
    assert [json.loads(block.model_dump_json(include=set(UNSIGNED[at]))) for at, block in enumerate(answer.content)] == UNSIGNED
    assert answer.stop_reason == "tool_use"
    assert answer.usage.input_tokens == 300
    assert answer.usage.cache_read_input_tokens == 600


def test_the_whole_says_what_the_stream_says():
    one = writer()
    one.take(said(CHAT_WHOLE))
    answer = json.loads(one.whole())
    assert answer["content"] == UNSIGNED
    assert answer["stop_reason"] == "tool_use"
    assert answer["usage"] == counts(USAGE, "qwen-coder")


@pytest.mark.parametrize(("model", "kind"), [("gpt-6-sol", "cache_write_30m"), ("qwen-coder", "cache_write_5m")])
def test_the_meter_reads_the_kinds_chat_reported(model, kind):
    chunks = [{**each, "model": model} for each in CHAT_STREAM]
    usage = metered(heard(writer(), chunks)).usage()
    assert usage.exact
    assert usage.kinds == {"input_uncached": 300, "cache_read": 600, kind: 100, "output": 30, "reasoning": 20}
    assert tally_of(writer(), {**CHAT_WHOLE, "model": model}).kinds == usage.kinds


def tally_of(one, whole):
    one.take(said(whole))
    meter = tally("messages")
    meter.body(one.whole())
    return meter.usage()


def test_unreported_usage_is_numbers_to_clients_and_nothing_to_the_meter():
    body = heard(writer(), [chunk({"content": "x"}), chunk({}, "stop")])
    events = told(body)
    assert events[0]["message"]["usage"] == events[-2]["usage"] == {"input_tokens": 0, "output_tokens": 0}
    assert final(body).usage.output_tokens == 0
    meter = metered(body)
    assert meter.usage() is None
    assert meter.partial() is None
    assert tally_of(writer(), {**CHAT_WHOLE, "usage": None}) is None


def test_a_stream_that_breaks_off_reports_no_zeros():
    assert metered(heard(writer(), CHAT_STREAM).partition(b"event: message_delta")[0]).partial() is None


def test_text_that_looks_like_usage_is_left_alone():
    text = '"usage":{"input_tokens":0,"output_tokens":0}'
    assert final(heard(writer(), [chunk({"content": text}), chunk({}, "stop")])).content[0].text == text


def test_names_that_were_too_long_come_back():
    one = writer({"short_1": "long" * 20})
    assert final(heard(one, [chunk(call(0, "short_1", "{}", "a")), chunk({}, "stop")])).content[0].name == "long" * 20


def test_mixed_arguments_of_two_calls_are_no_answer():
    one = writer()
    one.take(Said(calls=(CallPart(0, "a", "f", "{"), CallPart(1, "b", "g", "{"))))
    with pytest.raises(Unwritable):
        one.take(Said(calls=(CallPart(0, arguments="}"),)))


@pytest.mark.parametrize(("arguments", "read"), [("", {}), ("[1]", {"input": [1]}), ("{oh", {"input": "{oh"})])
def test_arguments_that_are_no_object_are_kept_in_one(arguments, read):
    one = writer()
    one.take(Said(calls=(CallPart(0, "a", "f", arguments),), stop="tool_calls"))
    assert json.loads(one.whole())["content"][0]["input"] == read


@pytest.mark.parametrize(
    ("stop", "reason"),
    [("stop", "end_turn"), ("length", "max_tokens"), ("content_filter", "refusal"), ("eos", "end_turn"), ("tool_calls", "tool_use")],
)
def test_reasons_to_stop(stop, reason):
    one = writer()
    one.take(Said(text="x", stop=stop))
    assert json.loads(one.whole())["stop_reason"] == reason


PIECES = st.one_of(
    st.builds(Said, text=st.text(max_size=3)),
    st.builds(Said, thoughts=st.tuples(st.builds(Thought, text=st.text(min_size=1, max_size=3)))),
    st.builds(Said, thoughts=st.tuples(st.builds(Thought, signature=st.just("s")))),
    st.builds(Said, thoughts=st.tuples(st.builds(Thought, sealed=st.just("d")))),
    st.builds(lambda at: Said(calls=(CallPart(at, f"id{at}", f"f{at}", '{"a":'), CallPart(at, arguments="1}"))), st.integers(0, 9)),
)


@given(st.lists(PIECES, max_size=12, unique_by=lambda each: each.calls[0].place if each.calls else object()))
def test_one_block_is_open_at_a_time_and_indexes_rise_by_one(pieces):
    one = writer()
    events = told(b"".join([*(one.take(each) for each in pieces), one.end()]))
    assert [each["type"] for each in events[:1] + events[-2:]] == ["message_start", "message_delta", "message_stop"]
    at, is_open = -1, False
    for each in events[1:-2]:
        if each["type"] == "content_block_start":
            assert not is_open
            at, is_open = at + 1, True
        assert is_open
        assert each["index"] == at
        is_open = each["type"] != "content_block_stop"
    assert not is_open
    assert "".join(each["delta"]["text"] for each in events if each.get("delta", {}).get("type") == "text_delta") == "".join(
        each.text for each in pieces
    )
