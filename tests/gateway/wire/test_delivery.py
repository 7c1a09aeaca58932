"""An answer's bytes: whole when its promise is kept, visibly not when it is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.delivery import Delivery, Overrun

PIECES = st.lists(st.binary(min_size=1, max_size=40), max_size=6)


@given(pieces=PIECES)
def test_a_counted_body(pieces):
    body = b"".join(pieces)
    delivery = Delivery(b"POST", old=False, keep_alive=True)
    delivery.head(200, [], len(body))
    assert b"".join(delivery.body(piece) for piece in pieces) + delivery.end() == body
    assert not delivery.short
    with pytest.raises(Overrun):
        delivery.body(b"x")


@given(pieces=PIECES)
def test_a_chunked_body(pieces):
    delivery = Delivery(b"POST", old=False, keep_alive=True)
    assert b"chunked" in delivery.head(200, [], None)
    raw = b"".join(delivery.body(piece) for piece in pieces) + delivery.end()
    seen = b""
    while size := int(raw[: raw.index(b"\r\n")], 16):
        start = raw.index(b"\r\n") + 2
        seen += raw[start : start + size]
        raw = raw[start + size + 2 :]
    assert (seen, raw) == (b"".join(pieces), b"0\r\n\r\n")
    assert not delivery.open_ended


def test_a_short_body_is_known_to_be_short():
    delivery = Delivery(b"POST", old=False, keep_alive=True)
    delivery.head(200, [], 3)
    delivery.body(b"ab")
    assert delivery.short
    assert not delivery.open_ended


def test_an_old_client_is_closed_on():
    delivery = Delivery(b"POST", old=True, keep_alive=True)
    assert delivery.head(200, [], None).endswith(b"connection: close\r\n\r\n")
    assert delivery.body(b"ab") + delivery.end() == b"ab"
    assert delivery.open_ended


@pytest.mark.parametrize(("method", "status"), [(b"HEAD", 200), (b"POST", 204), (b"POST", 304)])
def test_no_body_where_none_may_be(method, status):
    delivery = Delivery(method, old=False, keep_alive=True)
    delivery.head(status, [], None)
    assert delivery.body(b"error page") + delivery.end() == b""
    assert not delivery.short


def test_before_its_head_only_the_connection_can_tell():
    assert Delivery(b"POST", old=False, keep_alive=True).open_ended
