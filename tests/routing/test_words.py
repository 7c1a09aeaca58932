"""The tables of words keep the form that the look-up relies on."""

import re
from collections import Counter

import pytest

from routing import words
from routing.evidence import Clue

TABLES = {"english": words.ENGLISH, "other": words.OTHER_LANGUAGES, "first": words.FIRST}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES.keys())
def test_words_are_lower_case_and_stand_once_in_their_clue(table: dict[Clue, str]) -> None:
    for clue, listed in table.items():
        assert listed == listed.lower()
        twice = [word for word, times in Counter(listed.split()).items() if times > 1]
        assert not twice, clue.name


@pytest.mark.parametrize("clue", words.PHRASES, ids=lambda clue: clue.name)
def test_phrases_are_at_least_two_words(clue: Clue) -> None:
    for phrase in words.PHRASES[clue]:
        assert phrase == phrase.lower().strip()
        assert len(re.split(r"[ ';-]", phrase)) >= 2


@pytest.mark.parametrize("script", words.PIECES)
def test_pieces_are_of_their_script(script: str) -> None:
    for clue, pieces in words.PIECES[script].items():
        for piece in pieces.split():
            assert re.search(f"[{script}]", piece), (clue.name, piece)


def test_clues_have_names_of_their_own_and_one_side() -> None:
    clues = [each for each in vars(words).values() if isinstance(each, Clue)]
    assert len({clue.name for clue in clues}) == len(clues)
    prose = {"prose", "title", "structured"}
    assert all((clue.weight < 0) == (clue.asks in prose) for clue in clues if clue.asks)
