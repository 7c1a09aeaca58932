"""What kind of work a request is: layers of evidence, the surest first, each a pure function of the signals.

    media → auxiliary requests → the turn's own words, read in their harness and in what was said before

The first two end the matter. The third adds up log-odds (`routing/evidence.py`); their sign says code or general, their
size how sure that is. Only bounded excerpts are looked at (`gateway/dialects/signals.py`), so a decision costs the same in
a long conversation as in a short one.
"""

import math
import re

from routing.evidence import BIAS, SHORT_CHARS, STRUCTURE, TASKS, Clue
from routing.types import AgentKind, Evidence, InputKind, OutputKind, Signals, Workload

CODING_CLIENTS = frozenset(
    ("codex", "claude-code", "opencode", "aider", "qwen-code", "gemini-cli", "roo-code", "crush", "copilot", "continue")
)
"""Programs whose only trade is code; what they compact is a coding session."""
_CODING_TOOL = re.compile(
    r"bash|shell|exec|terminal|command|edit|write|patch|str_replace|grep|glob|(?:^|_)(?:read|run|create|list|search)_?"
    r"(?:file|code|repo|dir|test)|^(?:read|ls|run|python|notebook)",
    re.IGNORECASE,
)
CODING_TOOLS_MIN = 2
_CODING_SYSTEM = re.compile(
    r"\bcod(?:e|ing)\b|software|engineer|developer|repositor|programm|codebase|\bCLI\b|\bSQL\b|\bCodex\b", re.IGNORECASE
)
_TITLE = re.compile(r"\btitle generator\b|\b(?:generate|write) (?:a|the) (?:\w+,? ){0,4}title\b", re.IGNORECASE)

MEDIA_CONFIDENCE = 0.99
AUXILIARY_CONFIDENCE = 0.97
HARNESS_ALONE = 2.6
"""Weight of coding tools when the turn itself says nothing: an agent that can edit files was not opened to chat."""
HARNESS_BESIDE = 0.6
CODING_PROMPT = 1.1
OTHER_TOOLS = -2.0
"""Tools of which none works on code: calendars, shops, searches."""
AT_WORK = 1.5
"""The newest turn is a tool's result inside a coding harness."""
INHERITED = 0.8
"""Share of the previous turn's score that a short follow-up takes over."""
REMEMBERED = 0.15
"""The same for a turn that can stand by itself."""
INHERITED_MAX = 3.0
_GENERAL_OUTPUTS: tuple[OutputKind, ...] = ("title", "structured", "prose")


def classify(signals: Signals, agent: AgentKind = "main", client: str = "unknown", request_kind: str = "") -> Workload:
    """The workload of a request. `request_kind` is the client's own word for it, where it has one."""
    return (
        _by_media(signals)
        or _by_errand(signals, agent, client, request_kind)
        or _by_words(signals, client)
    )


def _by_media(signals: Signals) -> Workload | None:
    """An image in the newest turn is for the general model, a screenshot of code included."""
    if signals.image:
        found = Evidence(name="image", weight=-5.0, detail="an image in the newest turn")
        return Workload(input="image", output="visual_description", confidence=MEDIA_CONFIDENCE, evidence=(found,))
    if signals.audio:
        found = Evidence(name="audio", weight=-5.0, detail="audio in the newest turn")
        return Workload(input="audio", output="prose", confidence=MEDIA_CONFIDENCE, evidence=(found,))
    return None


