"""What is observed of a turn: named numbers, the same for training and for deciding. What each is worth is learned.

A clue counts as often as `lexicon` and `shape` say; the score of the text comes with its products with what changes its
worth. What was said before, and the instructions, are read only behind a turn too short to speak for itself.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct

from routing.evidence import BIAS, Sight
from routing.harness import FULL, harness
from routing.lexicon import clues_of
from routing.shape import shape
from routing.split import Reading, asked, reading
from routing.topic import other_topic
from routing.types import Evidence, Signals
from routing.words import PROSE, REWRITE, TEXT_TASK, TITLE

SHORT_CHARS = 60
"""A follow-up such as "yes, go on": up to here a turn inherits from the one before."""
LEANING_CHARS = 160
"""Up to here it may lean on the one before ("swap the third and the seventh, and print it again"), on as much of it."""
LONG_CHARS = 600
NAMED_CHARS = 300
"""A turn up to here that names something as programs name things is about that; a longer one may mention it."""
HEAD_CHARS, TAIL_CHARS = 720, 360
"""Of a turn, what is looked at: a task stands at either end, and the middle of a paste says no more than its ends."""
SILENT = 0.8
"""A turn whose own clues come to less than this either way says nothing."""
QUIET = 1.0
"""The same for the score of its words."""
IDLE = -1.5
"""A short turn in a programmer's agent whose words score above this is small talk before the work or amid it ("hi", "go
on"): a thread that began on the wrong model because of it would stay there."""
ASKS_PROSE = frozenset(clue.name for clue in (PROSE, REWRITE, TEXT_TASK, TITLE))
ASKED = {
    "data_tools": "data_asked", "data_prompt": "data_asked", "shell_tool": "shell_asked",
    "interpreter_tool": "interpreter_asked", "coding_tools": "coding_asked",
}  # fmt: skip
"""Somebody who has one trade alone is asked for that trade's work in anybody's words ("who was late most often?"), unless
the words ask for something to be written."""
AMONG = {
    "data_tools": "text_data", "data_prompt": "text_data", "shell_tool": "text_runner", "interpreter_tool": "text_runner",
    "coding_tools": "text_coding",
}  # fmt: skip
"""Where words weigh otherwise, the first of these that applies: "which author published most?" is trivia to a stranger and
a query to a database's agent."""
TECHNICAL = frozenset(
    ("language", "write_code", "query", "definition", "sql", "statement", "traceback", "diff", "configure", "formula",
     "term", "framework", "http", "inline_code", "error_code", "markup", "file")
)  # fmt: skip
"""Clues that stand for themselves among tools of another trade: a developer asks a shop's support about its API."""
NAMED = frozenset(
    ("language", "framework", "term", "configure", "option", "identifier", "file", "call", "operator", "http")
)
"""Clues that a short turn is about programs, where it asks for nothing to be written."""
HOW = frozenset(
    pair.encode()
    for pair in (
        "how to", "how do", "how can", "how could", "how would", "how should", "can you", "could you", "want to", "need to",
        "wie kann", "wie mache", "comment faire", "comment puis", "cómo puedo", "cómo hago", "como faço", "как сделать",
    )
)
MADE = frozenset(b"write create make build generate implement develop provide give".split())
"""Who asks how, or for something to be made, and names something of programs, is about to do it rather than talk of it."""
SIGNED = {"inline_code": "inline_asked", "signs": "signs_asked", "signs_dense": "dense_asked", "error_code": "error_asked"}
"""Signs of programs are the matter of a short turn that does not ask for prose."""
AMID = ("prose", "rewrite", "world", "talk", "mathematics")
"""Clues whose words a long text holds by the way: the story of an exercise has songs in it and wants a program."""
PLAIN = {"foreign": "plain_foreign", "other_tools": "other_plain", "coding_tools": "coding_plain"}
"""Where nothing of a turn looks like code, its language and its harness weigh differently."""
IDLE_OTHER = -0.5
"""The same for a turn that says that it is about something else."""
BRIEF_CHARS, QUIETLY_BRIEF_CHARS, IDLE_BRIEF, IDLE_PLAIN = 20, 32, -4.0, -3.0
"""A turn this brief ("say ok") names no topic, whatever its words; and a longer one, where nothing in it asks for prose, or
where it is not so sure that its words are about the world ("what's the weather in Lisbon")."""
QUESTION_MARKS = ("?", "？", "؟")
BEFORE_MAX = 3.0
PREVIOUS_MAX = 4.0
SYSTEM_MAX = 4.0

