"""What kind of work a request is: layers of evidence, the surest first, each a pure function of the signals.

    media → errands an agent runs for itself → the turn: its shape, its words, its harness, what was said before

The first two end the matter. The third adds up log-odds (`routing/evidence.py`); their sign says code or general, their
size how sure that is. Only bounded excerpts are looked at (`gateway/dialects/signals.py`), so a decision costs the same in
a long conversation as in a short one.
"""

import math
import re
from collections.abc import Sequence

from routing.evidence import BIAS, Sight
from routing.harness import harness, is_coding
from routing.lexicon import lexicon
from routing.shape import shape
from routing.types import AgentKind, Evidence, InputKind, OutputKind, Signals, Workload

MEDIA_CONFIDENCE = 0.99
ERRAND_CONFIDENCE = 0.97
STRUCTURE_WEIGHT = 5.0
"""Log-odds told where structure alone decided: the matter is not weighed, the number says so in `explain`."""
SCORE_MAX = 30.0
"""Beyond it the confidence is 1 in a float anyway."""

CLEAR = 1.0
"""From this weight on words say what is wanted of a diff or a traceback; it is a review where they say less."""

SHORT_CHARS = 60
"""A follow-up such as "yes, go on": up to here a turn inherits from the one before."""
SILENT = 0.8
"""A turn whose own words come to less than this either way says nothing."""
INHERITED = 0.9
"""Share of the previous turn's score that a follow-up takes over."""
REMEMBERED = 0.25
"""The same for a turn that stands by itself."""
INHERITED_MAX = 3.0
SETTLED = 3.0
"""From here on what was said before could not turn the verdict, so it is not read."""

_TITLE = re.compile(
    r"\btitle generator\b|\b(?:generate|write|create) (?:a|the) (?:[\w-]+,? ){0,4}title\b|^please write a \d-\d+ word title"
    r"|\bsummari[sz]e [^.]{0,60}\b(?:sidebar|in \d[^.]{0,12} words)"
)
_COMPACTION = re.compile(
    r"\bcontext checkpoint compaction\b|\bcontext (?:window )?is (?:almost |nearly )?full\b"
    r"|\bsummar\w+ (?:of )?(?:our|the|this) conversation\b[\s\S]{0,80}\b(?:agent|continu|so far|files)"
)
_OTHER_TOPIC = re.compile(
    r"\b(?:different|new|another|change of|unrelated) (?:topic|subject|question|thing|matter)\b|^on another note\b"
    r"|^unrelated\b|\bforget (?:the|that|about)\b|^(?:btw|by the way|off.topic)\b"
)
"""All three are matched against lower-case text."""
ERRAND_CHARS = 500
"""Of the turn's head, where an agent's own prompts say what they are."""


def classify(signals: Signals, agent: AgentKind = "main", client: str = "unknown", request_kind: str = "") -> Workload:
    """The workload of a request. `request_kind` is the client's own word for it, where it has one."""
    return by_media(signals) or by_errand(signals, agent, client, request_kind) or by_turn(signals, client)


def by_media(signals: Signals) -> Workload | None:
    """An image in the newest turn is for the general model, a screenshot of code included."""
    if signals.image:
        found = Evidence(name="image", weight=-STRUCTURE_WEIGHT, detail="an image in the newest turn")
        return Workload(input="image", output="visual_description", confidence=MEDIA_CONFIDENCE, evidence=(found,))
    if signals.audio:
        found = Evidence(name="audio", weight=-STRUCTURE_WEIGHT, detail="audio in the newest turn")
        return Workload(input="audio", output="prose", confidence=MEDIA_CONFIDENCE, evidence=(found,))
    return None


