"""Chat chunks and completions, read by OpenAI's client."""

import json

from hypothesis import given
from hypothesis import strategies as st

from gateway.metering.tally import tally
from gateway.upstream.said import CallPart, Said
from gateway.upstream.write_chat import ChatWriter
from tests.gateway.upstream.vendors import CHAT_STREAM, CHAT_WHOLE, KINDS, chunk, heard, openai, said, told

ASKED = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def writer():
    return ChatWriter("n", 7, "m")


def test_a_stream():
    with openai(heard(writer(), CHAT_STREAM)) as client, client.chat.completions.stream(**ASKED) as stream:
        for _ in stream:
            pass
        answer = stream.get_final_completion()
    message = answer.choices[0].message
    assert message.content == "Hello ✓"
    assert [(each.id, each.function.name, each.function.arguments) for each in message.tool_calls] == [
        ("call_a", "shell", '{"cmd":"ls"}'),
        ("call_b", "read", '{"p":1}'),
    ]
    assert answer.choices[0].finish_reason == "tool_calls"
    assert answer.usage.prompt_tokens_details.cached_tokens == 600


def test_the_whole_is_what_was_given():
    one = writer()
    one.take(said(CHAT_WHOLE))
    answer = json.loads(one.whole())
    expected = {**CHAT_WHOLE["choices"][0], "logprobs": None}
    assert answer["choices"] == [expected]
    meter = tally("chat")
    meter.body(one.whole())
    assert meter.usage().kinds == {kind.replace("30m", "5m"): tokens for kind, tokens in KINDS.items()}  # Qwen's lifetime


def test_the_role_comes_once_and_done_last():
    body = heard(writer(), CHAT_STREAM)
    roles = [each["choices"][0]["delta"].get("role") for each in told(body) if each["choices"]]
    assert roles == ["assistant", *[None] * (len(roles) - 1)]
    assert body.endswith(b"data: [DONE]\n\n")


def test_unreported_usage_is_not_told():
    body = heard(writer(), [chunk({"content": "x"}), chunk({}, "stop")])
    assert b"usage" not in body


def test_an_answer_without_a_reason_to_stop_has_not_ended():
    one = writer()
    one.take(Said(text="x"))
    assert not one.ended
    one.take(Said(stop="length"))
    assert one.ended


@given(st.lists(st.text(max_size=4), max_size=6), st.lists(st.text(max_size=4), max_size=6))
def test_however_it_is_cut_the_same_is_said(text, arguments):
    one, other = writer(), writer()
    for each in text:
        one.take(Said(text=each))
    one.take(Said(calls=(CallPart(0, "a", "f"),)))
    for each in arguments:
        one.take(Said(calls=(CallPart(0, arguments=each),)))
    other.take(Said(text="".join(text), calls=(CallPart(0, "a", "f", "".join(arguments)),)))
    assert one.whole() == other.whole()
