"""A text in words: what both the lexicon and the learned score look up."""

import re

from msgspec import Struct

SYLLABLES = re.compile("[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")
"""Scripts whose words are not told by spaces: Chinese and Japanese have none, Korean words carry their particles."""
_APART = bytes(code if code > 127 or chr(code).isalnum() or chr(code) in "+#" else 32 for code in range(256))
_APART_ASCII = bytes(code if code < 128 else 32 for code in _APART)
"""What parts words becomes a space. In bytes, because that is eight times as fast as a regular expression over text."""


TASK_CHARS = 400
"""A line longer than this is no task but the text itself."""


class Reading(Struct, frozen=True):
    """A text made ready once for everything that looks words up."""

    lowered: str
    words: list[bytes]
    task: list[bytes]
    """Of a text with several lines the words of its first and its last, where a task stands beside what was pasted."""
    syllabic: bool
    """Whether it is written, in part at least, in syllables."""


def reading(text: str) -> Reading:
    """The words of a text in lower case and UTF-8; `c++` and `c#` are words.

    Of a text in syllables only the words between them: in 在Python中 that is `python`.
    """
    lowered = text.lower()
    syllabic = not lowered.isascii() and SYLLABLES.search(lowered) is not None
    table = _APART_ASCII if syllabic else _APART
    words = _words(lowered, table)
    task = _words(_ends(lowered), table) if "\n" in lowered else words
    return Reading(lowered=lowered, words=words, task=task, syllabic=syllabic)


def _words(text: str, table: bytes) -> list[bytes]:
    return text.encode("utf-8", "replace").translate(table).split()


def _ends(text: str) -> str:
    """The first and the last line, each where it stands apart from what was pasted; all where neither does."""
    text = text.strip()
    first, last = text.find("\n"), text.rfind("\n")
    if first < 0:
        return text
    head, tail = text[:first].rstrip(), text[last + 1 :].lstrip()
    apart = text[first + 1 : first + 2] in ("\n", "`") or head.endswith((":", "?", "："))
    if not apart or len(head) > TASK_CHARS or head.startswith("```"):
        head = ""
    apart = text[last - 1 : last] in ("\n", "`")
    if not apart or len(tail) > TASK_CHARS or tail.startswith(("```", "- ", "* ")):
        tail = ""
    return f"{head} {tail}" if head or tail else text
