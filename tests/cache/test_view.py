"""A thread as JSON."""

import msgspec

from cache.types import Freshness, ThreadRecord
from cache.view import view


def test_dollars_are_exact_and_times_are_readable() -> None:
    record = ThreadRecord(
        thread="t", team="a", model="m", requests=3, last_end=1_800_000_000.0, picos=1_234_500_000_001
    )
    fresh = Freshness(state="warm", reason="within_lifetime", expected_read_tokens=7, warm_until=1_800_000_300.0)
    seen = view(record, fresh, 1_800_000_012.34)
    assert seen["usd"] == "1.234500000001"
    assert seen["idle_s"] == 12.3
    assert seen["warm_until"] == "2027-01-15T08:05:00Z"
    assert (seen["state"], seen["expected_cached_tokens"], seen["requests"]) == ("warm", 7, 3)
    msgspec.json.encode(seen)


def test_what_is_not_known_is_null() -> None:
    seen = view(ThreadRecord(thread="t", team="a", picos=1), Freshness(state="unknown", reason="no_rule"), 0.0)
    assert seen["expected_cached_tokens"] is None
    assert seen["warm_until"] is None
    assert seen["usd"] == "0.000000000001"
