"""Windows end at a place's own midnight, and follow each other without a gap."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.budgets.window import window

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Cairo", "Pacific/Apia")


def at(text, zone="UTC"):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@pytest.mark.parametrize(
    ("span", "start", "end"),
    [
        ("day", "2026-11-29", "2026-11-30"),
        ("week", "2026-11-23", "2026-11-30"),
        ("month", "2026-11-01", "2026-12-01"),
    ],
)
def test_the_calendar_of_a_place(span, start, end):
    found = window(span, "Europe/Berlin", at("2026-11-29T23:30", "Europe/Berlin"))
    assert (found.start, found.end) == (at(start, "Europe/Berlin"), at(end, "Europe/Berlin"))


def test_days_of_23_and_25_hours():
    spring = window("day", "Europe/Berlin", at("2026-03-29T12:00", "Europe/Berlin"))
    autumn = window("day", "Europe/Berlin", at("2026-10-25T12:00", "Europe/Berlin"))
    assert (spring.end - spring.start, autumn.end - autumn.start) == (23 * 3600, 25 * 3600)


def test_a_total_never_ends():
    found = window("total", "UTC", 1.0)
    assert (found.start, found.end) == (0.0, None)
    assert found.holds(1e12)


@given(
    st.sampled_from(("day", "week", "month")),
    st.sampled_from(ZONES),
    st.floats(min_value=0, max_value=4e9, allow_nan=False),
)
def test_every_moment_is_in_one_window_and_the_next_begins_where_it_ends(span, zone, moment):
    found = window(span, zone, moment)
    assert found.holds(moment)
    assert window(span, zone, found.end).start == found.end
