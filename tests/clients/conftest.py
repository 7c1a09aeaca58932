"""Real client programs against a real gateway in front of the built-in simulator."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.clients.install import FOLDER
from tests.line.rig import ROOT, Gateway, gateway, wait_for

PROGRAMS = {"codex": "codex", "claude": "claude", "opencode": "opencode"}


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.clients)


@dataclass
class Desk:
    """Where a client runs: its own home, an empty repository, and the gateway."""

    gateway: Gateway
    home: Path
    desk: Path

    def run(self, *command: str | Path, timeout: float = 90, **env: str) -> str:
        """Standard output of a client program, which must end well."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.home), "TERM": "dumb", **env}
        done = subprocess.run(
            [str(word) for word in command], cwd=self.desk, env=environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=timeout, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return done.stdout

    def rows(self, client: str) -> list[dict]:
        """What the ledger has of a client, oldest first, once it has all that was answered."""
        wait_for(lambda: self.gateway.metric("pointsman_inflight") == 0 or None)
        wait_for(lambda: self.gateway.metric("pointsman_ledger_lag_seconds") == 0 or None)
        return sorted(self.gateway.rows("AND client = ?", client), key=lambda row: row["at"])


@pytest.fixture
def desk(tmp_path):
    home, repository = tmp_path / "person", tmp_path / "repo"
    home.mkdir()
    repository.mkdir()
    subprocess.run(["git", "init", "-q", repository], check=True)
    with gateway(tmp_path, (ROOT / "pointsman.yaml").read_text()) as running:
        yield Desk(running, home, repository)


@pytest.fixture
def program():
    """The path of a client program; its name in, or a failure that says how to get it."""

    def find(name: str) -> Path:
        found = [path for path in (FOLDER / name).rglob(PROGRAMS.get(name, name)) if path.is_file() and os.access(path, os.X_OK)]
        assert found, f"{name} is not there; `make test-clients` fetches it"
        return found[0]

    return find


def events(output: str) -> list[dict]:
    """JSON lines of a client's output."""
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]
