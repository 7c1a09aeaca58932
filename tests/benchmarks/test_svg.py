"""Plots are well formed and hold all points, whatever the range."""

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.svg import lines, short

POSITIVE = st.floats(1e-3, 1e9)


@given(st.dictionaries(st.sampled_from(["a", "<b>", "c & d"]), st.lists(st.tuples(POSITIVE, POSITIVE), min_size=1, max_size=6), min_size=1))
def test_every_point_is_inside(series):
    root = ET.fromstring(lines("cost & <work>", "x", "y", series))
    width, height = (float(each) for each in root.get("viewBox").split()[2:])
    circles = root.findall("{http://www.w3.org/2000/svg}circle")
    assert len(circles) == sum(map(len, series.values()))
    assert all(0 < float(each.get("cx")) < width and 0 < float(each.get("cy")) < height for each in circles)


@pytest.mark.parametrize(("value", "said"), [(300, "300"), (1200, "1.2k"), (5e6, "5M"), (0.25, "0.25")])
def test_numbers_are_short(value, said):
    assert short(value) == said
