"""CSV that no spreadsheet calculates."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from gateway.api.spend_csv import cell, write


@given(st.text())
def test_no_cell_begins_like_a_formula(text: str) -> None:
    assert not cell(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert cell(text).removeprefix("'") == text.removeprefix("'")


def test_numbers_stay_numbers() -> None:
    out = io.StringIO(newline="")
    write(out, (("name", "n"), [("-1", -1), ("=A1", 2)]))
    assert list(csv.reader(io.StringIO(out.getvalue()))) == [["name", "n"], ["'-1", "-1"], ["'=A1", "2"]]
