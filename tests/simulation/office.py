"""An office with one gateway in front of one simulated provider, both real processes, and the time, which can be moved."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.line.aging import age
from tests.line.rig import ROOT, Gateway, Reply, gateway, start

HOUR = 3600


class Office:
    """One gateway in front of one provider."""

    running: Gateway

    def __init__(self, folder: Path, provider: str, warnings: dict[str, Any], general: str, **routing: Any) -> None:
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
            "routes": {"code": {"model": "gpt-6.1-sol"}, "general": {"model": general}},
            "routing": {"default": "code", **routing},
            "warnings": warnings,
        }

    def ask(self, path: str, body: dict[str, Any], headers: dict[str, str]) -> Reply:
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

    def command(self, *words: str) -> str:
        """What a command of ours prints over this gateway's home."""
        line = [sys.executable, "-m", "gateway", *words, "--home", str(self.folder / "home")]
        return subprocess.run(line, capture_output=True, text=True, cwd=ROOT, check=False).stdout


@contextmanager
def office(folder: Path, warnings: dict[str, Any], general: str = "gpt-6-luna", **routing: Any) -> Iterator[Office]:
    """For as long as the context lasts; `routing` is that of the config."""
    command = [sys.executable, "-m", "gateway", "simulate", "--port", "0", "--seed", "7"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        provider = next(line for line in process.stdout if "base URL" in line).split()[-1]
        made = Office(folder, provider, warnings, general, **routing)
        try:
            with gateway(folder, made.config) as running:
                made.running = running
                yield made
                made.running.stop()
        finally:
            process.terminate()