Score = Callable[[Reading], float]
Clear = Callable[[Mapping[str, float]], bool]
"""Whether what is observed of a turn says so much that what little it leans on the past could not turn it."""


class Seen(Struct, frozen=True):
    """The observations of a turn."""

    values: Mapping[str, float]
    equipment: Sequence[Evidence]
    shapes: Sequence[Sight]
    words: Sequence[Sight]


class Glance(Struct, frozen=True):
    """What of a turn does not depend on what was learned."""

    signals: Signals
    read: Reading
    shapes: Sequence[Sight]
    words: Sequence[Sight]
    equipment: Sequence[Evidence]
    values: Mapping[str, float]
    length: int
    coding: bool
    silent: bool
    previous: str
    """What is read of what was said before; empty behind a turn that speaks for itself."""
    asked: str
    """What stands around a paste: a task says little among a thousand words of the thing it is about."""


def unclear(_: Mapping[str, float]) -> bool:
    """So the past is always looked at: what is learned from, and corrected, shall hold all observations."""
    return False


def observe(signals: Signals, client: str, score: Score, clear: Clear = unclear) -> Seen:
    """All observations. `score` is the learned score of a text."""
    return scored(glance(signals, client), score, clear)


def glance(signals: Signals, client: str) -> Glance:
    """The clues, the harness, and what both say together."""
    text = looked_at(signals.turn_text)
    read = reading(text)
    shapes, words = shape(text), clues_of(read)
    sights = (*shapes, *words)
    values = {sight.clue.name: sight.weight / sight.clue.weight for sight in sights}
    silent = abs(sum([sight.weight for sight in sights])) < SILENT
    equipment = tuple(harness(signals, client, silent))
    for each in equipment:
        values[each.name] = each.weight / FULL[each.name]
    values |= dict.fromkeys(_together(signals, read, text, values, sights), 1.0)
    if "long" in values:
        values |= {f"{name}_long": values[name] for name in AMID if name in values}
    return Glance(
        signals=signals,
        read=read,
        shapes=shapes,
        words=words,
        equipment=equipment,
        values=values,
        length=len(text),
        coding="coding_tools" in values,
        silent=silent,
        previous=leaned_on(signals.previous_text, len(text)),
        asked=asked(text),
    )


def _together(
    signals: Signals, read: Reading, text: str, values: Mapping[str, float], sights: Sequence[Sight]
) -> Iterator[str]:
    """Facts of the turn, and what two observations say that neither says alone."""
    if not signals.turn_text.isascii():
        yield "foreign"
    plain = not any([sight.weight > 0 for sight in sights])
    if plain:
        yield "plain"
        yield from [both for other, both in PLAIN.items() if other in values or (other == "foreign" and not text.isascii())]
    if ASKS_PROSE.isdisjoint(values):
        yield from _unwritten(read, text, values)
    if "other_tools" in values and not TECHNICAL.isdisjoint(values):
        yield "other_yet_code"
    if "identifier" in values:
        yield from _named(signals, text)
    if text.rstrip().endswith(QUESTION_MARKS):
        yield "question"
        yield "question_plain" if plain else "question_shown"
    if len(text) <= SHORT_CHARS:
        yield "short"
    elif len(signals.turn_text) > LONG_CHARS:
        yield "long"
    if signals.system_text:
        yield "system"


def _unwritten(read: Reading, text: str, values: Mapping[str, float]) -> Iterator[str]:
    """What the turn is about, where it does not ask for prose: the trade of its harness, a report, something technical."""
    yield from [asked for equipment, asked in ASKED.items() if equipment in values]
    if "defect" in values and ("interface" in values or "thing" in values):
        yield "defect_shown"
    yield from [asked for sign, asked in SIGNED.items() if sign in values]
    if len(text) <= NAMED_CHARS and not NAMED.isdisjoint(values):
        yield "technical_near"
        if not (MADE.isdisjoint(read.words[:1]) and HOW.isdisjoint(read.pairs)):
            yield "technical_how"


