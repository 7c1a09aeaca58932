"""The bounds of a request as it arrives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire import reception as module
from gateway.wire.reception import LINE_COST, Reception


def begun(head_max=1000, body_max=100):
    reception = Reception(head_max, body_max)
    assert not reception.under_way
    reception.begin()
    return reception


def test_a_request_from_begin_to_end():
    reception = begun()
    assert (reception.under_way, reception.in_body) == (True, False)
    reception.head_complete(b"/v1/x", [(b"host", b"x")])
    assert reception.in_body
    assert reception.body(b"one")
    assert reception.body(b"two")
    reception.complete()
    assert (reception.under_way, reception.size, reception.taken()) == (False, 6, b"onetwo")
    reception.begin()
    assert (reception.size, reception.taken()) == (0, b"")


def test_the_head_is_bounded_and_lines_cost():
    begun(LINE_COST + 10).head_complete(b"/v1/x", [(b"host", b"x")])
    for url, headers in ((b"/v1/xy", [(b"host", b"x")]), (b"", [(b"a", b"")] * 2), (b"/" * 100, [])):
        reception = begun(LINE_COST + 10)
        with pytest.raises(ValueError):
            reception.head_complete(url, headers)
        assert reception.oversized


@given(parts=st.lists(st.binary(max_size=60), max_size=8))
def test_a_body_is_kept_whole_or_not_at_all(parts):
    reception = begun()
    for part in parts:
        assert reception.body(part)
    body = b"".join(parts)
    assert reception.size == len(body)
    assert reception.taken() == (body if len(body) <= 100 else b"")


def test_far_over_the_bound_nobody_needs_the_rest(monkeypatch):
    monkeypatch.setattr(module, "SURPLUS_MAX", 50)
    reception = begun()
    assert reception.body(bytes(150))
    assert not reception.body(b"x")


def test_an_announced_size_counts_before_the_body():
    reception = begun()
    assert not reception.announces_too_much([(b"content-length", b"100")])
    assert not reception.announces_too_much([])
    assert reception.announces_too_much([(b"content-length", b"101")])
    assert reception.size == 101


def test_reads_that_bring_no_body_are_bounded():
    reception = begun(head_max=100)
    assert reception.more(5000), "what came before the request in the same read is not its own"
    assert reception.more(100)
    assert not reception.more(1)
    reception.passed(50)
    assert reception.more(200), "framing is granted for body"
    reception.complete()
    assert reception.more(10_000), "between requests nothing is collected"
