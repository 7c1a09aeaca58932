"""A real gateway, mixed traffic, a kill -9 in the middle, a real Prometheus: what the dashboards say is what the ledger says.

The provider is the built-in simulator, so nothing leaves the machine.
"""

import contextlib
import hashlib
import json
import math
import signal
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gateway.metering.types import KINDS
from tests.dashboards.queries import boards, filled
from tests.dashboards.scraping import Scraped, scraping
from tests.line.rig import Gateway, start, wait_for

pytestmark = pytest.mark.timeout(700)  # Prometheus may have to be installed first

Json = dict[str, Any]
KEYS = {"payments": "k-payments", "research": "k-research", "support": "k-support"}
CONFIG = {
    "version": 1,
    "upstreams": {
        "openai": {"url": "https://api.openai.com/v1", "key": "", "provider": "openai",
                   "dialects": ["chat", "responses", "embeddings", "completions"]},
        "anthropic": {"url": "https://api.anthropic.com/v1", "key": "", "provider": "anthropic", "dialects": ["messages"]},
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
    "routing": {"default": "general", "matrix": [
        {"output": ["code", "patch"], "route": "code"}, {"route": "general"},
    ]},
    "teams": {name: {"keys": ["sha256:" + hashlib.sha256(key.encode()).hexdigest()]} for name, key in KEYS.items()},
    "retries": {"attempts": 1},
}  # fmt: skip
WORDS = ("Write fizzbuzz in Python.", "Where does the word pointsman come from?", "Fix this function and return a patch.")
QUIET = {"Budget accounts by level", "Budget used", "Rules in shadow", "Share of the bill", "Stale resumes by client"}
"""Panels that rightly show nothing here: no budget or rule is set, nobody reconciles, no cache had time to run out."""


class Seen(NamedTuple):
    """A gateway after its traffic, and the Prometheus that watched."""

    gateway: Gateway
    scraped: Scraped


@pytest.fixture(scope="module")
def seen(prometheus: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    folder = tmp_path_factory.mktemp("gateway")
    path = folder / "pointsman.yaml"
    path.write_text(json.dumps(CONFIG))
    first = start(folder, path)
    second: list[Gateway] = []

    def traffic() -> None:
        mixed(first, 0)
        time.sleep(1.5)  # a scrape sees the refusals, which no ledger holds
        first.stop(signal.SIGKILL)
        second.append(start(folder, path, port=first.port))
        time.sleep(1.5)  # and then that they are forgotten, or the next would be no increase
        mixed(second[0], 1)
        wait_for(lambda: second[0].metric("pointsman_ledger_backlog_bytes") == 0 or None)

    with scraping(prometheus, tmp_path_factory.mktemp("prometheus"), first.port) as watching:
        try:
            scraped = watching.around(traffic)
            yield Seen(second[0], scraped)
        finally:
            for each in (first, *second):
                each.stop()


def mixed(gateway: Gateway, round_: int) -> None:
    """All dialects, all teams; streams, some abandoned; errors of the provider's and of ours; threads that go on."""
    for number in range(24):
        team = tuple(KEYS)[number % 3]
        key = {"authorization": f"Bearer {KEYS[team]}"}
        said = [{"role": "user", "content": f"{WORDS[number % 3]} {'Mind the details. ' * 400}"}]
        if number % 5 == 4:
            key["x-simulate-fault"] = "status:529"
        chat(gateway, key, said, "auto" if number % 4 else "gpt-6.1-sol", stream=number % 2 == 0)
        messages(gateway, key, said, stream=number % 2 == 1)
        gateway.ask("/v1/responses", {"model": "auto", "input": WORDS[number % 3]}, key)
    key = {"authorization": f"Bearer {KEYS['support']}"}
    said = [{"role": "user", "content": f"hello, round {round_}"}]
    gateway.ask("/v1/chat/completions", {"model": "general", "messages": said}, key)
    said += [{"role": "assistant", "content": "I see."}, {"role": "user", "content": "Go on."}]
    gateway.ask("/v1/chat/completions", {"model": "code", "messages": said}, key)
    chat(gateway, key, [{"role": "user", "content": "hello"}], "nobody-knows-its-price")
    gateway.ask("/v1/embeddings", {"model": "text-embedding-3-small", "input": "hello"}, key)
    gateway.ask("/v1/chat/completions", {"model": "auto", "messages": []}, {"authorization": "Bearer wrong"})
    abandoned = gateway.open("/v1/chat/completions", {"model": "auto", "stream": True, "messages": [
        {"role": "user", "content": f"count to a thousand, round {round_}"}]}, {**key, "x-simulate-output-tokens": "4000"})
    abandoned.recv(200)
    abandoned.close()


def chat(gateway: Gateway, key: dict[str, str], said: list[Json], model: str, stream: bool = False) -> None:
    for turn in range(3):
        head = [{"role": "system", "content": "You are careful." if turn < 2 else "You are bold."}]
        gateway.ask("/v1/chat/completions", {"model": model, "stream": stream, "messages": head + said}, key)
        said = [*said, {"role": "assistant", "content": "I see."}, {"role": "user", "content": "Go on."}]


def messages(gateway: Gateway, key: dict[str, str], said: list[Json], stream: bool = False) -> None:
    marked = [{"type": "text", "text": "You are careful. " * 900, "cache_control": {"type": "ephemeral"}}]
    lines = {**key, "anthropic-version": "2023-06-01"}
    for _ in range(2):
        body = {"model": "auto", "max_tokens": 200, "stream": stream, "system": marked, "messages": said}
        gateway.ask("/v1/messages", body, lines)
        said = [*said, {"role": "assistant", "content": "I see."}, {"role": "user", "content": "Go on."}]


def panels() -> list[Json]:
    return [panel for board in boards() for panel in board["panels"]]


def shown(title: str, seen: Seen) -> dict[str, float]:
    panel = next(each for each in panels() if each["title"] == title)
    return seen.scraped.instant(filled(panel["targets"][0]["expr"], seen.scraped.span_ms))


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel["title"])
def test_every_query_answers(panel: Json, seen: Seen) -> None:
    for target in panel["targets"]:
        expr = filled(target["expr"], seen.scraped.span_ms)
        found = seen.scraped.instant(expr)
        assert bool(found) == (panel["title"] not in QUIET), expr
        assert all(math.isfinite(value) for value in found.values()), expr
        if not target["instant"]:
            assert seen.scraped.over_time(filled(target["expr"], 6_000))


def ask(seen: Seen, query: str) -> dict[str, float]:
    """A query over the ledger: keys, then one integer. Sums are exact in Python, not SQLite's floats."""
    path = seen.gateway.home / "ledger.db"
    found: dict[str, int] = {}
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as ledger:
        for *names, amount in ledger.execute(query):
            key = " ".join(names)
            found[key] = found.get(key, 0) + (amount or 0)
    return {key: amount for key, amount in found.items() if amount}


def dollars(seen: Seen, by: str) -> dict[str, float]:
    return {key: picos / 10**12 for key, picos in ask(seen, f"SELECT {by}, picos FROM requests").items()}


def known(seen: Seen, title: str) -> dict[str, float]:
    """As a panel shows it, without what is nothing; a pattern's label stands for the one model it was used for."""
    return {key.replace("text-embedding-*", "text-embedding-3-small"): value for key, value in shown(title, seen).items() if value}


@pytest.mark.parametrize("title", ["Spend", "Today", "This month"])
def test_spend_is_the_ledgers(title: str, seen: Seen) -> None:
    (total,) = dollars(seen, "''").values()
    assert total > 0.01
    assert shown(title, seen) == pytest.approx({"": total}, rel=1e-9)


@pytest.mark.parametrize("by", ["team", "model"])
def test_spend_by_name_is_the_ledgers(by: str, seen: Seen) -> None:
    expected = dollars(seen, by)
    assert len(expected) >= 3
    assert known(seen, f"Spend by {by}") == pytest.approx(expected, rel=1e-9)


def test_spend_by_kind_is_the_ledgers(seen: Seen) -> None:
    expected = {
        kind: picos / 10**12
        for kind in KINDS
        for picos in ask(seen, f"SELECT '', picos_{kind} FROM requests").values()
    }
    assert {"input_uncached", "cache_read", "output"} <= set(expected)
    assert known(seen, "Spend by kind") == pytest.approx(expected, rel=1e-9)


def test_tokens_are_the_ledgers(seen: Seen) -> None:
    expected = {
        f"{kind} {team}": tokens
        for kind in KINDS
        for team, tokens in ask(seen, f"SELECT team, {kind} FROM requests").items()
    }
    assert known(seen, "Tokens by team and kind") == pytest.approx(expected, rel=1e-9)


def test_requests_are_the_ledgers_and_the_refused_ones(seen: Seen) -> None:
    (booked,) = ask(seen, "SELECT '', 1 FROM requests").values()
    assert booked > 250
    assert shown("Requests", seen) == pytest.approx({"": booked + 2}, rel=1e-9)
    (unpriced,) = ask(seen, "SELECT '', price_status != 'priced' FROM requests").values()
    assert unpriced >= 2


def test_the_start_after_the_kill_is_marked(seen: Seen) -> None:
    marks = {mark["name"]: mark["expr"] for mark in boards()[0]["annotations"]["list"]}
    assert seen.scraped.over_time(filled(marks["Starts"], seen.scraped.span_ms))
    assert not seen.scraped.over_time(filled(marks["Config changes"], seen.scraped.span_ms)), "the same config as before"
