"""Words: what parts them, and which scripts have none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.split import ASKED_CHARS, asked, reading


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


@pytest.mark.parametrize(
    ("text", "task"),
    [
        ("one line alone", "one line alone"),
        ("Translate into Dutch:\nport: 80\nhost: a", "translate into dutch"),
        ("port: 80\nhost: a\n\nmake this shorter", "make this shorter"),
        ("Shorten.\n\nport: 80\n\nThanks!", "shorten thanks"),
        ("```\nport: 80\n```\nwhat is it", "what is it"),
        ("port: 80\nhost: a", "port 80 host a"),
        ("What is it?\n```\nport: 80\n```", "what is it"),
        ("Rules:\n\n- one\n\n- two", "rules"),
        ('Put "I am late, sorry" into Danish', "put into danish"),
        ("Make it shorter: the parser reads a file and returns", "make it shorter"),
        ("a: b", "a b"),
    ],
)
def test_a_task_beside_a_paste(text: str, task: str) -> None:
    assert [word.decode() for word in reading(text).task] == task.split()


PASTE = "The parser reads a file and returns its tree, the compiler writes what the tree means."


@pytest.mark.parametrize(
    ("text", "around"),
    [
        (f"Who reads this?\n```\n{PASTE}\n```\nShort, please.", "Who reads this?\n \nShort, please."),
        (f"{PASTE * 3}\n\n---\nTranslate to English.", "---\nTranslate to English."),
        (f"For our customers.\n\n{PASTE}\n\n{PASTE}\n\nFriendly!", "For our customers.\nFriendly!"),
        (f"{'a' * (ASKED_CHARS + 1)}\n\n{PASTE * 5}\n\nShorter", "Shorter"),
        (f"<file>\n{PASTE}\nsum it up", "sum it up"),
        ("Who would ever read this?\n```\nparse()\n```", ""),
        (PASTE, ""),
        ("", ""),
    ],
)
def test_what_stands_around_a_paste(text: str, around: str) -> None:
    assert asked(text) == around
