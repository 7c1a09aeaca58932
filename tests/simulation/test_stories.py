"""Three mornings after, told end to end: gateway and simulator are real processes, and their clocks are moved.

A Codex thread resumed the next day, a Claude Code thread after a long lunch, opencode with the date in its system prompt. What
the user sees, what the metrics and the ledger show, and what doing otherwise would have saved.
"""

import json
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager

import pytest

from tests.line.aging import age
from tests.line.rig import ROOT, gateway, start, wait_for

HOUR = 3600
CODEX = {"originator": "codex-tui", "user-agent": "codex-tui/0.169.0", "thread-id": "01a202cf-thread", "session-id": "01a202cf"}
CLAUDE = {"user-agent": "claude-cli/2.1.330 (external, cli)", "x-claude-code-session-id": "7e76aaac"}
OPENCODE = {"user-agent": "opencode/1.18.33 ai-sdk/provider-utils/4.0.40", "x-session-id": "ses_77"}
FILES = " ".join(f"def step_{number}(value): return value + {number}" for number in range(12_000))
"""What an agent has read by evening: some 125,000 tokens as the simulator counts."""


class Day:
    """One gateway in front of one provider, and the time."""

    def __init__(self, folder, provider: str, warnings: dict) -> None:
        self.folder = folder
        self.provider = provider
        upstream = {"url": provider, "key": "k"}
        self.config = {
            "version": 1,
            "upstreams": {
                "openai": {**upstream, "provider": "openai", "dialects": ["chat", "responses"]},
                "anthropic": {**upstream, "provider": "anthropic", "dialects": ["messages"]},
            },
            "models": {"gpt-*": {"upstream": "openai"}, "claude-*": {"upstream": "anthropic"}},
            "routes": {"code": {"model": "gpt-6.1-sol"}, "general": {"model": "gpt-6-luna"}},
            "routing": {"default": "code"},
            "warnings": warnings,
        }
        self.running = None

    def ask(self, path: str, body: dict, headers: dict):
        reply = self.running.ask(path, body, headers)
        assert reply.status in (200, 400, 429), reply.body
        return reply

    def passes(self, seconds: float) -> None:
        """Nobody speaks for so long."""
        self.running.stop()
        assert age(self.folder / "home", seconds) > 0
        control = self.provider.removesuffix("/v1") + "/__sim/advance"
        request = urllib.request.Request(control, json.dumps({"seconds": seconds}).encode())
        urllib.request.urlopen(request, timeout=10).close()
        self.running = start(self.folder, self.running.config)


