"""Responses streams and answers, read by OpenAI's client and held against its event grammar."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.metering.tally import tally
from gateway.upstream.said import CallPart, Said, Thought
from gateway.upstream.tools import names
from gateway.upstream.write_responses import ResponsesWriter
from tests.gateway.upstream.test_write_messages import PIECES
from tests.gateway.upstream.vendors import CHAT_STREAM, CHAT_WHOLE, KINDS, call, chunk, heard, openai, said, told

TOOLS = [
    {"type": "custom", "name": "patch"},
    {"type": "namespace", "name": "fs", "tools": [{"type": "function", "name": "read"}]},
]


def writer(**asked):
    return ResponsesWriter("n", 7, "m", {"input": "hi", **asked}, names(asked.get("tools", [])))


def final(body):
    with openai(body) as client, client.responses.stream(model="m", input="hi") as stream:
        for _ in stream:
            pass
        return stream.get_final_response()


def test_a_stream():
    answer = final(heard(writer(), CHAT_STREAM))
    thought, message, *calls = answer.output
    assert thought.summary[0].text == "hmm so"
    assert message.content[0].text == answer.output_text == "Hello ✓"
    assert [(each.call_id, each.name, each.arguments) for each in calls] == [
        ("call_a", "shell", '{"cmd":"ls"}'),
        ("call_b", "read", '{"p":1}'),
    ]
    assert answer.status == "completed"
    assert answer.usage.input_tokens_details.cached_tokens == 600
    assert answer.usage.output_tokens_details.reasoning_tokens == 20


def test_the_whole_is_the_streams_last_word():
    one = writer()
    one.take(said(CHAT_WHOLE))
    assert json.loads(one.whole()) == told(heard(writer(), CHAT_STREAM))[-1]["response"]


def test_the_meter_reads_the_kinds_chat_reported():
    meter = tally("responses")
    meter.event(heard(writer(), [{**each, "model": "gpt-6-sol"} for each in CHAT_STREAM]).rpartition(b"data: ")[2].strip())
    assert meter.usage().exact
    assert meter.usage().kinds == KINDS
    assert meter.usage().response_id == "resp_n"


def test_unreported_usage_is_null():
    last = told(heard(writer(), [chunk({"content": "x"}), chunk({}, "stop")]))[-1]
    assert last["response"]["usage"] is None


@pytest.mark.parametrize(("stop", "why"), [("length", "max_output_tokens"), ("content_filter", "content_filter")])
def test_an_answer_that_was_cut_short_is_incomplete(stop, why):
    last = told(heard(writer(), [chunk({"content": "x"}), chunk({}, stop)]))[-1]
    assert last["type"] == "response.incomplete"
    assert last["response"]["incomplete_details"] == {"reason": why}
    assert last["response"]["output"][0]["status"] == "incomplete"


def test_tools_get_their_own_names_and_inputs_back():
    chunks = [
        chunk(call(0, "patch", '{"content":', "a")), chunk(call(0, arguments='"*** Begin"}')),
        chunk(call(1, "fs__read", '{"p":1}', "b")), chunk({}, "tool_calls"),
    ]  # fmt: skip
    body = heard(writer(tools=TOOLS), chunks)
    patch, read = told(body)[-1]["response"]["output"]
    assert (patch["type"], patch["name"], patch["input"]) == ("custom_tool_call", "patch", "*** Begin")
    assert (read["type"], read["namespace"], read["name"], read["arguments"]) == ("function_call", "fs", "read", '{"p":1}')
    deltas = [each["delta"] for each in told(body) if each["type"] == "response.custom_tool_call_input.delta"]
    assert deltas == ["*** Begin"]


@pytest.mark.parametrize("include", [[], ["reasoning.encrypted_content"]])
def test_signed_reasoning_goes_to_those_who_ask_for_it(include):
    one = writer(include=include)
    one.take(Said(thoughts=(Thought("hm", "c2ln"), Thought(sealed="d")), text="x", stop="stop"))
    first, second, _ = json.loads(one.whole())["output"]
    assert ("encrypted_content" in first) is bool(include)
    if include:
        assert json.loads(first["encrypted_content"]) == [{"type": "thinking", "thinking": "hm", "signature": "c2ln"}]
        assert json.loads(second["encrypted_content"]) == [{"type": "redacted_thinking", "data": "d"}]


def test_what_was_asked_is_repeated():
    started = told(heard(writer(instructions="Be kind.", temperature=0.2), CHAT_STREAM))[0]["response"]
    assert (started["instructions"], started["temperature"], started["tool_choice"]) == ("Be kind.", 0.2, "auto")


@given(st.lists(PIECES, max_size=12, unique_by=lambda each: each.calls[0].place if each.calls else object()))
def test_every_item_is_added_and_done_once_and_events_are_numbered(pieces):
    one = writer()
    events = told(b"".join([*(one.take(each) for each in pieces), one.end()]))
    assert [each["sequence_number"] for each in events] == list(range(len(events)))
    assert [each["type"] for each in events[:2]] == ["response.created", "response.in_progress"]
    added = [each["output_index"] for each in events if each["type"] == "response.output_item.added"]
    done = {each["output_index"]: each["item"] for each in events if each["type"] == "response.output_item.done"}
    output = events[-1]["response"]["output"]
    assert added == list(range(len(output)))
    assert [done[at] for at in added] == output
    for each in events[2:-1]:
        if "item_id" in each:
            assert each["item_id"] == output[each["output_index"]]["id"]
    spoken = "".join(each["delta"] for each in events if each["type"] == "response.output_text.delta")
    assert spoken == "".join(each.text for each in pieces)


def test_arguments_of_two_calls_may_come_mixed():
    one = writer()
    one.take(Said(calls=(CallPart(0, "a", "f", "{"), CallPart(1, "b", "g", "["))))
    one.take(Said(calls=(CallPart(0, arguments="}"), CallPart(1, arguments="]")), stop="tool_calls"))
    assert [each["arguments"] for each in json.loads(one.whole())["output"]] == ["{}", "[]"]
