"""What is observed of a turn: named numbers, the same for training and for deciding. What each is worth is learned.

A clue counts as often as `lexicon` and `shape` say; the score of the text comes with its products with what changes its
worth. What was said before, and the instructions, are read only behind a turn too short to speak for itself.
"""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from routing.evidence import BIAS, Sight
from routing.harness import FULL, harness, is_coding, prompts_coding
from routing.lexicon import clues_of
from routing.shape import shape
from routing.split import Reading, reading
from routing.topic import other_topic
from routing.types import Signals
from routing.words import PROSE, REWRITE, TEXT_TASK, TITLE

SHORT_CHARS = 60
"""A follow-up such as "yes, go on": up to here a turn inherits from the one before."""
NEAR_CHARS = 160
"""Up to here a turn may still lean on it."""
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
ASKS_PROSE = frozenset((PROSE, REWRITE, TEXT_TASK, TITLE))
ASKED = {
    "data_tools": "data_asked", "data_prompt": "data_asked", "shell_tool": "shell_asked",
    "interpreter_tool": "interpreter_asked", "coding_tools": "coding_asked",
}  # fmt: skip
"""Somebody who has one trade alone is asked for that trade's work in anybody's words ("who was late most often?"), unless
the words ask for something to be written."""
BEFORE_MAX = 3.0
PREVIOUS_MAX = 4.0
SYSTEM_MAX = 4.0

Score = Callable[[Reading], float]


class Seen(Struct, frozen=True):
    """The observations of a turn."""

    values: Mapping[str, float]
    details: Mapping[str, str]
    shapes: Sequence[Sight]
    words: Sequence[Sight]


def observe(signals: Signals, client: str, score: Score) -> Seen:
    """All observations. `score` is the learned score of a text."""
    text = looked_at(signals.turn_text)
    read = reading(text)
    shapes, words = shape(text), clues_of(read)
    sights = (*shapes, *words)
    values = {sight.clue.name: sight.weight / sight.clue.weight for sight in sights}
    details = {sight.clue.name: sight.detail for sight in sights if sight.detail}
    silent = abs(sum(sight.weight for sight in sights)) < SILENT
    for each in harness(signals, client, silent):
        values[each.name] = each.weight / FULL[each.name]
        details[each.name] = each.detail
    if not any(sight.clue in ASKS_PROSE for sight in sights):
        values |= {asked: 1.0 for equipment, asked in ASKED.items() if equipment in values}
    words_say = score(read)
    short = len(text) <= SHORT_CHARS
    plain = not any(sight.weight > 0 for sight in sights)
    values["text"] = words_say
    values |= {name: words_say for name, holds in (("text_short", short), ("text_long", len(text) > LONG_CHARS)) if holds}
    if plain and "other_tools" in values:
        values["other_plain"] = 1.0
    named = "identifier" in values
    if named and len(text) <= NAMED_CHARS:
        values["identifier_near"] = 1.0
    if named and signals.tool_names and any(name in text for name in signals.tool_names):
        values["tool_named"] = 1.0
    values |= {name: 1.0 for name, holds in _facts(signals, client, plain, words_say, short).items() if holds}
    values |= before(signals, score, short, short and silent)
    return Seen(values=values, details=details, shapes=shapes, words=words)


def looked_at(turn: str) -> str:
    """The ends of a turn."""
    if len(turn) <= HEAD_CHARS + TAIL_CHARS:
        return turn
    return f"{turn[:HEAD_CHARS]}\n{turn[-TAIL_CHARS:]}"


def _facts(signals: Signals, client: str, plain: bool, words_say: float, short: bool) -> Mapping[str, bool]:
    """What a turn looks like at a glance, and what its harness is worth where its words say nothing."""
    coding = is_coding(signals, client)
    prompted = not coding and prompts_coding(signals.system_text)
    foreign = not signals.turn_text.isascii()
    return {
        "short": short,
        "long": len(signals.turn_text) > LONG_CHARS,
        "plain": plain,
        "foreign": foreign,
        "plain_foreign": plain and foreign,
        "system": bool(signals.system_text),
        "coding_plain": coding and plain,
        "coding_quiet": coding and abs(words_say) < QUIET,
        "coding_idle": coding and short and words_say > IDLE,
        "prompted_quiet": prompted and abs(words_say) < QUIET,
        "prompted_idle": prompted and short and words_say > IDLE,
    }


def before(signals: Signals, score: Score, short: bool, says_nothing: bool) -> dict[str, float]:
    """What was said before, behind a turn that may lean on it; the instructions, behind one that opens with nothing."""
    text = signals.previous_text
    if not text:
        if not short or not signals.system_text:
            return {}
        return {"system_text": clipped(score(reading(signals.system_text)), SYSTEM_MAX)}
    if other_topic(signals.turn_text):
        return {}
    found = {"previous": 1.0}
    if len(signals.turn_text) <= NEAR_CHARS:
        read = reading(text)
        clues, words = clipped(_told(text, read), BEFORE_MAX), clipped(score(read), PREVIOUS_MAX)
        found |= {"previous_clues_near": clues, "previous_text_near": words}
        if short:
            found["previous_text"] = words
        if says_nothing:
            found["previous_clues"] = clues
    return found


def told(text: str) -> float:
    """Score of a text by its clues' own weights, without anything learned."""
    return _told(text, reading(text))


def _told(text: str, read: Reading) -> float:
    return BIAS + sum(sight.weight for sight in (*shape(text), *clues_of(read)))


def clipped(value: float, most: float) -> float:
    return max(-most, min(most, value))
