"""Words: what parts them, and which scripts have none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.split import reading


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Fix it, in C++ and C#!", [b"fix", b"it", b"in", b"c++", b"and", b"c#"]),
        ("src/app.py", [b"src", b"app", b"py"]),
        ("Übersetze das", ["übersetze".encode(), b"das"]),
        ("在Python中写", [b"python"]),
        ("", []),
    ],
)
def test_words(text: str, words: list[bytes]) -> None:
    assert reading(text).words == words


def test_scripts_in_syllables() -> None:
    assert reading("写一首诗").syllabic
    assert reading("함수").syllabic
    assert not reading("напиши функцию").syllabic


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    found = reading(text)
    assert all(word and b" " not in word for word in found.words)
    assert found.lowered == text.lower()
