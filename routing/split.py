"""A text in words: what both the lexicon and the learned score look up."""

import re
from itertools import pairwise

from msgspec import Struct

SYLLABLES = re.compile("[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")
"""Scripts whose words are not told by spaces: Chinese and Japanese have none, Korean words carry their particles."""
_APART = bytes(code if code > 127 or chr(code).isalnum() or chr(code) in "+#" else 32 for code in range(256))
_APART_ASCII = bytes(code if code < 128 else 32 for code in _APART)
"""What parts words becomes a space. In bytes, because that is eight times as fast as a regular expression over text."""


_QUOTED = re.compile(r"\"[^\"\n]{6,}\"|“[^”\n]{6,}”|„[^“\n]{6,}“|«[^»\n]{6,}»|「[^」\n]{4,}」|”[^”\n]{6,}”")
_QUOTES = frozenset('"“„«「”')
HEAD_MIN, HEAD_MAX, MATERIAL_MIN = 12, 100, 20
"""Where the colon behind a task stands, and what follows it at least."""
TASK_CHARS = 400
"""A line longer than this is no task but the text itself."""
ASKED_CHARS, ASKED_SHARE = 200, 0.5
"""The same of a paragraph; and of a text more than this share is not what stands around a paste."""


class Reading(Struct, frozen=True):
    """A text made ready once for everything that looks words up."""

    lowered: str
    words: list[bytes]
    pairs: frozenset[bytes]
    """Of neighbouring words, with a space between them."""
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
    pairs = paired(words)
    named = _ends(lowered) if "\n" in lowered else _apart(lowered)
    task = words if named is lowered else _words(named, table)
    return Reading(lowered=lowered, words=words, pairs=pairs, task=task, syllabic=syllabic)


def paired(words: list[bytes]) -> frozenset[bytes]:
    """Neighbouring words with a space between them: as bytes they take less room than as a pair, and keep their hash."""
    return frozenset(map(b" ".join, pairwise(words)))


def _words(text: str, table: bytes) -> list[bytes]:
    return text.encode("utf-8", "replace").translate(table).split()


def _apart(text: str) -> str:
    """A line without what it quotes, and without what follows a colon: that is what the task is about, not the task."""
    quotes = '"' in text or not (text.isascii() or _QUOTES.isdisjoint(text))
    kept = _QUOTED.sub(" ", text) if quotes else text
    head = kept.find(": ", HEAD_MIN, HEAD_MAX)
    if head > 0 and len(kept) - head > MATERIAL_MIN:
        kept = kept[:head]
    return text if len(kept) == len(text) else kept


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


def asked(text: str) -> str:
    """What stands around a paste: all that is outside of fences, or a short first and last paragraph, or line where there
    are no paragraphs; empty where nothing seems to be pasted. A part that a tag opens is no request of a person.

    Wider than the ends whose words are looked up as a task's: taking one for both made both worse."""
    if "```" in text:
        found = " ".join(text.split("```")[::2]).strip()
    else:
        parts = text.split("\n\n" if "\n\n" in text else "\n")
        ends = (parts[0], parts[-1]) if len(parts) > 1 else ()
        found = "\n".join([part for part in ends if len(part) <= ASKED_CHARS and part[:1] != "<"]).strip()
    return found if len(found) <= ASKED_SHARE * len(text) else ""
