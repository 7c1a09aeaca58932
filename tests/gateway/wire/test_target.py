"""Addresses: what is the line's, what it means, and what is left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.target import head, locate


@pytest.mark.parametrize(
    ("url", "path", "query", "team"),
    [
        (b"/v1/messages?beta=true", "/v1/messages", "beta=true", ""),
        (b"/v1/v1/messages", "/v1/messages", "", ""),
        (b"/t/payments/v1/responses", "/v1/responses", "", "payments"),
        (b"/t/a.b-c/v1/v1/v1/x?a=/v1/v1/&b=?", "/v1/x", "a=/v1/v1/&b=?", "a.b-c"),
        (b"/v1/files/a..b", "/v1/files/a..b", "", ""),
        (b"/v1/x?..%2f..", "/v1/x", "..%2f..", ""),
    ],
)
def test_what_an_address_means(url, path, query, team):
    found = locate(url)
    assert (found.path, found.query, found.team) == (path, query, team)


@pytest.mark.parametrize(
    "url",
    [
        b"/",
        b"/v1",
        b"/v2/x",
        b"/healthz",
        b"*",
        b"http://x/v1/x",
        b"//x/v1/x",
        b"/t//v1/x",
        b"/t/a b/v1/x",
        b"/t/%s/v1/x" % (b"a" * 65),
        b"/v1/../x",
        b"/v1/./x",
        b"/v1/x/..",
        b"/v1//x",
        b"/v1/x%2Fy",
        b"/v1/%2E%2e/x",
        b"/v1/a\\b",
        b"/v1/x#y",
        b"/v1/\xc3\xa9",
        b"/v1/" + b"a" * 2048,
    ],
)
def test_what_is_not_the_lines(url):
    assert locate(url) is None


@given(st.binary(max_size=60).map(lambda rest: b"/v1/" + rest))
def test_a_path_never_leaves_v1(url):
    found = locate(url)
    if found is not None:
        assert found.path.startswith("/v1/")
        assert not {"..", ".", ""} & set(found.path.rstrip("/").split("/")[1:])


def test_the_first_of_several_headers_counts():
    made = head("POST", locate(b"/t/a/v1/x"), [(b"x", b"1"), (b"x", b"2"), (b"content-length", b"5")], 5)
    assert made.first == {b"x": b"1"}
    assert (made.team_hint, made.size, len(made.headers)) == ("a", 5, 3)
