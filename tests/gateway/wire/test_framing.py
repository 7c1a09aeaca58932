"""What goes on the wire, byte for byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.framing import block, chunk, frame, head


def test_a_head_with_a_length():
    framed = frame(200, 5, b"POST", old=False)
    expected = b"HTTP/1.1 200 OK\r\nx-a: 1\r\ncontent-length: 5\r\nconnection: close\r\n\r\n"
    assert head(200, [(b"x-a", b"1")], framed, keep_alive=False) == expected
    assert not framed.chunked


def test_a_head_without_a_length_is_chunked_for_those_who_know_chunks():
    assert head(299, [], frame(299, None, b"POST", old=False), True) == (
        b"HTTP/1.1 299 \r\ntransfer-encoding: chunked\r\n\r\n"
    )
    assert head(200, [], frame(200, None, b"POST", old=True), False) == b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("status", "length", "method", "lines"),
    [
        (204, 0, b"POST", ()),
        (204, None, b"POST", ()),
        (304, 10, b"GET", ((b"content-length", b"10"),)),
        (200, 10, b"HEAD", ((b"content-length", b"10"),)),
        (200, None, b"HEAD", ()),
    ],
)
def test_answers_that_never_have_a_body(status, length, method, lines):
    framed = frame(status, length, method, old=False)
    assert framed.bare
    assert framed.lines == lines


HEADERS = st.lists(st.tuples(st.binary(min_size=1, max_size=12), st.binary(max_size=30)), max_size=8)


@given(headers=HEADERS)
def test_no_header_makes_a_line_of_its_own(headers):
    whole = block(b"HTTP/1.1 200 OK\r\n", headers)
    assert whole.count(b"\r\n") == whole.count(b"\n") == whole.count(b"\r") == len(headers) + 2
    assert whole.index(b"\r\n\r\n") == len(whole) - 4


def test_an_ordinary_head_is_left_as_it_is():
    assert block(b"GET / HTTP/1.1\r\n", [(b"a", b"b\xff")]) == b"GET / HTTP/1.1\r\na: b\xff\r\n\r\n"


def test_an_empty_chunk_would_end_the_body():
    assert chunk(b"x" * 26) == b"1a\r\n" + b"x" * 26 + b"\r\n"
    with pytest.raises(AssertionError):
        chunk(b"")
