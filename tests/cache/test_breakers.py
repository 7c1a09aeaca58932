"""What changes by itself is recognised; what merely looks like it is not."""

from datetime import UTC, datetime

import msgspec
import pytest
from msgspec import Raw

from cache.breakers import LOOKED_AT, in_instructions, set_of

NOW = datetime(2026, 11, 25, 23, 30, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("Today's date: Wed Nov 25 2026", "date"),
        ("Today is November 26, 2026.", "date"),
        ("<date>2026-11-24</date>", "date"),
        ("Heute ist der 25.11.2026", "date"),
        ("It is 2026-11-25T23:29:58Z", "time"),
        ("Now: Nov 25 2026, 23:29", "time"),
        ("Session: 01a202cf-077c-7112-8463-7c921502f111", "id"),
        ("run_8f3a91c2 of the pipeline", "id"),
        ("Your knowledge ends 2025-06-30. Answer between 9:00 and 17:00.", ""),
        ("You are a coding agent.", ""),
        ("", ""),
    ],
)
def test_the_likeliest_breaker_is_named(said, word):
    assert in_instructions([b"You are helpful.", said.encode()], NOW) == word


def test_the_search_is_bounded():
    assert in_instructions([b"x" * LOOKED_AT, b"2026-11-25"], NOW) == ""


def test_a_set_of_tools_has_no_order():
    one, two = {"name": "a"}, {"name": "b"}

    def digest(*tools):
        return set_of(Raw(msgspec.json.encode(list(tools))))

    assert digest(one, two) == digest(two, one) != digest(one)
    assert digest() == set_of(None) == set_of(Raw(b'"x"')) == set_of(Raw(b"[1")) == ""