def _named(signals: Signals, text: str) -> Iterator[str]:
    """What is named as programs name things may be the matter of a short turn, or a tool that is to be called."""
    if len(text) <= NAMED_CHARS:
        yield "identifier_near"
    if any(name in text for name in signals.tool_names):
        yield "tool_named"


def scored(seen: Glance, score: Score, clear: Clear = unclear) -> Seen:
    """A glance with the score of the words, what it is worth in its surroundings, and what was said before."""
    words_say = score(seen.read)
    short = seen.length <= SHORT_CHARS
    values = {**seen.values, "text": words_say}
    if short:
        values["text_short"] = words_say
    elif seen.length > LONG_CHARS:
        values["text_long"] = words_say
    if trades := [among for equipment, among in AMONG.items() if equipment in values]:
        values[trades[0]] = words_say
    if "other_tools" in values:
        values["text_other"] = words_say
    maker = "coding" if seen.coding else "prompted" if "coding_prompt" in seen.values else ""
    if maker:
        if abs(words_say) < QUIET:
            values[f"{maker}_quiet"] = 1.0
        brief = seen.length <= (QUIETLY_BRIEF_CHARS if ASKS_PROSE.isdisjoint(seen.values) else BRIEF_CHARS)
        if short and words_say > _idle_above(seen, brief):
            values[f"{maker}_idle"] = 1.0
            if brief:
                values[f"{maker}_brief"] = 1.0
    if seen.asked:
        values["text_asked"] = score(reading(seen.asked))
    values |= before(seen, score, lambda: clear(values))
    return Seen(values=values, equipment=seen.equipment, shapes=seen.shapes, words=seen.words)


def _idle_above(seen: Glance, brief: bool) -> float:
    """The score of its words above which a short turn in a programmer's agent is small talk."""
    if other_topic(seen.signals.turn_text):
        return IDLE_OTHER
    if not brief:
        return IDLE
    return IDLE_PLAIN if "plain" in seen.values and seen.length > BRIEF_CHARS else IDLE_BRIEF


def looked_at(turn: str) -> str:
    """The ends of a turn."""
    if len(turn) <= HEAD_CHARS + TAIL_CHARS:
        return turn
    return f"{turn[:HEAD_CHARS]}\n{turn[-TAIL_CHARS:]}"


def leaned_on(previous: str, length: int) -> str:
    """What a turn of this length may lean on of what was said before: a short one on all that is known of it."""
    if length <= SHORT_CHARS:
        return previous
    return previous[:LEANING_CHARS] if length <= LEANING_CHARS else ""


def before(seen: Glance, score: Score, clear: Callable[[], bool]) -> dict[str, float]:
    """What was said before, behind a turn that may lean on it; the instructions, behind one that opens with nothing. A turn
    of middle length that is clear by itself is not asked what it leans on."""
    signals, short = seen.signals, seen.length <= SHORT_CHARS
    if not signals.previous_text:
        if not short or not signals.system_text:
            return {}
        return {"system_text": clipped(score(reading(signals.system_text)), SYSTEM_MAX)}
    if other_topic(signals.turn_text):
        return {}
    found = {"previous": 1.0}
    if seen.previous and (short or not clear()):
        read = reading(seen.previous)
        found["previous_text" if short else "previous_longer"] = clipped(score(read), PREVIOUS_MAX)
        if short and seen.silent:
            found["previous_clues"] = clipped(_told(seen.previous, read), BEFORE_MAX)
    return found


def told(text: str) -> float:
    """Score of a text by its clues' own weights, without anything learned."""
    return _told(text, reading(text))


def _told(text: str, read: Reading) -> float:
    return BIAS + sum(sight.weight for sight in (*shape(text), *clues_of(read)))


def clipped(value: float, most: float) -> float:
    return max(-most, min(most, value))
