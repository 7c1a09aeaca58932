"""Single counts: whole numbers within reason, everything else named."""

import math

import pytest

from gateway.metering.usage_counts import COUNT_MAX, Impossible, count, greatest, part, word, writes


@pytest.mark.parametrize(("value", "read"), [(0, 0), (7, 7), (7.0, 7), (None, None), (COUNT_MAX, COUNT_MAX)])
def test_counts(value: object, read: int | None) -> None:
    assert count(value) == read


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (-1, "negative"),
        (-2.0, "negative"),
        (2.5, "not_a_count"),
        (math.nan, "not_a_count"),
        (math.inf, "not_a_count"),
        ("7", "not_a_count"),
        (True, "not_a_count"),
        ([7], "not_a_count"),
        (COUNT_MAX + 1, "too_many"),
        (1e300, "too_many"),
    ],
)
def test_no_counts(value: object, problem: str) -> None:
    with pytest.raises(Impossible) as caught:
        count(value)
    assert caught.value.problem == problem


def test_the_greatest_of_several_names() -> None:
    assert greatest({"a": 3, "b": None, "c": 5}, ("a", "b", "c", "d")) == 5
    assert greatest({"b": None}, ("a", "b")) is None


def test_parts() -> None:
    assert part({"a": None, "b": {"x": 1}}, "a", "b") == {"x": 1}
    assert part({}, "a") == {}
    with pytest.raises(Impossible):
        part({"a": 3}, "a")


def test_a_breakdown_that_falls_short_leaves_the_rest_at_the_default() -> None:
    tiers = {"cache_write_5m": 10, "cache_write_1h": None}
    assert writes(25, tiers, "cache_write_5m") == {"cache_write_5m": 25}
    assert writes(25, tiers, "cache_write_30m") == {"cache_write_5m": 10, "cache_write_30m": 15}
    assert writes(None, tiers, "cache_write_5m") == {"cache_write_5m": 10}
    with pytest.raises(Impossible):
        writes(9, tiers, "cache_write_5m")


def test_words_are_bounded_text() -> None:
    assert (word("flex"), word(3), len(word("x" * 9_000))) == ("flex", "", 200)
