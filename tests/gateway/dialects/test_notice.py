"""A notice in front of an answer, as the vendors' own libraries read it."""

import json

import anthropic
import httpx
import httpx2
import openai
import pytest

from gateway.dialects.notice import Insertion, Notice
from tests.line.rig import sse
from tests.line.test_cold_resume import stream_of

NOTICE = Notice(text="[Pointsman notice 0: Idle.]", item="msg_pointsman_1")


def put_in(dialect: str, data: bytes, size: int = 1 << 20) -> bytes:
    insertion = Insertion(NOTICE, dialect)
    return b"".join(insertion.stream(data[at : at + size]) for at in range(0, len(data), size))


def serve(data: bytes, http):
    """A client of one of the two generations of the same library that always gets this stream."""
    told = {"content": data, "headers": {"content-type": "text/event-stream"}}
    return http.Client(transport=http.MockTransport(lambda _: http.Response(200, **told)))


def test_anthropics_library_sees_a_block_of_its_own():
    client = anthropic.Anthropic(api_key="k", http_client=serve(put_in("messages", stream_of("messages", "m")), httpx2))
    with client.messages.stream(model="m", max_tokens=9, messages=[]) as stream:
        message = stream.get_final_message()
    assert [block.text for block in message.content] == [NOTICE.text, "done"]
    assert message.usage.output_tokens == 9


def test_openais_library_sees_a_message_of_its_own():
    client = openai.OpenAI(api_key="k", http_client=serve(put_in("responses", stream_of("responses", "m")), httpx))
    with client.responses.stream(model="m", input="hi") as stream:
        final = stream.get_final_response()
    assert [item.content[0].text for item in final.output] == [NOTICE.text, "done"]
    assert final.output[0].id == NOTICE.item


def test_openais_library_sees_it_before_the_text():
    client = openai.OpenAI(api_key="k", http_client=serve(put_in("chat", stream_of("chat", "m")), httpx))
    with client.chat.completions.stream(model="m", messages=[]) as stream:
        final = stream.get_final_completion()
    assert final.choices[0].message.content == f"{NOTICE.text}\n\ndone"
    assert final.choices[0].message.role == "assistant"


def test_numbers_move_up():
    moved = put_in("responses", stream_of("responses", "m"))
    told = [json.loads(line[6:]) for line in moved.splitlines() if line.startswith(b"data: ")]
    assert [each["sequence_number"] for each in told] == list(range(len(told)))
    assert [each["output_index"] for each in told if "output_index" in each] == [0] * 6 + [1] * 3


def test_a_chunk_that_begins_with_text_comes_after_it():
    first = {"id": "c", "choices": [{"index": 0, "delta": {"role": "assistant", "content": "Hel"}}]}
    second = {"id": "c", "choices": [{"index": 0, "delta": {"content": "lo"}}]}
    told = [json.loads(line[6:]) for line in put_in("chat", b"".join(sse(first, second))).splitlines() if line]
    assert "".join(each["choices"][0]["delta"]["content"] for each in told) == f"{NOTICE.text}\n\nHello"


@pytest.mark.parametrize("dialect", ["messages", "responses", "chat"])
def test_what_is_no_answer_passes(dialect):
    for data in (b": ping\n\n", b"data: [DONE]\n\n", b'event: error\ndata: {"type":"error"}\n\n', b"data: {\n\n"):
        assert put_in(dialect, data) == data
    assert Insertion(NOTICE, dialect).body(b"not json") == b"not json"
    assert Insertion(NOTICE, dialect).body(b'{"error":{}}') == b'{"error":{}}'


def test_whole_answers():
    message = {"content": [{"type": "text", "text": "done"}], "usage": {"output_tokens": 9}}
    assert json.loads(Insertion(NOTICE, "messages").body(json.dumps(message).encode()))["content"][0]["text"] == NOTICE.text
    response = {"output": [{"id": "msg_up"}]}
    output = json.loads(Insertion(NOTICE, "responses").body(json.dumps(response).encode()))["output"]
    assert [item["id"] for item in output] == [NOTICE.item, "msg_up"]
    chat = {"choices": [{"index": 0, "message": {"role": "assistant", "content": None, "tool_calls": []}}]}
    told = json.loads(Insertion(NOTICE, "chat").body(json.dumps(chat).encode()))["choices"][0]["message"]
    assert told == {"role": "assistant", "content": f"{NOTICE.text}\n\n", "tool_calls": []}
