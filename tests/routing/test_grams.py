"""Grams: each once, bounded whatever is pasted."""

from routing.grams import CHARS_MAX, HEAD_WORDS, NAMES, TAIL_WORDS, grams
from routing.split import reading


def test_the_kinds() -> None:
    found = grams(reading("Write a function, a short function"))
    assert found["word"] == {b"write", b"a", b"function", b"short"}
    assert b"a function" in found["pair"]
    assert found["stem"] == {b"funct"}, "all endings of a long word are one"
    assert found["opening"] == {b"write", b"write a", b" short function"}
    assert found.keys() <= set(NAMES)


def test_the_middle_of_a_paste_is_no_task() -> None:
    words = [f"w{number}" for number in range(1000)]
    found = grams(reading(" ".join(words)))
    assert found["task_word"] == {word.encode() for word in words[:HEAD_WORDS] + words[-TAIL_WORDS:]}
    assert len(found["pair"]) == 999
    assert len(found["word"]) == 1000


def test_characters_where_words_are_not_parted() -> None:
    found = grams(reading("写函数"))
    assert found["two"] == {"写函", "函数"}
    assert found["three"] == {"写函数"}
    assert "two" not in grams(reading("a function"))
    assert len(grams(reading("写" * 10_000 + "函"))["two"]) <= 2 * CHARS_MAX


def test_nothing() -> None:
    assert not any(grams(reading("")).values())