def _by_errand(signals: Signals, agent: AgentKind, client: str, request_kind: str) -> Workload | None:
    """Requests an agent makes for itself: titles and topics are prose, the compaction of a coding session is not."""
    if agent == "compaction":
        coding = client in CODING_CLIENTS or _has_coding_tools(signals)
        found = Evidence(name="compaction", weight=3.0 if coding else -3.0, detail=f"a session of {client} is compacted")
        into: InputKind = "code" if coding else "prose"
        return Workload(input=into, output="prose", confidence=AUXILIARY_CONFIDENCE, evidence=(found,))
    title = not signals.tools and _TITLE.search(signals.system_text or signals.turn_text[:SHORT_CHARS * 4])
    if agent == "auxiliary" or title:
        detail = f"{client} asks for itself ({request_kind or 'no tools'})" if agent == "auxiliary" else "a title is wanted"
        found = Evidence(name="auxiliary", weight=-3.0, detail=detail)
        return Workload(input="prose", output="title", confidence=AUXILIARY_CONFIDENCE, evidence=(found,))
    return None


def _by_words(signals: Signals, client: str) -> Workload:
    """The turn's own clues, its harness, and what a follow-up inherits."""
    clues = [clue for clue in (*STRUCTURE, *TASKS) if clue.pattern.search(signals.turn_text)]
    evidence = [Evidence(name="bias", weight=BIAS)]
    evidence += [Evidence(name=clue.name, weight=clue.weight) for clue in clues]
    evidence += _harness(signals, client, alone=not clues)
    evidence += _history(signals, clues)
    score = sum(each.weight for each in evidence)
    into, out = _kinds(score, clues, signals)
    confidence = 1 / (1 + math.exp(-min(abs(score), 30.0)))
    return Workload(input=into, output=out, confidence=confidence, evidence=tuple(evidence))


def _harness(signals: Signals, client: str, alone: bool) -> list[Evidence]:
    """What the tools and the system prompt say about the trade of whoever asks."""
    found = []
    coding = client in CODING_CLIENTS or _has_coding_tools(signals)
    if coding:
        weight = HARNESS_ALONE if alone else HARNESS_BESIDE
        found.append(Evidence(name="coding_tools", weight=weight, detail=f"{signals.tools} tools of {client}"))
        if signals.newest_role == "tool":
            found.append(Evidence(name="at_work", weight=AT_WORK, detail="a tool's result is newest"))
    elif signals.tools:
        found.append(Evidence(name="other_tools", weight=OTHER_TOOLS, detail=f"{signals.tools} tools, none for code"))
    if _CODING_SYSTEM.search(signals.system_text):
        found.append(Evidence(name="coding_prompt", weight=CODING_PROMPT, detail="the system prompt speaks of code"))
    return found


def _history(signals: Signals, clues: list[Clue]) -> list[Evidence]:
    """What the conversation was about, which counts most where the turn is short and says little."""
    if not signals.previous_text:
        return []
    before = sum(clue.weight for clue in (*STRUCTURE, *TASKS) if clue.pattern.search(signals.previous_text))
    before = max(-INHERITED_MAX, min(INHERITED_MAX, before + BIAS))
    short = len(signals.turn_text) < SHORT_CHARS and not any(clue.asks == "prose" for clue in clues)
    share = INHERITED if short else REMEMBERED
    return [Evidence(name="history", weight=round(before * share, 3), detail="the turn before")]


def _kinds(score: float, clues: list[Clue], signals: Signals) -> tuple[InputKind, OutputKind]:
    """Both axes: the strongest clue on the side that won names each of them."""
    if score > 0:
        shown = max((clue for clue in clues if clue.shows), key=_weight, default=None)
        asked = max((clue for clue in clues if clue.asks and clue.weight > 0), key=_weight, default=None)
        out = asked.asks if asked is not None and asked.asks else "code"
        return (shown.shows if shown is not None and shown.shows else "prose"), out
    asked = min((clue for clue in clues if clue.asks in _GENERAL_OUTPUTS), key=_weight, default=None)
    if asked is not None and asked.asks:
        return "prose", asked.asks
    return "prose", "structured" if signals.structured else "prose"


def _weight(clue: Clue) -> float:
    return clue.weight


def _has_coding_tools(signals: Signals) -> bool:
    found = 0
    for name in signals.tool_names:
        if _CODING_TOOL.search(name):
            found += 1
            if found >= CODING_TOOLS_MIN:
                return True
    return False
