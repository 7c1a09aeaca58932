"""Labelled requests: read as the gateway would read them, or refused with the line's number."""

from pathlib import Path

import pytest

from gateway.evaluation.routing_cases import NotACase, cases, lines_of

LINE = {
    "id": "a", "source": "books", "slice": "s", "lang": "en", "api": "chat", "label": "code",
    "request": {"model": "auto", "messages": [{"role": "user", "content": "write fizzbuzz"}]},
}  # fmt: skip


def test_a_case() -> None:
    (case,) = cases([LINE])
    assert (case.name, case.source, case.code, case.ours, case.ambiguous) == ("a", "books", True, False, False)
    assert case.signals.turn_text == "write fizzbuzz"


def test_what_is_not_said_has_a_default() -> None:
    (case,) = cases([{"request": LINE["request"], "label": "general"}])
    assert (case.name, case.slice, case.dialect, case.code) == ("1", "", "chat", False)


@pytest.mark.parametrize("line", [{}, {"request": LINE["request"]}, {"request": [], "label": "code"}, "text"])
def test_what_is_no_case(line: object) -> None:
    with pytest.raises(NotACase, match="line 2"):
        list(cases([LINE, line]))  # type: ignore[list-item]


def test_lines(tmp_path: Path) -> None:
    file = tmp_path / "cases.jsonl"
    file.write_text('{"a": 1}\n\n{"b"\n', "utf-8")
    found = lines_of(file)
    assert next(found) == {"a": 1}
    with pytest.raises(NotACase, match="line 3"):
        next(found)
