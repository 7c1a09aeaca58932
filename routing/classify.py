"""What kind of work a request is: layers of evidence, the surest first, each a pure function of the signals.

    media → errands an agent runs for itself → the turn: its shape, its words, its harness, what was said before

The first two end the matter. The third adds up log-odds (`routing/evidence.py`); their sign says code or general, their
size how sure that is. Only bounded excerpts are looked at (`gateway/dialects/signals.py`), so a decision costs the same in
a long conversation as in a short one.
"""

import math
import re
from collections.abc import Mapping, Sequence
from itertools import repeat
from operator import mul

from msgspec import Struct

from routing.evidence import Sight
from routing.grams import grams
from routing.harness import is_coding
from routing.observe import PREVIOUS_MAX, Seen, observe, told
from routing.text import score_of
from routing.types import AgentKind, Evidence, InputKind, OutputKind, Signals, Workload
from routing.weights import Scored, weights

MEDIA_CONFIDENCE = 0.99
ERRAND_CONFIDENCE = 0.97
STRUCTURE_WEIGHT = 5.0
"""Log-odds told where structure alone decided: the matter is not weighed, the number says so in `explain`."""
UNWEIGHED = repeat(0.0)
"""The weight of an observation of which nothing was learned."""
SCORE_MAX = 30.0
"""Beyond it the confidence is 1 in a float anyway."""

CLEAR = 1.0
"""From this weight on words say what is wanted of a diff or a traceback; it is a review where they say less."""

_TITLE = re.compile(
    r"\btitle generator\b|\b(?:generate|write|create) (?:a|the) (?:[\w-]+,? ){0,4}title\b|^please write a \d-\d+ word title"
    r"|\bname (?:this|the) (?:chat|conversation|thread|session)\b|^title \((?:max|at most|up to)\b"
    r"|\bsummari[sz]e [^.]{0,60}\b(?:sidebar|in \d[^.]{0,12} words)"
)
_COMPACTION = re.compile(
    r"\bcontext checkpoint compaction\b|\bcontext (?:window )?is (?:almost |nearly )?full\b"
    r"|\bsummar\w+ (?:of )?(?:our|the|this) (?:conversation|session|work|transcript)\b"
    r"[\s\S]{0,120}\b(?:agent|continu|resum|so far|files?\b|next context|pick(?:s|ed)? up)"
    r"|\b(?:hand-?off|hand-?over) (?:summary|notes?|document)\b[\s\S]{0,120}\b(?:session|conversation|context)\b"
)
_QUOTED = re.compile(
    r"<(?:conversation|chat_history|history|transcript|messages?|user_message|task|session)>"
    r"|^#+ ?(?:chat history|conversation|聊天记录|会話)"
    r"|^(?:user|human|utilisateur|benutzer|usuario|utente|пользователь|用户|用戶|ユーザー?|사용자) ?[:：]",
    re.MULTILINE,
)
_LABEL = re.compile(
    r"\b(?:title|titel|titre|título|titolo|tags?|spinner|new (?:conversation )?topic)\b|\bsearch quer(?:y|ies)\b"
    r"|\bfollow-?up questions\b|\b(?:session|chat|conversation|thread|tab)(?:'s)? name\b"
    r"|标题|標題|标签|標籤|題名|タイトル|제목|заголовок"
)
"""What clients ask about a conversation that they quote, for themselves: what to call it, what to file it under, what next.
All are matched against lower-case text; a quotation has one of the signs, which cost less to look for."""
TOLD_AS = {
    "text_asked": "text", "text_short": "text", "text_long": "text",
    "previous": "history", "previous_text": "history", "previous_longer": "history", "previous_clues": "history",
    "text_other": "text", "text_data": "text", "text_runner": "text", "text_coding": "text",
    "prose_long": "prose", "rewrite_long": "rewrite", "world_long": "world", "talk_long": "talk",
    "mathematics_long": "mathematics",
    "coding_plain": "coding_tools", "coding_quiet": "coding_tools", "coding_idle": "coding_tools",
    "coding_brief": "coding_tools", "prompted_brief": "coding_prompt",
    "coding_asked": "coding_tools", "data_asked": "data_tools", "shell_asked": "shell_tool",
    "interpreter_asked": "interpreter_tool",
    "prompted_quiet": "coding_prompt", "prompted_idle": "coding_prompt",
    "inline_asked": "inline_code", "error_asked": "error_code",
    "signs_asked": "signs", "dense_asked": "signs", "signs_dense": "signs",
    "question_plain": "question", "question_shown": "question",
    "defect_shown": "defect", "technical_near": "term", "technical_how": "term",
    "identifier_near": "identifier", "tool_named": "identifier",
    "other_plain": "other_tools", "other_yet_code": "other_tools",
    "plain_foreign": "plain", "foreign": "plain",
    "short": "length", "long": "length",
    "system": "instructions", "system_text": "instructions",
}  # fmt: skip
"""Observations that are told as one piece of evidence."""
DETAILS = {
    "text": "the words, as learned",
    "history": "what was said before",
    "plain": "nothing looks like code",
    "instructions": "a system prompt, and what it asks for where the turn asks for nothing",
}
_CODING_WORDS = ("the code", "codebase", "repository", "files touched", "file names", "changed files")
"""In what is said of a session that is compacted."""
ERRAND_CHARS = 500
"""Of the turn's head, where an agent's own prompts say what they are."""


