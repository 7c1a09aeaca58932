"""A text as the learned score sees it: words, pairs, stems and characters, each once.

Each kind is a set, because a word that a paste repeats fifty times says no more than once. Known grams are looked up in a
vocabulary rather than a hash taken of each: it costs less in Python, nothing collides, and `explain` can name the words.
"""

from collections.abc import Hashable, Mapping, Set
from functools import lru_cache
from itertools import pairwise

from routing.split import Reading

Grams = Mapping[str, Set[Hashable]]

HEAD_WORDS = 24
TAIL_WORDS = 16
"""Where a task is named, whatever is pasted in between: these words count for themselves as well."""
CHARS_MAX = 400
"""Of either end, where characters are paired."""
STEM_ASCII, STEM_WIDE = 5, 10
"""Bytes of a word that stand for all its endings: five letters of Latin or of Cyrillic script."""
PIECE, ENDING = 4, 3
"""Letters of a run inside a word, and of its ending: what a word that was never seen has in common with one that was."""
END = b"$"
"""Behind an ending, which no word holds."""
WORDS_CACHED = 8192
"""Words whose pieces are remembered: most of what people write is made of fewer, and they take 2 MB."""

NAMES = ("word", "pair", "stem", "piece", "task_word", "task_pair", "opening", "two", "three")
"""Kinds of grams; the last two are runs of characters where a script has no spaces."""


def grams(text: Reading) -> dict[str, Set[Hashable]]:
    """The grams of a text by kind."""
    words = text.words
    task = _ends(text.task)
    seen = set(words)
    found: dict[str, Set[Hashable]] = {
        "word": seen,
        "pair": text.pairs,
        "stem": {word[:STEM_ASCII] if word[0] < 128 else word[:STEM_WIDE] for word in seen if len(word) > STEM_ASCII},
        "piece": set().union(*map(pieces, task if text.task is words else _ends(words))),
        "task_word": seen if task is words else set(task),
        "task_pair": text.pairs if task is words else set(pairwise(task)),
        "opening": {tuple(words[:1]), tuple(words[:2]), (b"", *words[-2:])} if words else set(),
    }
    if text.syllabic:
        lowered = text.lowered
        part = lowered if len(lowered) <= 2 * CHARS_MAX else lowered[:CHARS_MAX] + lowered[-CHARS_MAX:]
        found["two"] = set(map("".join, pairwise(part)))
        found["three"] = {part[at : at + 3] for at in range(len(part) - 2)}
    return found


def _ends(words: list[bytes]) -> list[bytes]:
    return words if len(words) <= HEAD_WORDS + TAIL_WORDS else words[:HEAD_WORDS] + words[-TAIL_WORDS:]


@lru_cache(maxsize=WORDS_CACHED)
def pieces(word: bytes) -> tuple[bytes, ...]:
    """Runs of letters behind the first, and the ending, of a word that is longer than a run.

    A letter is one byte, two or three, as the first one of the word is; what is cut amid a letter is never learned.
    """
    if len(word) <= PIECE:
        return ()
    wide = 1 if word[0] < 0x80 else 2 if word[0] < 0xE0 else 3
    run = PIECE * wide
    return (*(word[at : at + run] for at in range(wide, len(word) - run + 1, wide)), word[-ENDING * wide :] + END)
