"""Charts: shapes inside their frame, in proportion, described in words."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.api.page_chart import HEIGHT, STEP, WIDTH, ceiling, columns, strip

amounts = st.integers(0, 10**18)


@given(st.lists(st.tuples(amounts, amounts, amounts), min_size=1, max_size=40))
def test_columns_stand_on_the_ground_and_stay_in_the_frame(days):
    drawn = ElementTree.fromstring(columns([(parts, "x") for parts in days], ("a", "b", "c"), "told"))
    for index, group in enumerate(drawn.iter("g")):
        rects = [each for each in group.iter("rect") if each.get("class") != "air"]
        assert len(rects) == sum(part > 0 for part in days[index])
        floor = float(HEIGHT)
        for rect in rects:
            top, tall = float(rect.get("y")), float(rect.get("height"))
            assert float(rect.get("x")) == index * STEP
            assert top >= 0
            assert abs(top + tall - floor) <= 1.2, "each stands on the one below"
            floor = top
    wide = float(drawn.get("viewBox").split()[2])
    assert wide == pytest.approx((len(days) - 1) * STEP + WIDTH)


def test_columns_are_in_proportion_and_say_what_they_are():
    drawn = columns([((50,), "one"), ((100,), "two")], ("fill",), "a label")
    assert re.findall(r'class="fill" .*? height="([\d.]+)"', drawn) == ["50.0", "100.0"]
    assert "<title>two</title>" in drawn
    assert 'role="img" aria-label="a label"' in drawn


@given(st.integers(1, 10**20))
def test_the_scale_ends_a_little_above(most):
    top = ceiling(most)
    assert most <= top <= most * 3 // 2 + 1 or most < 10
    assert len(str(top).rstrip("0")) <= 2


def test_nothing_has_a_scale_too():
    assert ceiling(0) >= 0
    assert "<rect" in columns([((0,), "")], ("a",), "")


def test_a_strip_is_cut_by_share():
    drawn = ElementTree.fromstring(strip([("warm", 3), ("cold", 1)], "told"))
    warm, cold = drawn.iter("rect")
    assert (warm.get("class"), cold.get("class")) == ("warm", "cold")
    assert float(cold.get("x")) == 75
    assert float(warm.get("width")) == pytest.approx(74.6)
