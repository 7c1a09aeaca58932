"""`POST /pointsman/explain` over HTTP: its form, its errors, whose team it answers for."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from cache.stores.memory import MemoryStore
from cache.threads import Threads
from gateway.api import explain
from gateway.budgets.budgets import Budgets
from gateway.budgets.counters import LocalCounters
from gateway.config.live import Live
from gateway.keys import KeyRing

EXAMPLE = Path(__file__).parents[3] / "pointsman.yaml"
TEAMS = f"""teams:
  payments:
    keys: ["sha256:{hashlib.sha256(b"sk-pay").hexdigest()}"]
admin:
  keys: ["sha256:{hashlib.sha256(b"sk-admin").hexdigest()}"]
limits:
  body_mb: 1
"""
CHAT = {"model": "auto", "messages": [{"role": "user", "content": "fix the crash in src/app.py"}]}


def served(folder: Path, keys: bool) -> Iterator[TestClient]:
    file = folder / "pointsman.yaml"
    text = EXAMPLE.read_text("utf-8")
    if keys:
        head, _, rest = text.partition("teams: {}")
        retries = rest[rest.index("\nretries:") : rest.index("\nlimits:")]
        text = head + TEAMS + retries + "\n"
    file.write_text(text, "utf-8")
    live = Live.open(file, {})
    snapshot = live.current
    app = FastAPI()
    threads = Threads(MemoryStore(), 100, 1e6)
    app.state.house = SimpleNamespace(
        forecast=None,
        budgets=Budgets(LocalCounters(10), LocalCounters(10)),
        live=live,
        keys=KeyRing(snapshot.teams, snapshot.admin_digests),
        threads=threads,
        seed=7,
        wall=lambda: 1_795_533_447.0,
        thread_of=lambda response, team: None,
    )
    app.include_router(explain.router)
    yield TestClient(app)
    threads.close()


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    yield from served(tmp_path, keys=False)


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[TestClient]:
    yield from served(tmp_path, keys=True)


def test_the_contract(client: TestClient) -> None:
    answer = client.post("/pointsman/explain", json={"dialect": "chat", "headers": {"x-a": "b"}, "request": CHAT})
    assert answer.status_code == 200
    story = answer.json()
    assert (story["route"], story["model"], story["upstream"]) == ("code", "gpt-6.1-sol", "openai")
    assert {"input", "output", "confidence"} <= story["workload"].keys()
    assert story["freshness"]["state"] == "unknown"
    assert story["elapsed_us"] > 0
    assert isinstance(story["reasons"], list)


def test_chat_is_the_default_and_messages_go_elsewhere(client: TestClient) -> None:
    assert client.post("/pointsman/explain", json={"request": CHAT}).json()["upstream"] == "openai"
    answer = client.post("/pointsman/explain", json={"dialect": "messages", "request": CHAT})
    assert answer.json()["upstream"] == "anthropic"


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"request":{}}', b'{"request":3}', b'{"request":{"model":"auto"},"x":1}', b"\xff",
     b'{"request":{"model":"auto"},"dialect":"telex"}', b'{"request":{"model":"auto","model":"b"}}'],
)  # fmt: skip
def test_what_is_no_question(client: TestClient, body: bytes) -> None:
    answer = client.post("/pointsman/explain", content=body)
    assert answer.status_code == 400
    assert answer.json()["detail"]


def test_a_key_is_needed_and_names_the_team(guarded: TestClient) -> None:
    question: dict[str, Any] = {"request": CHAT, "team": "search"}
    assert guarded.post("/pointsman/explain", json=question).status_code == 401
    team = guarded.post("/pointsman/explain", json=question, headers={"authorization": "Bearer sk-pay"})
    assert team.json()["caller"]["team"] == "payments", "whatever it claims"
    admin = guarded.post("/pointsman/explain", json=question, headers={"authorization": "Bearer sk-admin"})
    assert admin.json()["caller"]["team"] == "search"


def test_a_body_over_the_bound(guarded: TestClient) -> None:
    huge = json.dumps({"request": {**CHAT, "pad": "x" * 2_000_000}}).encode()
    answer = guarded.post("/pointsman/explain", content=huge, headers={"x-api-key": "sk-pay"})
    assert answer.status_code == 413
