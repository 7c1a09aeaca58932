"""What real programs make of a warning: shown once, never sent back, and the gate is passed by asking again."""

import json
import os
import subprocess

import pytest

from tests.clients.conftest import events
from tests.line.aging import age
from tests.line.rig import ROOT, gateway, start, wait_for

LOW = '\n  at_least_usd: "0.0001"\n  at_least_times: 1.1\n'


class Night:
    """A desk whose gateway sleeps for fifteen hours and wakes at the same address."""

    def __init__(self, folder, codex) -> None:
        self.folder, self.codex = folder, codex
        self.home, self.desk = folder / "person", folder / "repo"
        self.home.mkdir()
        subprocess.run(["git", "init", "-q", self.desk], check=True)
        self.running = None

    def ask(self, *words: str) -> list[dict]:
        config = (
            'model = "gpt-5.5"\nmodel_provider = "gw"\n[model_providers.gw]\nname = "gw"\nwire_api = "responses"\n'
            f'env_key = "GW_KEY"\nbase_url = "{self.running.base}/v1"\n'
        )
        (self.home / "config.toml").write_text(config)
        # `codex exec` is run by scripts; the terminal's own name stands for a person here
        env = {"PATH": os.environ["PATH"], "HOME": str(self.home), "CODEX_HOME": str(self.home), "GW_KEY": "k", "TERM": "dumb",
               "CODEX_INTERNAL_ORIGINATOR_OVERRIDE": "codex-tui"}  # fmt: skip
        command = [str(self.codex), "exec", "--json", "--skip-git-repo-check", *words]
        done = subprocess.run(command, cwd=self.desk, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=90, check=False)
        return events(done.stdout)

    def passes(self) -> None:
        self.running.stop()
        assert age(self.folder / "home", 15 * 3600) == 1
        self.running = start(self.folder, self.running.config)


@pytest.fixture
def night(tmp_path, program):
    made = Night(tmp_path, program("codex"))

    def begun(option: str):
        config = (ROOT / "pointsman.yaml").read_text()
        at = config.index("\nwarnings:\n") + len("\nwarnings:")
        end = config.index("\n\n", at)
        config = f"{config[:at]}{LOW}  {option}: true{config[end:]}"
        with gateway(tmp_path, config) as running:
            made.running = running
            (thread,) = (each["thread_id"] for each in made.ask("[[say: good evening]]") if "thread_id" in each)
            made.passes()
        return made, thread

    yield begun
    if made.running is not None:
        made.running.stop()


def told(events_: list[dict]) -> list[str]:
    return [each["item"]["text"] for each in events_ if each["type"] == "item.completed"]


def test_codex_shows_a_notice_once_and_it_is_gone_from_what_is_sent(night):
    desk, thread = night("inline")
    first = told(desk.ask("resume", thread, "[[say: good morning]]"))
    assert first[0].startswith("[Pointsman notice ")
    assert first[1:] == ["good morning"]
    assert told(desk.ask("resume", thread, "[[say: go on]]")) == ["go on"]
    rows = wait_for(lambda: found if len(found := desk.running.rows("AND client = 'codex'")) == 3 else None)
    last = max(rows, key=lambda row: row["at"])
    assert (last["cache_state"], last["cache_observed"]) == ("warm", "hit"), "the prompt is the one the provider knows"


def test_codex_is_asked_first_and_the_next_request_passes(night):
    desk, thread = night("ask_first")
    refused = desk.ask("resume", thread, "[[say: good morning]]")
    (message,) = (each["error"]["message"] for each in refused if each["type"] == "turn.failed")
    assert "Idle for 15 h" in message
    assert message.endswith("start a new thread first.")
    assert json.dumps(refused).count("good morning") == 0
    assert told(desk.ask("resume", thread, "[[say: good morning]]")) == ["good morning"]
