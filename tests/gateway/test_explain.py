"""What explain tells is what the line would do: same stations, same memory, same refusals, and nothing sent."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cache.fingerprint import fingerprint
from cache.forecast import Forecast
from cache.priors import shipped
from cache.stores.memory import MemoryStore
from cache.survival import Survival
from cache.threads import Threads
from cache.types import ThreadRecord
from gateway.budgets.budgets import Budgets
from gateway.budgets.counters import LocalCounters
from gateway.config.compiled import Snapshot
from gateway.config.live import Live
from gateway.dialects.ask import read
from gateway.explain import PATHS, NotExplainable, explain_request
from gateway.house import House, Ids
from gateway.keys import KeyRing
from gateway.metering.journal import Journal
from gateway.metering.labels import labels_of
from gateway.metering.metrics import Metrics
from gateway.metering.prices import PriceBook
from gateway.pipeline import Pipeline
from gateway.wire.exchange import Answer
from gateway.wire.target import Target, head

NOW = 1_795_533_447.0
CONFIG = {
    "version": 1,
    "upstreams": {
        "openai": {"url": "https://api.openai.com/v1", "provider": "openai", "dialects": ["chat", "responses"]},
        "anthropic": {"url": "https://api.anthropic.com/v1", "provider": "anthropic", "dialects": ["messages"]},
        "vectors": {"url": "http://127.0.0.1:9/v1", "provider": "openai", "dialects": ["embeddings"]},
    },
    "models": {
        "coder": {"upstream": "openai"},
        "writer": {"upstream": "openai"},
        "claude-coder": {"upstream": "anthropic"},
        "claude-writer": {"upstream": "anthropic"},
        "embedder": {"upstream": "vectors"},
    },
    "routes": {
        "code": {"model": "coder", "by_dialect": {"messages": "claude-coder"}, "fallbacks": ["writer"]},
        "general": {"model": "writer", "by_dialect": {"messages": "claude-writer"}},
    },
    "routing": {
        "aliases": ["auto"],
        "default": "general",
        "min_confidence": 0.6,
        "matrix": [
            {"input": "image", "route": "general"},
            {"output": ["code", "patch", "config", "review"], "route": "code"},
            {"route": "general"},
        ],
    },
    "rules": [
        {"name": "no-poems", "when": {"keywords": ["sonnet"]}, "then": {"refuse": "no sonnets here"}},
        {"name": "night", "when": {"header": {"x-shift": "night"}}, "then": {"route": "general"}, "because": "cheap hours"},
    ],
    "teams": {"payments": {"keys": ["sha256:" + "0" * 64], "models": ["writer"]}},
}
CODE = "fix the crash in src/app.py"
PROSE = "write a poem about autumn"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Live:
    file = tmp_path_factory.mktemp("config") / "pointsman.yaml"
    file.write_text(json.dumps(CONFIG), "utf-8")
    return Live.open(file, {})


@pytest.fixture
def snapshot(live: Live) -> Snapshot:
    return live.current


@pytest.fixture
def house(live: Live, tmp_path: Path) -> Iterator[House]:
    threads = Threads(MemoryStore(), 100, 1e6, wall=lambda: NOW)
    journal = Journal.open(tmp_path / "journal", "worker-1")
    yield House(
        live=live,
        keys=KeyRing({}, ()),
        journal=journal,
        metrics=Metrics(**labels_of(live.current)),
        prices=PriceBook.load(()),
        threads=threads,
        forecast=Forecast(Survival(shipped())),
        budgets=Budgets(LocalCounters(10), LocalCounters(10)),
        seed=7,
        ids=Ids(1),
        wall=lambda: NOW,
        monotonic=itertools.count(1.0, 0.001).__next__,
        chance=lambda: 0.5,
    )
    threads.close()
    journal.close()


def body(text: str = CODE, model: str = "auto", **more: Any) -> bytes:
    return json.dumps({"model": model, "messages": [{"role": "user", "content": text}], **more}).encode()


def test_a_decision_by_its_work(snapshot: Snapshot) -> None:
    story = explain_request(snapshot, "chat", {}, body())
    assert (story["route"], story["model"], story["upstream"]) == ("code", "coder", "openai")
    assert (story["workload"]["output"], story["source"]) == ("patch", "classifier")
    assert story["fallbacks"] == ["writer"]
    assert story["refusal"] is None
    assert story["freshness"]["state"] == "unknown"
    assert story["elapsed_us"] > 0
    json.dumps(story)


@pytest.mark.parametrize("dialect", PATHS)
def test_each_dialect_has_its_model(snapshot: Snapshot, dialect: Any) -> None:
    request = body() if dialect != "responses" else json.dumps({"model": "auto", "input": CODE}).encode()
    story = explain_request(snapshot, dialect, {}, request)
    assert (story["route"], story["model"]) == ("code", "claude-coder" if dialect == "messages" else "coder")


@pytest.mark.parametrize(
    ("request_", "headers", "source", "model"),
    [
        (body(model="writer"), {}, "override", "writer"),
        (body(model="general"), {}, "override", "writer"),
        (body(), {"X-Shift": "night"}, "rule", "writer"),
        (body("A letter to my aunt"), {}, "classifier", "writer"),
        (body("Wow, python"), {}, "classifier", "coder"),
    ],
)
def test_the_work_is_told_whatever_decided(
    snapshot: Snapshot, request_: bytes, headers: dict[str, str], source: str, model: str
) -> None:
    story = explain_request(snapshot, "chat", headers, request_)
    assert (story["source"], story["model"]) == (source, model)
    assert story["workload"]["evidence"]
    assert story["would_change"]


def test_who_asks(snapshot: Snapshot) -> None:
    headers = {"User-Agent": "codex_exec/0.169.0 (Linux)", "Originator": "codex_exec", "Thread-Id": "t1"}
    caller = explain_request(snapshot, "chat", headers, body(), team="payments")["caller"]
    assert (caller["client"], caller["team"], caller["thread_rule"]) == ("codex", "payments", "codex")
    assert explain_request(snapshot, "chat", {}, body())["caller"]["thread_rule"] == "content_chain"


@pytest.mark.parametrize(
    ("request_", "team", "words"),
    [
        (body(model="nobody"), "default", "no model is called 'nobody'"),
        (body("a sonnet"), "default", "no sonnets here"),
        (body(model="coder"), "payments", "may not use 'coder'"),
        (body(model="embedder"), "default", "does not serve chat"),
    ],
)
def test_refusals_are_those_of_the_line(house: House, request_: bytes, team: str, words: str) -> None:
    story = explain_request(house.live.current, "chat", {}, request_, house, team)
    assert (story["model"], story["upstream"]) == (None, None)
    assert words in story["refusal"]
    if team == "default":
        asked = head("POST", Target(path=PATHS["chat"], query="", team=""), [], len(request_))
        answer = Pipeline(house).enter(asked, request_, 1.0)
        assert isinstance(answer, Answer)
        assert story["refusal"] in json.loads(answer.body)["error"]["message"]


@pytest.mark.parametrize("request_", [b"", b"[]", b"{}", b'{"model":"auto","model":"b"}', b"\xff"])
def test_what_cannot_be_read(snapshot: Snapshot, request_: bytes) -> None:
    with pytest.raises(NotExplainable):
        explain_request(snapshot, "chat", {}, request_)


def test_headers_that_no_client_can_send(snapshot: Snapshot) -> None:
    story = explain_request(snapshot, "chat", {"x-é": "日本\ud800", "\ud800": ""}, body(), team="\ud800")
    assert story["route"] == "code"


def remembered(house: House, request: bytes) -> ThreadRecord:
    """A record of the thread this request continues, on the general route."""
    ask = read(request, "chat", "chat")
    print_ = fingerprint("chat", ask.fields, house.seed, b"default")
    thread = f"chain:chat:{print_.first_turn.hex()}"
    return ThreadRecord(
        thread=thread, team="default", route="general", model="writer", served="writer", provider="openai",
        upstream="openai", dialect="chat", started_at=NOW - 60, last_end=NOW - 30, requests=1,
    )  # fmt: skip


def test_the_memory_of_threads_takes_part(house: House) -> None:
    request = body()
    assert explain_request(house.live.current, "chat", {}, request, house)["source"] == "classifier"
    house.threads.remember(remembered(house, request))
    story = explain_request(house.live.current, "chat", {}, request, house)
    assert (story["source"], story["route"], story["model"]) == ("sticky", "general", "writer")
    assert story["workload"]["output"] == "patch", "the work is told although the thread decided"
    assert story["freshness"]["idle_s"] == pytest.approx(30)
    assert explain_request(house.live.current, "chat", {}, request, house, "payments")["source"] == "classifier"


def test_nothing_is_left_behind(house: House) -> None:
    before = msgspec.to_builtins(house.threads.recent(10)), house.inside
    explain_request(house.live.current, "chat", {}, body(), house)
    assert (msgspec.to_builtins(house.threads.recent(10)), house.inside) == before


@pytest.mark.parametrize("text", [CODE, PROSE, "Hm"])
def test_it_agrees_with_the_line(house: House, text: str) -> None:
    request = body(text)
    story = explain_request(house.live.current, "chat", {}, request, house)
    asked = head("POST", Target(path=PATHS["chat"], query="", team=""), [], len(request))
    passage = Pipeline(house).enter(asked, request, 1.0)
    assert not isinstance(passage, Answer)
    intent = passage.intent  # type: ignore[attr-defined]
    assert (intent.route, intent.model, intent.upstream) == (story["route"], story["model"], story["upstream"])
    assert (intent.source, intent.reason) == (story["source"], story["reasons"][0]["word"])
    assert (intent.input_kind, intent.output_kind) == (story["workload"]["input"], story["workload"]["output"])
