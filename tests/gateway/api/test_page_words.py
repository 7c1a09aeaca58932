"""How numbers and names are said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.api.page_words import count, day, dollars, span

USD = 10**12


@pytest.mark.parametrize(
    ("picos", "text"),
    [
        (0, "$0.00"),
        (1, "&lt;$0.00001"),
        (210 * USD // 1_000_000, "$0.00021"),
        (42 * USD // 1000, "$0.042"),
        (USD - 1, "$1.00"),
        (USD * 3 // 2, "$1.50"),
        (1_234_567 * USD, "$1,234,567.00"),
    ],
)
def test_dollars(picos: int, text: str) -> None:
    assert dollars(picos) == text


@given(st.integers(min_value=0, max_value=10**20))
def test_dollars_are_near_the_truth(picos: int) -> None:
    text = dollars(picos)
    if "&lt;" in text:
        assert 0 < picos < 10**7
    else:
        told = float(text.lstrip("$").replace(",", ""))
        assert told == pytest.approx(picos / USD, rel=0.051, abs=0.006 if picos >= USD * 0.995 else 0)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (9_999, "9,999"),
        (18_211, "18.2 k"),
        (812_441_220, "812 M"),
        (4_880_300, "4.88 M"),
        (2 * 10**12, "2000 B"),
    ],
)
def test_count(number: int, text: str) -> None:
    assert count(number) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(-3, "0 s"), (42, "42 s"), (270, "4 min"), (5400, "2 h"), (90_000, "1 d")]
)
def test_span(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_day_and_plain_dollars() -> None:
    assert day(20_782) == "25 Nov"
    assert dollars(None, plain=True) == "unknown"
    assert "<" not in dollars(None, plain=True)
