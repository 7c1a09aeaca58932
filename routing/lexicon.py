"""What the words of a turn ask for: a hand-weighted lexicon of tasks and topics.

Text goes in, clues come out; a better text score takes this file's place without the rest noticing. Words and pairs of
words are looked up in sets, what scripts without spaces have for them as pieces of text, so the cost grows with the text
and hardly with the lexicon.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import chain

from routing.evidence import Clue, Sight
from routing.split import Reading, reading
from routing.words import ENGLISH, FIRST, OTHER_LANGUAGES, PHRASES, PIECES

MORE_WORDS = 0.35
"""What each further word of the same clue adds, as a share of its weight."""
WORDS_COUNTED = 4
PIECES_CHARS = 450
"""Of either end, where pieces are looked for: each is a search of its own, and a task is named at an end."""


def _words(groups: Mapping[Clue, str]) -> dict[bytes, tuple[Clue, ...]]:
    table: dict[bytes, tuple[Clue, ...]] = {}
    for clue, words in groups.items():
        for word in words.encode().split():
            table[word] = (*table.get(word, ()), clue)
    return table


def _pairs(groups: Mapping[Clue, tuple[str, ...]]) -> dict[bytes, tuple[tuple[str, Clue], ...]]:
    table: dict[bytes, tuple[tuple[str, Clue], ...]] = {}
    for clue, phrases in groups.items():
        for phrase in phrases:
            pair = b" ".join(reading(phrase).words[:2])
            table[pair] = (*table.get(pair, ()), (phrase, clue))
    return table


_OF_WORD = {**_words(OTHER_LANGUAGES), **_words(ENGLISH)}
_OF_FIRST = _words(FIRST)
_OF_PAIR = _pairs(PHRASES)
_KNOWN_WORDS = frozenset(_OF_WORD)
_KNOWN_PAIRS = frozenset(_OF_PAIR)
_FOREIGN = re.compile(f"[{''.join(PIECES)}]")
_OF_SCRIPT = tuple(
    (re.compile(f"[{script}]"), tuple((piece, clue) for clue, pieces in groups.items() for piece in pieces.split()))
    for script, groups in PIECES.items()
)


def lexicon(text: str) -> list[Sight]:
    """The clues of a text; each once, weightier the more of its words there are."""
    return clues_of(reading(text))


def clues_of(text: Reading) -> list[Sight]:
    """The clues of a text that has been read."""
    lowered, words = text.lowered, text.words
    found: dict[str, tuple[Clue, list[str]]] = {}
    for word, clue in chain(_by_word(words), _by_phrase(text.pairs, lowered), _by_piece(lowered)):
        if (seen := found.get(clue.name)) is None:
            found[clue.name] = (clue, [word])
        else:
            seen[1].append(word)
    return [_sight(clue, seen) for clue, seen in found.values()]


def _by_word(words: list[bytes]) -> Iterator[tuple[str, Clue]]:
    for clue in _OF_FIRST.get(words[0], ()) if words else ():
        yield f"{words[0].decode()} ...", clue
    for word in _KNOWN_WORDS.intersection(words):
        for clue in _OF_WORD[word]:
            yield word.decode(), clue


def _by_phrase(pairs: frozenset[bytes], lowered: str) -> Iterator[tuple[str, Clue]]:
    for pair in _KNOWN_PAIRS & pairs:
        for phrase, clue in _OF_PAIR[pair]:
            if phrase.count(" ") < 2 or phrase in lowered:
                yield phrase, clue


def _by_piece(lowered: str) -> Iterator[tuple[str, Clue]]:
    if lowered.isascii() or (found := _FOREIGN.search(lowered)) is None:
        return
    for script, pieces in _OF_SCRIPT:
        if script.match(found[0]):
            part = lowered if len(lowered) <= 2 * PIECES_CHARS else lowered[:PIECES_CHARS] + lowered[-PIECES_CHARS:]
            yield from ((piece, clue) for piece, clue in pieces if piece in part)


def _sight(clue: Clue, seen: list[str]) -> Sight:
    more = min(len(seen), WORDS_COUNTED) - 1
    return Sight(clue=clue, weight=clue.weight * (1 + MORE_WORDS * more), words=seen)
