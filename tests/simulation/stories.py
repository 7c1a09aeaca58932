"""Three mornings after, told end to end: a Codex thread resumed the next day, a Claude Code thread after a long lunch, opencode
with the date in its system prompt. What the user sees, what Grafana's panels show, what was paid and what it would have cost.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.dashboards.queries import boards, filled
from tests.dashboards.scraping import Scraped, scraping
from tests.line.rig import Reply, wait_for
from tests.simulation.office import HOUR, Office, office

CODEX = {"originator": "codex-tui", "user-agent": "codex-tui/0.169.0", "thread-id": "01a202cf-thread", "session-id": "01a202cf"}
CLAUDE = {"user-agent": "claude-cli/2.1.330 (external, cli)", "x-claude-code-session-id": "7e76aaac"}
OPENCODE = {"user-agent": "opencode/1.18.33 ai-sdk/provider-utils/4.0.40", "x-session-id": "ses_77"}
FILES = " ".join(f"def step_{number}(value): return value + {number}" for number in range(12_000))
"""What an agent has read by evening: some 125,000 tokens as the simulator counts."""
PANELS = ("Stale resumes", "Cost of lost caches", "Lost share of spend", "Foretold and seen", "Wasted by reason")
_HEADERS = ("cache", "resume-usd", "warning")

Row = Mapping[str, Any]


@dataclass
class Story:
    """What came of one."""

    replies: dict[str, Reply] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)
    """The ledger's line for each reply."""
    panels: dict[str, dict[str, float]] = field(default_factory=dict)
    """What dashboards show of the moment that matters, by panel and series."""
    printed: dict[str, str] = field(default_factory=dict)
    """Commands and what they printed."""
    metrics: dict[str, float] = field(default_factory=dict)

    def headers(self, name: str) -> dict[str, str]:
        """The lines of an answer that tell of its cache."""
        found = self.replies[name].headers
        return {f"x-pointsman-{word}": found[f"x-pointsman-{word}"] for word in _HEADERS if f"x-pointsman-{word}" in found}

    def usd(self, name: str) -> float:
        """What an answer cost."""
        return float(self.rows[name]["picos"]) / 1e12


def said(*talk: str) -> list[dict[str, Any]]:
    return [{"role": "assistant" if number % 2 else "user", "content": text} for number, text in enumerate(talk)]


def codex_the_next_morning(folder: Path, prometheus: Path) -> Story:
    """Codex, streaming; the team has notices in the answer."""
    talk = ["Fix the third step.", "Which file?", FILES, "Fixed.", "And the fourth?", "Done.", "Good morning. Go on."]

    def body(turns: int) -> dict[str, Any]:
        tools = [{"type": "function", "name": "shell", "parameters": {}}]
        asked = {"model": "gpt-6.1-sol", "instructions": "You are Codex. " * 2_000, "tools": tools, "stream": True}
        return {**asked, "input": said(*talk[:turns])}

    story = Story()
    with office(folder, {"inline": True}) as day:
        for turns in (1, 3):
            _ask(day, story, f"turn {turns}", "/v1/responses", body(turns), CODEX)
        _ask(day, story, "evening", "/v1/responses", body(5), CODEX)
        day.passes(16 * HOUR)
        _watched(
            day, story, prometheus, "past_lifetime", lambda: _ask(day, story, "morning", "/v1/responses", body(7), CODEX)
        )
        for name, labels in (("stale_resumes", {"client": "codex"}), ("warnings", {"client": "codex", "channel": "inline"})):
            story.metrics[name] = day.running.metric(f"pointsman_{name}_total", **labels)
        _print(day, story, "spend", "--by", "client", "--compare")
        _print(day, story, "spend", "--wasted")
    return story