@contextmanager
def day(folder, **warnings):
    command = [sys.executable, "-m", "gateway", "simulate", "--port", "0", "--seed", "7"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        provider = next(line for line in process.stdout if "base URL" in line).split()[-1]
        made = Day(folder, provider, warnings)
        try:
            with gateway(folder, made.config) as running:
                made.running = running
                yield made
                made.running.stop()
        finally:
            process.terminate()


def said(dialect: str, *talk: str) -> list[dict]:
    return [{"role": "assistant" if number % 2 else "user", "content": text} for number, text in enumerate(talk)]


def test_codex_the_next_morning(tmp_path):
    talk = ["Fix the third step.", "Which file?", FILES, "Fixed.", "And the fourth?", "Done.", "Good morning. Go on."]

    def body(turns: int) -> dict:
        tools = [{"type": "function", "name": "shell", "parameters": {}}]
        return {"model": "gpt-6.1-sol", "instructions": "You are Codex. " * 2_000, "tools": tools, "input": said("responses", *talk[:turns]), "stream": True}

    with day(tmp_path, inline=True) as office:
        for turns in (1, 3):
            office.running.row(office.ask("/v1/responses", body(turns), CODEX))
        evening = office.ask("/v1/responses", body(5), CODEX)
        assert evening.headers["x-pointsman-cache"] == "warm"
        warm = office.running.row(evening)
        office.passes(16 * HOUR)
        morning = office.ask("/v1/responses", body(7), CODEX)
        cold = office.running.row(morning)
        assert (morning.headers["x-pointsman-cache"], cold["cache_observed"]) == ("cold", "miss")
        assert warm["cache_read"] > 100_000 > cold["cache_read"]
        shown = morning.body.decode().split('"delta":"', 1)[1].split('"', 1)[0]
        assert shown.startswith("[Pointsman notice ")
        assert "Idle for 16 h: about" in shown
        assert cold["picos"] > 5 * warm["picos"]
        assert cold["wasted_cause"] == "past_lifetime"
        assert 0 < cold["wasted_picos"] < cold["picos"]
        assert office.running.metric("pointsman_stale_resumes_total", client="codex") == 1
        assert office.running.metric("pointsman_warnings_total", client="codex", channel="inline") == 1
        told_usd = float(morning.headers["x-pointsman-resume-usd"].split("go_on=")[1].split(",")[0])
        assert told_usd == pytest.approx(cold["picos"] / 1e12, rel=0.1), "what was told is what was paid"


def test_claude_code_after_a_long_lunch(tmp_path):
    def body(*talk: str) -> dict:
        turns = said("messages", *talk)
        for turn in (turns[0], turns[-1]):
            turn["content"] = [{"type": "text", "text": turn["content"], "cache_control": {"type": "ephemeral"}}]
        tools = [{"name": "Bash", "input_schema": {"type": "object"}}]
        return {"model": "claude-opus-5-5", "max_tokens": 64, "system": "You are Claude Code.", "tools": tools, "messages": turns}

    with day(tmp_path, ask_first=True) as office:
        office.running.row(office.ask("/v1/messages", body("Read this.\n" + FILES), CLAUDE))
        office.passes(70 * 60)
        resumed = body("Read this.\n" + FILES, "I have.", "Where were we?")
        asked = office.ask("/v1/messages", resumed, CLAUDE)
        assert (asked.status, asked.json["error"]["type"]) == (429, "billing_error")
        message = asked.json["error"]["message"]
        assert "Idle for 70 min" in message
        assert "Send it again to go on" in message
        paid = office.running.row(office.ask("/v1/messages", resumed, CLAUDE))
        assert paid["cache_read"] == 0
        fresh = office.ask("/v1/messages", body("A new thread: where is step_3?"), {**CLAUDE, "x-claude-code-session-id": "new"})
        assert office.running.row(fresh)["picos"] < paid["picos"] / 100, "what the refusal offered"


def test_opencode_with_the_date_in_its_system_prompt(tmp_path):
    today, tomorrow = (time.strftime("%a %b %d %Y", time.gmtime(time.time() + offset)) for offset in (0, 86_400))

    def body(date: str, *talk: str) -> dict:
        system = {"role": "system", "content": f"You are opencode.\nToday's date: {date}\n" + "Be brief. " * 400}
        tools = [{"type": "function", "function": {"name": "bash", "parameters": {}}}]
        return {"model": "gpt-6.1-sol", "tools": tools, "messages": [system, *said("chat", *talk)]}

    talk = ["Read this.\n" + FILES, "I have.", "Fix step_3."]
    with day(tmp_path) as office:
        office.running.row(office.ask("/v1/chat/completions", body(today, *talk[:1]), OPENCODE))
        same_day = office.running.row(office.ask("/v1/chat/completions", body(today, *talk), OPENCODE))
        assert same_day["cache_read"] > 100_000
        office.passes(20 * 60)
        reply = office.ask("/v1/chat/completions", body(tomorrow, *talk, "Fixed.", "Thanks. Next."), OPENCODE)
        midnight = office.running.row(reply)
        assert reply.headers["x-pointsman-cache"] == "broken"
        assert "Idle for 20 min and its system prompt changed" in reply.headers["x-pointsman-warning"]
        assert midnight["cache_read"] < 10_000, "twenty minutes are within the lifetime; the date is not"
        assert (midnight["wasted_cause"], midnight["wasted_picos"] > 10**11) == ("system_changed", True)
        lint = [sys.executable, "-m", "gateway", "lint-prompts", "--home", str(tmp_path / "home")]
        found = subprocess.run(lint, capture_output=True, text=True, cwd=ROOT, check=False)
        assert found.returncode == 1
        assert found.stdout.startswith("date_in_system     opencode of default: $0.")
        wasted = wait_for(lambda: office.running.metric("pointsman_wasted_usd_total", reason="system_changed") or None)
        assert wasted == pytest.approx(midnight["wasted_picos"] / 1e12)
