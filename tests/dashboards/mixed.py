"""A real gateway between mixed clients and a simulated provider, and everything that a dashboard shows happening to it.

All dialects and teams, streams, abandoned answers, errors of the provider's and of ours, threads that go on and that move; then
a kill -9, the same again, a night's rest after which threads are resumed cold, and a bill with a stranger's traffic on it.
"""

import hashlib
import json
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from tests.line.aging import age
from tests.line.rig import ROOT, start, wait_for

Json = dict[str, Any]
KEYS = {"payments": "k-payments", "research": "k-research", "support": "k-support"}
LIMITS = {"payments": "0.05", "research": "4", "support": "100"}
"""Dollars a month; the first is soon used up, and only warns."""
WORDS = ("Write fizzbuzz in Python.", "Where does the word pointsman come from?", "Fix this function and return a patch.")
HANDBOOK = "Mind the gap. " * 9_000
NIGHT_S = 15 * 3600.0
REFUSED = 2
"""Requests with a wrong key, over all."""
SCRAPES_S = 1.5
"""For so long nothing happens, so that a scrape sees what will be forgotten, and another that it is."""


def config(provider: str) -> Json:
    """What the gateway runs with; the provider's admin API is the simulator's."""
    common = {"url": provider, "key": "k", "reports": {"key": "sk-admin", "key_id": "key_" + digest("k")[:12]}}
    return {
        "version": 1,
        "upstreams": {
            "openai": {**common, "provider": "openai", "dialects": ["chat", "responses", "embeddings", "completions"]},
            "anthropic": {**common, "provider": "anthropic", "dialects": ["messages"]},
        },
        "models": {
            "gpt-6.1-sol": {"upstream": "openai"}, "gpt-6-luna": {"upstream": "openai"},
            "claude-opus-5-5": {"upstream": "anthropic"}, "claude-haiku-5-5": {"upstream": "anthropic"},
            "nobody-knows-its-price": {"upstream": "openai"}, "text-embedding-*": {"upstream": "openai"},
        },
        "routes": {
            "code": {"model": "gpt-6.1-sol", "by_dialect": {"messages": "claude-opus-5-5"}},
            "general": {"model": "gpt-6-luna", "by_dialect": {"messages": "claude-haiku-5-5"}},
        },
        "routing": {"default": "general", "min_confidence": 0.95, "matrix": [
            {"output": ["code", "patch"], "route": "code"}, {"route": "general"},
        ]},
        "rules": [{"name": "try-out", "when": {"dialect": ["chat"]}, "then": {"route": "general", "shadow": True}, "because": "a trial"}],
        "teams": {name: {"keys": ["sha256:" + digest(key)]} for name, key in KEYS.items()},
        "budgets": [
            {"name": f"{team}-month", "teams": [team], "window": "month", "usd": usd, "refuse_at": None}
            for team, usd in LIMITS.items()
        ],
        "warnings": {"at_least_usd": 0.001},
        "retries": {"attempts": 1},
    }  # fmt: skip


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class World:
    """The provider and the gateway, whichever of its lives it is in."""

    def __init__(self, folder: Path, workers: int) -> None:
        command = [sys.executable, "-m", "gateway", "simulate", "--port", "0"]
        self.simulator = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert self.simulator.stdout is not None
        self.provider = next(line for line in self.simulator.stdout if "base URL" in line).split()[-1]
        self.folder, self.path, self.workers = folder, folder / "pointsman.yaml", workers
        self._options = ("--workers", str(workers)) if workers > 1 else ()
        self.path.write_text(json.dumps(config(self.provider)))
        try:
            self.gateway = start(folder, self.path, options=self._options)
        except BaseException:
            self._end()
            raise
        self._talks: dict[str, list[Json]] = {}
        self.warned = 0
        """Answers that told of a cold cache."""
        self.captured = 0.0
        """The share of the bill that came through here, as the command says it."""

    def live(self) -> None:
        """All of it."""
        self.mixed(0)
        self._next(signal.SIGKILL)
        self.mixed(1)
        self.resumed()
        self._next(signal.SIGTERM, NIGHT_S)
        self.control("evict")
        self.warned = self.resumed()
        self._bill()
        wait_for(lambda: self.gateway.metric("pointsman_ledger_backlog_bytes") == 0 or None)

    def close(self) -> None:
        self.gateway.stop()
        self._end()

    def _end(self) -> None:
        self.simulator.terminate()
        self.simulator.wait(10)
        assert self.simulator.stdout is not None
        self.simulator.stdout.close()

    def _next(self, how: int, rest_s: float = 0.0) -> None:
        wait_for(lambda: self.gateway.metric("pointsman_inflight") == 0 or None)
        time.sleep(SCRAPES_S)
        port = self.gateway.port
        self.gateway.stop(how)
        if rest_s:
            assert age(self.folder / "home", rest_s)
        self.gateway = start(self.folder, self.path, options=self._options, port=port)
        time.sleep(SCRAPES_S)

    def _bill(self) -> None:
        """A stranger's request on the same account, and the command that finds it."""
        self._post(f"{self.provider}/chat/completions", {"model": "gpt-6-luna", "messages": [{"role": "user", "content": "hi"}]})
        wait_for(lambda: self.gateway.metric("pointsman_inflight") == 0 or None)
        command = [sys.executable, "-m", "gateway", "reconcile", "--config", str(self.path), "--home", str(self.folder / "home"),
                   "--since", "2d", "--format", "json"]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
        self.captured = json.loads(done.stdout)["captured"]

    def control(self, word: str) -> None:
        """The simulator's control room."""
        self._post(f"{self.provider.removesuffix('/v1')}/__sim/{word}", {})

    def _post(self, url: str, body: Json) -> None:
        head = {"content-type": "application/json", "authorization": "Bearer another-key"}
        with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), head), timeout=10):
            pass

    # traffic

    def mixed(self, round_: int) -> None:
        """All dialects, all teams; streams, some abandoned; errors of the provider's and of ours; threads that go on."""
        gateway = self.gateway
        for number in range(24):
            team = tuple(KEYS)[number % 3]
            key = {"authorization": f"Bearer {KEYS[team]}"}
            said = [{"role": "user", "content": f"{WORDS[number % 3]} {'Mind the details. ' * 400}"}]
            if number % 5 == 4:
                key["x-simulate-fault"] = "status:529"
            self._chat(key, said, "auto" if number % 4 else "gpt-6.1-sol", stream=number % 2 == 0)
            self._messages(key, said, stream=number % 2 == 1)
            gateway.ask("/v1/responses", {"model": "auto", "input": WORDS[number % 3]}, key)
        key = {"authorization": f"Bearer {KEYS['support']}"}
        said = [{"role": "user", "content": f"hello, round {round_}"}]
        gateway.ask("/v1/chat/completions", {"model": "general", "messages": said}, key)
        said += [{"role": "assistant", "content": "I see."}, {"role": "user", "content": "Go on."}]
        gateway.ask("/v1/chat/completions", {"model": "code", "messages": said}, key)
        self._chat(key, [{"role": "user", "content": "hello"}], "nobody-knows-its-price")
        gateway.ask("/v1/embeddings", {"model": "text-embedding-3-small", "input": "hello"}, key)
        gateway.ask("/v1/chat/completions", {"model": "auto", "messages": []}, {"authorization": "Bearer wrong"})
        abandoned = gateway.open("/v1/chat/completions", {"model": "auto", "stream": True, "messages": [
            {"role": "user", "content": f"count to a thousand, round {round_}"}]}, {**key, "x-simulate-output-tokens": "4000"})
        abandoned.recv(200)
        abandoned.close()

    def resumed(self) -> int:
        """A person's turn in a long thread of each team; how many were told that it is cold."""
        told = 0
        for team, key in KEYS.items():
            head = {"authorization": f"Bearer {key}", "anthropic-version": "2023-06-01", "x-claude-code-session-id": f"long-{team}",
                    "user-agent": "claude-cli/2.1.330 (external, cli)"}  # fmt: skip
            marked = [{"type": "text", "text": f"{team}: {HANDBOOK}", "cache_control": {"type": "ephemeral"}}]
            tools = [{"name": "Bash", "input_schema": {"type": "object"}}]
            said = self._talks.setdefault(team, [{"role": "user", "content": f"What does the handbook say, {team}?"}])
            body = {"model": "claude-opus-5-5", "max_tokens": 50, "system": marked, "tools": tools, "messages": said}
            for _ in range(2):
                told += "no longer cached" in self.gateway.ask("/v1/messages", body, head).headers.get("x-pointsman-warning", "")
                said += [{"role": "assistant", "content": "A lot."}, {"role": "user", "content": "Go on."}]
        return told

    def _chat(self, key: dict[str, str], said: list[Json], model: str, stream: bool = False) -> None:
        for turn in range(3):
            head = [{"role": "system", "content": "You are careful." if turn < 2 else "You are bold."}]
            body = {"model": model, "stream": stream, "messages": head + said}
            self.gateway.ask("/v1/chat/completions", body, key)
            said = [*said, {"role": "assistant", "content": "I see."}, {"role": "user", "content": "Go on."}]

    def _messages(self, key: dict[str, str], said: list[Json], stream: bool = False) -> None:
        marked = [{"type": "text", "text": "You are careful. " * 900, "cache_control": {"type": "ephemeral"}}]
        lines = {**key, "anthropic-version": "2023-06-01"}
        for _ in range(2):
            body = {"model": "auto", "max_tokens": 200, "stream": stream, "system": marked, "messages": said}
            self.gateway.ask("/v1/messages", body, lines)
            said = [*said, {"role": "assistant", "content": "I see."}, {"role": "user", "content": "Go on."}]