def classify(signals: Signals, agent: AgentKind = "main", client: str = "unknown", request_kind: str = "") -> Workload:
    """The workload of a request. `request_kind` is the client's own word for it, where it has one."""
    return by_media(signals) or by_errand(signals, agent, client, request_kind) or by_turn(signals, client)


def by_media(signals: Signals) -> Workload | None:
    """An image in the newest turn is for the general model, a screenshot of code included."""
    if signals.image:
        found = Evidence(name="image", weight=-STRUCTURE_WEIGHT, detail="an image in the newest turn")
        return _settled("image", "visual_description", MEDIA_CONFIDENCE, found)
    if signals.audio:
        found = Evidence(name="audio", weight=-STRUCTURE_WEIGHT, detail="audio in the newest turn")
        return _settled("audio", "prose", MEDIA_CONFIDENCE, found)
    return None


def by_errand(signals: Signals, agent: AgentKind, client: str, request_kind: str) -> Workload | None:
    """What an agent asks for itself: titles and topics are prose, the compaction of a coding session is code read."""
    kind = agent if agent in ("compaction", "auxiliary") else _errand_told(signals)
    if kind == "compaction":
        asked = signals.turn_text[:ERRAND_CHARS].lower()
        named = any(word in asked for word in _CODING_WORDS)
        coding = named or is_coding(signals, client) or told(signals.previous_text) > 0
        weight = STRUCTURE_WEIGHT if coding else -STRUCTURE_WEIGHT
        found = Evidence(name="compaction", weight=weight, detail=f"a session of {client} is compacted")
        into: InputKind = "code" if coding else "prose"
        return _settled(into, "prose", ERRAND_CONFIDENCE, found)
    if kind == "main":
        return None
    detail = f"{client} asks for itself ({request_kind or 'no tools'})" if agent == kind else "a title is wanted"
    found = Evidence(name="auxiliary", weight=-STRUCTURE_WEIGHT, detail=detail)
    return _settled("prose", "title", ERRAND_CONFIDENCE, found)


def _settled(into: InputKind, out: OutputKind, confidence: float, found: Evidence) -> Workload:
    """What a single piece of evidence decides."""
    return Workload(input=into, output=out, confidence=confidence, score=found.weight, tell=Alone(found))


def _errand_told(signals: Signals) -> AgentKind:
    """The errand that the text itself gives away; `main` for none. A word is looked for first, which costs less."""
    asked = signals.turn_text[:ERRAND_CHARS].lower()
    told = signals.system_text.lower() or asked
    session = "conversation" in asked or "context" in asked or "session" in asked or "the work so far" in asked
    if session and _COMPACTION.search(asked):
        return "compaction"
    return "auxiliary" if not signals.tools and (_titles(told) or _labels(asked)) else "main"


def _titles(told: str) -> bool:
    """Whether a title is asked for in so many words."""
    return ("title" in told or "sidebar" in told or "name th" in told) and _TITLE.search(told) is not None


def _labels(asked: str) -> bool:
    """Whether a label is asked for, and a conversation quoted behind it; a quoted task may speak of titles itself."""
    if not ("<" in asked or ":" in asked or "#" in asked or "：" in asked):
        return False
    quoted = _QUOTED.search(asked)
    return "isnewtopic" in asked or (quoted is not None and _LABEL.search(asked, 0, quoted.start()) is not None)


def by_turn(signals: Signals, client: str) -> Workload:
    """The turn's own clues and words, the trade of its harness, and what a follow-up inherits, each as it was learned."""
    learned = weights()
    worth = learned.score.observations
    leans = PREVIOUS_MAX * worth.get("previous_longer", 0.0) + abs(worth.get("previous", 0.0))

    def added(values: Mapping[str, float]) -> float:
        total: float = sum(map(mul, values.values(), map(worth.get, values, UNWEIGHED)))
        return learned.score.bias + total

    seen = observe(
        signals, client, lambda text: score_of(grams(text), learned), lambda values: abs(added(values)) > leans
    )
    score = added(seen.values)
    into, out = _kinds(score, seen.shapes, seen.words, signals)
    confidence = 1 / (1 + math.exp(-min(abs(score), SCORE_MAX)))
    return Workload(input=into, output=out, confidence=confidence, score=score, tell=Weighed(seen, learned.score))


class Alone(Struct, frozen=True):
    """A single piece of evidence that decides, told when it is asked for."""

    evidence: Evidence

    def __call__(self) -> tuple[Evidence, ...]:
        return (self.evidence,)


class Weighed(Struct, frozen=True):
    """Observations as evidence, told when it is asked for; those that are about one thing are told as one."""

    seen: Seen
    score: Scored

    def __call__(self) -> tuple[Evidence, ...]:
        sums: dict[str, float] = {"bias": self.score.bias}
        for name, value in self.seen.values.items():
            told_as = TOLD_AS.get(name, name)
            sums[told_as] = sums.get(told_as, 0.0) + value * self.score.observations.get(name, 0.0)
        details = {**DETAILS}
        for sight in (*self.seen.shapes, *self.seen.words):
            details[sight.clue.name] = sight.detail
        for each in self.seen.equipment:
            details[each.name] = each.detail
        return tuple([Evidence(name, weight, details.get(name, "")) for name, weight in sums.items()])


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
