"""Answers on their way back: what the client gets, what the meter sees, wherever the bytes are cut."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.dialects import relay as relaying
from gateway.dialects.relay import BodyRelay, StreamRelay


class Seen:
    """A tally that notes what it was shown."""

    def __init__(self):
        self.events = []
        self.bodies = []

    def event(self, data):
        self.events.append(json.loads(data))

    def body(self, data):
        self.bodies.append(data)


def event(value, end="\n\n"):
    return f"data: {json.dumps(value, ensure_ascii=False)}{end}".encode()


CHUNKS = [
    {"id": "c", "choices": [{"delta": {"content": "Zürich 🚂"}}], "usage": None},
    {"id": "c", "choices": [{"delta": {"content": 'he said "usage"'}}]},
    {"id": "c", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}},
]
DONE = b"data: [DONE]\n\n"


def cut(data, places):
    marks = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in pairwise(marks)]


@given(st.lists(st.integers(min_value=0), max_size=20), st.sampled_from(["\n\n", "\r\n\r\n", "\r\r"]))
def test_the_usage_chunk_is_hidden_and_metered_once_wherever_the_bytes_are_cut(places, end):
    parts = [event(chunk, end) for chunk in CHUNKS]
    seen = Seen()
    relay = StreamRelay(seen, hide_usage=True, show_model=None)
    shown = b"".join(relay.take(part) for part in cut(b"".join(parts) + DONE, places)) + relay.rest()
    assert shown == parts[0] + parts[1] + DONE
    assert [each["usage"] for each in seen.events if each.get("usage")] == [CHUNKS[2]["usage"]]


@given(st.lists(st.integers(min_value=0), max_size=20))
def test_without_anything_to_change_every_byte_passes_as_it_came(places):
    stream = b"".join(event(chunk) for chunk in CHUNKS) + DONE
    relay = StreamRelay(Seen(), hide_usage=False, show_model=None)
    for part in cut(stream, places):
        assert relay.take(part) is part
    assert relay.rest() == b""
    assert relay.bytes_out == len(stream)


@given(st.lists(st.integers(min_value=0), max_size=20))
def test_the_alarming_model_name_is_replaced_and_nothing_else(places):
    stream = event({"type": "response.created", "response": {"headers": {"openai-model": "gpt-5.2"}, "model": "gpt-5.2"}})
    relay = StreamRelay(Seen(), hide_usage=False, show_model=b'"auto"')
    shown = b"".join(relay.take(part) for part in cut(stream, places)) + relay.rest()
    assert shown == stream.replace(b'"openai-model": "gpt-5.2"', b'"openai-model": "auto"')


@pytest.mark.parametrize("word", ["completed", "failed", "incomplete"])
@pytest.mark.parametrize("usage", [True, False])
def test_a_last_word_is_heard_with_usage_and_without_and_before_a_done(word, usage):
    last = event({"type": f"response.{word}", "response": {"usage": {"input_tokens": 1}} if usage else {}})
    relay = StreamRelay(Seen(), hide_usage=False, show_model=None)
    relay.take(event({"type": "response.created"}))
    assert not relay.spoke_last
    relay.take(last)
    assert relay.spoke_last
    if usage:
        relay.take(DONE)
        relay.rest()
        assert relay.spoke_last


def test_a_text_that_quotes_a_last_word_is_none():
    relay = StreamRelay(Seen(), hide_usage=False, show_model=None)
    relay.take(event({"type": "response.output_text.delta", "delta": '"type":"response.completed"'}))
    assert not relay.spoke_last


def test_a_last_event_without_its_blank_line_is_metered():
    seen = Seen()
    relay = StreamRelay(seen, hide_usage=False, show_model=None)
    relay.take(b'data: {"type":"response.completed","response":{"usage":{}}}')
    assert relay.rest() == b""
    assert relay.spoke_last
    assert len(seen.events) == 1


def test_comments_are_no_events():
    relay = StreamRelay(None, hide_usage=False, show_model=None)
    relay.take(b": waiting\n\n")
    assert relay.events == 0
    relay.take(b"data: {}\r\n\r\n")
    assert relay.events == 1


def test_an_event_beyond_the_bound_passes_unread(monkeypatch):
    monkeypatch.setattr(relaying, "EVENT_MAX", 1000)
    seen = Seen()
    relay = StreamRelay(seen, hide_usage=True, show_model=None)
    parts = [b'data: {"usage":"', *[b"x" * 400] * 5, b'"}\n\n', event(CHUNKS[2])]
    assert b"".join(relay.take(part) for part in parts) + relay.rest() == b"".join(parts)
    assert seen.events == []
    assert relay.spoke_last  # nobody knows, so nothing is added


@given(st.lists(st.binary(max_size=50), max_size=10))
def test_a_body_passes_as_it_came_and_is_read_once_at_its_end(parts):
    seen = Seen()
    relay = BodyRelay(seen)
    for part in parts:
        assert relay.take(part) is part
    assert relay.rest() == b""
    whole = b"".join(parts)
    assert seen.bodies == ([whole] if parts else [])
    assert relay.bytes_out == len(whole)
