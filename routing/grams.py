"""A text as the learned score sees it: words, pairs, stems and characters, each once.

Each kind is a set, because a word that a paste repeats fifty times says no more than once. Known grams are looked up in a
vocabulary rather than a hash taken of each: it costs less in Python, nothing collides, and `explain` can name the words.
"""

from collections.abc import Mapping, Set
from operator import add

from routing.split import Reading, paired

Gram = bytes | str
"""Words, with a space between them where there are two; or characters."""
Grams = Mapping[str, Set[Gram]]

HEAD_WORDS = 24
TAIL_WORDS = 16
"""Where a task is named, whatever is pasted in between: these words count for themselves as well."""
CHARS_MAX = 400
"""Of either end, where characters are paired."""
STEM_ASCII, STEM_WIDE = 5, 10
"""Bytes of a word that stand for all its endings: five letters of Latin or of Cyrillic script."""

NAMES = ("word", "pair", "stem", "task_word", "task_pair", "opening", "two", "three")
"""Kinds of grams; the last two are runs of characters where a script has no spaces."""


def grams(text: Reading) -> dict[str, Set[Gram]]:
    """The grams of a text by kind."""
    words = text.words
    task = text.task if len(text.task) <= HEAD_WORDS + TAIL_WORDS else text.task[:HEAD_WORDS] + text.task[-TAIL_WORDS:]
    seen = set(words)
    found: dict[str, Set[Gram]] = {
        "word": seen,
        "pair": text.pairs,
        "stem": _stems(seen, text.lowered.isascii()),
        "task_word": seen if task is words else set(task),
        "task_pair": text.pairs if task is words else paired(task),
        "opening": {words[0], b" ".join(words[:2]), b" ".join((b"", *words[-2:]))} if words else set(),
    }
    if text.syllabic:
        lowered = text.lowered
        part = lowered if len(lowered) <= 2 * CHARS_MAX else lowered[:CHARS_MAX] + lowered[-CHARS_MAX:]
        twos = [*map(add, part, part[1:])]
        found["two"] = set(twos)
        found["three"] = set(map(add, twos, part[2:]))
    return found


def _stems(words: Set[bytes], plain: bool) -> set[bytes]:
    if plain:
        return {word[:STEM_ASCII] for word in words if len(word) > STEM_ASCII}
    return {word[:STEM_ASCII] if word[0] < 128 else word[:STEM_WIDE] for word in words if len(word) > STEM_ASCII}