def by_errand(signals: Signals, agent: AgentKind, client: str, request_kind: str) -> Workload | None:
    """What an agent asks for itself: titles and topics are prose, the compaction of a coding session is code read."""
    kind = agent if agent in ("compaction", "auxiliary") else _errand_told(signals)
    if kind == "compaction":
        coding = is_coding(signals, client) or _told_before(signals) > 0
        weight = STRUCTURE_WEIGHT if coding else -STRUCTURE_WEIGHT
        found = Evidence(name="compaction", weight=weight, detail=f"a session of {client} is compacted")
        into: InputKind = "code" if coding else "prose"
        return Workload(input=into, output="prose", confidence=ERRAND_CONFIDENCE, evidence=(found,))
    if kind == "main":
        return None
    detail = f"{client} asks for itself ({request_kind or 'no tools'})" if agent == kind else "a title is wanted"
    found = Evidence(name="auxiliary", weight=-STRUCTURE_WEIGHT, detail=detail)
    return Workload(input="prose", output="title", confidence=ERRAND_CONFIDENCE, evidence=(found,))


def _errand_told(signals: Signals) -> AgentKind:
    """The errand that the text itself gives away; `main` for none. A word is looked for first, which costs less."""
    asked = signals.turn_text[:ERRAND_CHARS].lower()
    told = signals.system_text.lower() or asked
    if ("conversation" in asked or "context" in asked) and _COMPACTION.search(asked):
        return "compaction"
    if not signals.tools and ("title" in told or "sidebar" in told) and _TITLE.search(told):
        return "auxiliary"
    return "main"


def by_turn(signals: Signals, client: str) -> Workload:
    """The turn's own clues, the trade of its harness, and what a follow-up inherits."""
    shapes = shape(signals.turn_text)
    words = lexicon(signals.turn_text)
    silent = abs(sum(sight.weight for sight in (*shapes, *words))) < SILENT
    evidence = [Evidence(name="bias", weight=BIAS), *(sight.evidence() for sight in (*shapes, *words))]
    evidence += harness(signals, client, silent)
    score = sum(each.weight for each in evidence)
    if abs(score) < SETTLED and (before := _history(signals, silent)) is not None:
        evidence.append(before)
        score += before.weight
    into, out = _kinds(score, shapes, words, signals)
    confidence = 1 / (1 + math.exp(-min(abs(score), SCORE_MAX)))
    return Workload(input=into, output=out, confidence=confidence, evidence=tuple(evidence))


def _history(signals: Signals, silent: bool) -> Evidence | None:
    """What the conversation was about, which counts most where the turn is short and says little by itself."""
    if not signals.previous_text or _OTHER_TOPIC.search(signals.turn_text[: SHORT_CHARS * 2].lower()):
        return None
    share = INHERITED if silent and len(signals.turn_text) <= SHORT_CHARS else REMEMBERED
    before = max(-INHERITED_MAX, min(INHERITED_MAX, _told_before(signals)))
    return Evidence(name="history", weight=round(before * share, 3), detail="what was said before")


def _told_before(signals: Signals) -> float:
    """Score of the excerpt from before the newest turn."""
    text = signals.previous_text
    return BIAS + sum(sight.weight for sight in (*shape(text), *lexicon(text)))


def _kinds(
    score: float, shapes: Sequence[Sight], words: Sequence[Sight], signals: Signals
) -> tuple[InputKind, OutputKind]:
    """Both axes: the shape of the turn says what came in; its words say what is wanted, and its shape where they do not."""
    if score <= 0:
        wanted = _wanted(words, -1) or "prose"
        return "prose", "structured" if signals.structured and wanted == "prose" else wanted
    shown = max((sight for sight in shapes if sight.clue.shows), key=_weight, default=None)
    into = shown.clue.shows if shown is not None and shown.clue.shows else "prose"
    clear = [sight for sight in words if sight.weight >= CLEAR]
    return into, _wanted(clear, 1) or _wanted(shapes, 1) or _wanted(words, 1) or "code"


def _wanted(sights: Sequence[Sight], sign: int) -> OutputKind | None:
    """What the weightiest clue on one side asks for."""
    asking = [sight for sight in sights if sight.clue.asks and sight.weight * sign > 0]
    return max(asking, key=lambda sight: sight.weight * sign).clue.asks if asking else None


def _weight(sight: Sight) -> float:
    return sight.weight
