"""A client's own word for what became of its history."""

import pytest

from cache.types import Freshness, ThreadRecord
from gateway.foresight import Foresight
from gateway.hinted import as_told
from gateway.identify import Caller
from gateway.metering.rebuilt import cause_of

RECORD = ThreadRecord(thread="t", team="a", window_number=2)
EDITED = Freshness(state="broken", reason="prefix_changed", expected_read_tokens=9_000)
MARKED = {b"x-claude-code-context-compacted": b"1"}


@pytest.mark.parametrize(
    ("freshness", "window", "first", "cause"),
    [
        (EDITED, 3, {}, "compacted"),
        (Freshness(state="cooling", reason="prefix_unseen"), 3, {}, "compacted"),
        (EDITED, 2, {}, "prefix_changed"),
        (EDITED, 0, MARKED, "compacted"),
        (EDITED, 0, {b"x-claude-code-context-compacted": b"false"}, "prefix_changed"),
        (Freshness(state="cold", reason="past_lifetime"), 2, MARKED, "past_lifetime"),
    ],
)
def test_its_word_names_the_cause(freshness, window, first, cause):
    told = as_told(Foresight(freshness=freshness), RECORD, Caller(team="a", window_number=window), first)
    assert cause_of(told.freshness) == cause
    assert told.freshness.expected_read_tokens == freshness.expected_read_tokens


def test_a_new_thread_has_no_history():
    fresh = Foresight(freshness=Freshness(state="unknown", reason="first_call"))
    assert as_told(fresh, None, Caller(team="a", window_number=3), MARKED) is fresh
