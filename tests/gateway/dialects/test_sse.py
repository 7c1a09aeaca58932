"""Events survive any cut of the bytes, and nothing but \\n and \\r ends a line."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from gateway.dialects.sse import boundary, events

STREAM = (
    b": hello\n\n"
    b'event: message_start\ndata: {"a":1}\n\n'
    b"data: one\r\ndata: two\r\n\r\n"
    + "data: {\"t\":\"a\u2028b\u0085\"}\n\n".encode()
    + b"data: old mac\r\rdata:[DONE]\n\n"
)
WANTED = [
    (b"message_start", b'{"a":1}'),
    (b"", b"one\ntwo"),
    (b"", '{"t":"a\u2028b\u0085"}'.encode()),
    (b"", b"old mac"),
    (b"", b"[DONE]"),
]


def test_the_events_of_a_whole_stream():
    assert list(events(STREAM)) == WANTED
    assert boundary(STREAM) == len(STREAM)


def test_an_unfinished_event_is_not_given():
    assert boundary(b"data: a") == 0
    assert boundary(b"data: a\n\ndata: b") == 9
    assert list(events(b"data: a\n\ndata: b")) == [(b"", b"a")]


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_any_cut_gives_the_same_events(cuts):
    marks = [0, *sorted(cuts), len(STREAM)]
    pending, seen = b"", []
    for start, end in itertools.pairwise(marks):
        pending += STREAM[start:end]
        cut = boundary(pending)
        seen += list(events(pending[:cut]))
        pending = pending[cut:]
    assert seen == WANTED
    assert pending == b""


@given(st.binary(max_size=200))
def test_junk_never_raises(data):
    assert 0 <= boundary(data) <= len(data)
    list(events(data))
