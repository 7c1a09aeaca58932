"""Words that are told apart: tasks and topics, in every language that is spoken here."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.evidence import DETAIL_WORDS
from routing.lexicon import MORE_WORDS, PIECES_CHARS, WORDS_COUNTED, lexicon


def score(text: str) -> float:
    return sum(sight.weight for sight in lexicon(text))


def names(text: str) -> set[str]:
    return {sight.clue.name for sight in lexicon(text)}


@pytest.mark.parametrize(
    "text",
    [
        "Write a function that reverses a string",
        "Implementiere eine Funktion in Python",
        "Écris une fonction en Python",
        "Escribe una función en Python",
        "Escreva uma função em Python",
        "Scrivi una funzione in Python",
        "写一个函数来排序",
        "配列を並べ替える関数を書いて",
        "배열을 정렬하는 함수를 작성해",
        "напиши функцию сортировки",
        "एक प्रोग्राम लिखें",
        "اكتب برنامج لفرز قائمة",
    ],
)
def test_code_in_every_language(text: str) -> None:
    assert "write_code" in names(text)
    assert score(text) > 0.7


@pytest.mark.parametrize(
    "text",
    [
        "Write a poem about autumn",
        "Schreibe ein Gedicht über den Herbst",
        "Écris un poème sur l'automne",
        "Escribe un poema sobre el otoño",
        "Escreva um conto sobre o outono",
        "Scrivi una poesia sull'autunno",
        "请写一个关于秋天的故事",
        "秋についての物語を書いて",
        "가을에 대한 이야기를 써줘",
        "напиши рассказ об осени",
        "शरद ऋतु पर एक कविता लिखो",
        "اكتب قصة عن الخريف",
    ],
)
def test_prose_in_every_language(text: str) -> None:
    assert "prose" in names(text)
    assert score(text) < 0


@pytest.mark.parametrize(
    ("text", "clue"),
    [
        ("fix it", "fix"),
        ("add an option", "change"),
        ("what does this function do", "review"),
        ("write a commit message", "commit"),
        ("in c++ please", "language"),
        ("in C#?", "language"),
        ("with django", "framework"),
        ("the array", "programming"),
        ("in the current directory", "shell_task"),
        ("sort the rows", "database"),
        ("a github actions workflow", "configure"),
        ("translate to French", "rewrite"),
        ("Translate to French", "text_task"),
        ("the president", "world"),
        ("solve for x", "mathematics"),
        ("tell me about it", "talk"),
        ("a title for it", "title"),
        ("extract the names", "extract"),
    ],
)
def test_each_clue(text: str, clue: str) -> None:
    assert clue in names(text)


def test_first_words_count_at_the_beginning_only() -> None:
    assert "change" in names("support this")
    assert "change" not in names("I support this")


def test_a_long_phrase_must_be_there_as_it_is() -> None:
    assert "review" in names("well, what does this mean")
    assert "review" not in names("what does the wind say to this")


def test_more_words_weigh_more_up_to_a_bound() -> None:
    base = lexicon("poem")[0].weight
    assert lexicon("poem haiku")[0].weight == pytest.approx(base * (1 + MORE_WORDS))
    words = "poem haiku novel song essay joke recipe tweet"
    assert lexicon(words)[0].weight == pytest.approx(base * (1 + MORE_WORDS * (WORDS_COUNTED - 1)))
    assert lexicon("poem " * 50)[0].weight == base, "the same word again is no more"


def test_the_detail_names_a_few_words_of_ours() -> None:
    (sight,) = lexicon("a haiku, a novel, an essay, a sonnet by bob, a song")
    assert sight.detail == "essay, haiku, novel"
    assert sight.detail.count(",") == DETAIL_WORDS - 1


def test_pieces_are_looked_for_at_both_ends() -> None:
    assert "prose" in names("字" * 2000 + "写一封信")
    assert "prose" in names("写一封信" + "字" * 2000)
    assert "prose" not in names("字" * PIECES_CHARS + "写一封信" + "字" * PIECES_CHARS)


@given(st.text(max_size=300) | st.text(st.sampled_from("\ud800 a写프пक"), max_size=50))
def test_any_text_will_do(text: str) -> None:
    seen = [sight.clue.name for sight in lexicon(text)]
    assert len(seen) == len(set(seen))
    assert all(sight.weight * sight.clue.weight > 0 for sight in lexicon(text))