def claude_code_after_a_long_lunch(folder: Path, prometheus: Path) -> Story:
    """Claude Code; the team is asked first."""

    def body(*talk: str) -> dict[str, Any]:
        turns = said(*talk)
        for turn in turns[:: max(1, len(turns) - 1)]:  # the first and the last
            turn["content"] = [{"type": "text", "text": turn["content"], "cache_control": {"type": "ephemeral"}}]
        tools = [{"name": "Bash", "input_schema": {"type": "object"}}]
        asked = {"model": "claude-opus-5-5", "max_tokens": 64, "tools": tools}
        asked["system"] = "You are Claude Code. " * 2_000
        return {**asked, "messages": turns}

    story = Story()
    with office(folder, {"ask_first": True}) as day:
        talk = ["Fix the third step.", "Which file?", FILES, "Fixed."]
        for turns in (1, 3):
            _ask(day, story, f"turn {turns}", "/v1/messages", body(*talk[:turns]), CLAUDE)
        day.passes(70 * 60)
        resumed = body(*talk, "Where were we?")
        story.replies["asked"] = day.ask("/v1/messages", resumed, CLAUDE)
        anew = {**CLAUDE, "x-claude-code-session-id": "new"}
        _ask(day, story, "anew", "/v1/messages", body("A new thread: where is step_3?"), anew)
        _watched(
            day, story, prometheus, "past_lifetime", lambda: _ask(day, story, "resumed", "/v1/messages", resumed, CLAUDE)
        )
        _print(day, story, "spend", "--wasted")
    return story


def opencode_with_the_date_in_its_system_prompt(folder: Path, prometheus: Path) -> Story:
    """opencode over midnight, with the date where every prompt begins; and with the date in the newest message instead."""
    today, tomorrow = (time.strftime("%a %b %d %Y", time.gmtime(time.time() + offset)) for offset in (0, 86_400))

    def body(date: str, *talk: str) -> dict[str, Any]:
        system = {"role": "system", "content": f"You are opencode.\nToday's date: {date}\n" + "Be brief. " * 400}
        tools = [{"type": "function", "function": {"name": "bash", "parameters": {}}}]
        return {"model": "gpt-6.1-sol", "tools": tools, "messages": [system, *said(*talk)]}

    talk = ["Fix the third step.", "Which file?", FILES, "Fixed.", "And the fourth?"]
    later = (*talk, "Done.", "Thanks. Next.")
    moved = {**OPENCODE, "x-session-id": "ses_78"}
    place = "/v1/chat/completions"
    story = Story()
    with office(folder, {}) as day:
        for session, dated in ((OPENCODE, today), (moved, "in the messages")):
            for turns in (1, 3):
                _ask(day, story, f"turn {turns}", place, body(dated, *talk[:turns]), session)
            _ask(day, story, "same day", place, body(dated, *talk), session)
        day.passes(20 * 60)
        _watched(
            day, story, prometheus, "system_changed",
            lambda: _ask(day, story, "midnight", place, body(tomorrow, *later), OPENCODE),
        )  # fmt: skip
        story.metrics["wasted"] = day.running.metric("pointsman_wasted_usd_total", reason="system_changed")
        said_so = (*later[:-1], f"{later[-1]}\nToday's date: {tomorrow}")
        _ask(day, story, "moved", place, body("in the messages", *said_so), moved)
        _print(day, story, "lint-prompts")
    return story


STORIES: dict[str, Callable[[Path, Path], Story]] = {
    "codex": codex_the_next_morning,
    "claude": claude_code_after_a_long_lunch,
    "opencode": opencode_with_the_date_in_its_system_prompt,
}


def _ask(day: Office, story: Story, name: str, path: str, body: dict[str, Any], headers: dict[str, str]) -> None:
    reply = day.ask(path, body, headers)
    story.replies[name], story.rows[name] = reply, day.running.row(reply)


def _watched(day: Office, story: Story, prometheus: Path, cause: str, what: Callable[[], None]) -> None:
    """Do something while Prometheus looks on, and keep what the panels show of it."""

    def whole() -> None:
        what()
        wait_for(lambda: day.running.metric("pointsman_wasted_usd_total", reason=cause) or None)

    home = day.folder / "prometheus"
    home.mkdir()
    with scraping(prometheus, home, day.running.port) as scraped:
        seen = scraped.around(whole)
        story.panels = {name: _shown(seen, name) for name in PANELS}


def _shown(seen: Scraped, title: str) -> dict[str, float]:
    """What a panel shows, by the labels of its series."""
    (target,) = [
        target for board in boards() for panel in board["panels"] if panel.get("title") == title for target in panel["targets"]
    ]
    return seen.instant(filled(target["expr"], seen.span_ms))


def _print(day: Office, story: Story, *words: str) -> None:
    story.printed["pointsman " + " ".join(words)] = day.command(*words)
