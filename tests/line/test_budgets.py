"""Budgets and limits on a whole gateway: under a crowd, over a kill, through a reload, in every program's own words."""

import json
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.line.conftest import KEYS, config
from tests.line.rig import ROOT, Upstream, answer, gateway, start, wait_for

USD = 10**12
CHAT = {"model": "gpt-6.1-sol", "messages": [{"role": "user", "content": "hello there"}]}
CODEX = {"user-agent": "codex_exec/0.169.0 (Linux)", "originator": "codex_exec", "thread-id": "t1", "session-id": "s1"}
CLAUDE = {"user-agent": "claude-cli/2.1.330 (external, cli)", "anthropic-version": "2023-06-01"}
DIME = {"prompt_tokens": 0, "completion_tokens": 10_000, "total_tokens": 10_000}
"""Ten cents of output at $10 a million."""


def says(model="gpt-6.1-sol", usage=DIME):
    return answer(json.dumps({"id": "c", "model": model, "usage": usage}).encode())


@pytest.fixture
def upstream():
    made = Upstream()
    made.script = lambda asked, wire: wire.sendall(says())
    yield made
    made.close()


@pytest.fixture
def settings(upstream):
    return {**config(upstream, upstream, upstream), "teams": {}}


def only(running, **headers):
    (found,) = running.ask("/pointsman/budgets", headers=headers).json["accounts"]
    return found


@pytest.fixture
def provider():
    """The simulator, at a pace that keeps answers under way for a while."""
    command = [sys.executable, "-m", "gateway", "simulate", "--port", "0", "--seed", "5", "--pace", "20000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        yield next(line for line in process.stdout if "base URL" in line).split()[-1]
        process.terminate()


@pytest.mark.timeout(120)
def test_64_clients_overshoot_ten_dollars_by_no_more_than_was_under_way(provider, settings, tmp_path):
    for each in settings["upstreams"].values():
        each["url"] = provider
    settings["budgets"] = [{"name": "ten", "usd": 10, "window": "day"}]
    body = {**CHAT, "messages": [{"role": "user", "content": "count to a hundred " * 60}]}
    told, sent, lock = [], [], threading.Lock()

    def client(running, number):
        headers = {"x-simulate-output-tokens": str(2000 + 50 * number), "x-session-id": f"s{number}"}
        while True:
            reply = running.ask("/v1/chat/completions", body, headers)
            with lock:
                (sent if reply.status == 200 else told).append(reply)
            if reply.status != 200:
                return

    with gateway(tmp_path, settings) as running:
        with ThreadPoolExecutor(64) as crowd:
            for each in [crowd.submit(client, running, number) for number in range(64)]:
                each.result()
        assert {reply.status for reply in told} == {429}
        assert {reply.json["error"]["code"] for reply in told} == {"insufficient_quota"}
        rows = wait_for(lambda: rows if len(rows := running.rows()) == len(sent) else None, 30)
        total = sum(row["picos"] for row in rows)
        ran_out = min(row["settled_at"] for row in rows if spent_until(rows, row["settled_at"]) >= 9 * USD)
        under_way = sum(row["picos"] for row in rows if row["at"] <= ran_out <= row["settled_at"])
        print(f"${total / USD:.4f} of $10 by {len(rows)} requests, ${under_way / USD:.4f} under way near the end")
        assert 9 * USD < total <= 10 * USD + under_way
        state = only(running)
        assert float(state["spent"]) == pytest.approx(total / USD)
        assert float(state["reserved"]) == 0
        assert running.metric("pointsman_budget_spent_usd", team="default", window="day") == pytest.approx(total / USD)
        assert running.metric("pointsman_budget_usd") == 10
        assert running.metric("pointsman_refusals_total", refusal="budget_spent") == 64


def spent_until(rows, at):
    return sum(row["picos"] for row in rows if row["settled_at"] <= at)


def test_a_kill_forgets_nothing(settings, upstream, tmp_path):
    settings["budgets"] = [
        {"name": "team", "usd": "0.55", "window": "month", "timezone": "Asia/Kolkata"},
        {"name": "each-tree", "usd": "0.35", "per": "agent_tree", "window": "total"},
    ]
    sub = {"x-session-id": "child", "x-parent-session-id": "boss"}
    with gateway(tmp_path, settings) as first:
        for headers in ({"x-session-id": "boss"}, sub, {"x-session-id": "boss"}):
            assert first.ask("/v1/chat/completions", CHAT, headers).status == 200
        arrived, go_on = len(upstream.arrived), threading.Event()
        upstream.script = lambda asked, wire: go_on.wait(20)
        wire = first.open("/v1/chat/completions", CHAT, {"x-session-id": "other"})
        wait_for(lambda: len(upstream.arrived) > arrived or None)
        first.stop(signal.SIGKILL)
    go_on.set()
    wire.close()
    upstream.script = lambda asked, wire: wire.sendall(says())
    again = start(tmp_path, first.config)
    try:
        accounts = {(each["budget"], each["who"]): each for each in again.ask("/pointsman/budgets").json["accounts"]}
        assert accounts["each-tree", "boss"]["spent"] == "0.300000000000"
        lost = accounts["each-tree", "other"]
        assert 0 < float(lost["spent"]) == again.rows("AND outcome = 'unknown'")[0]["picos"] / USD
        assert accounts["team", ""]["spent"] == f"{0.3 + float(lost['spent']):.12f}"
        assert [again.ask("/v1/chat/completions", CHAT, sub).status for _ in range(2)] == [200, 429]
        assert again.ask("/v1/chat/completions", CHAT, {"x-session-id": "third"}).status == 200
        assert again.ask("/v1/chat/completions", CHAT, {"x-session-id": "third"}).json["error"]["message"].startswith(
            "The budget team of team default is used up: $0.50 of $0.55"
        )
    finally:
        again.stop()


def test_a_budget_that_comes_with_a_reload_knows_the_past(settings, tmp_path):
    with gateway(tmp_path, settings) as running:
        for _ in range(5):
            assert running.ask("/v1/chat/completions", CHAT).status == 200
        running.config.write_text(json.dumps({**settings, "budgets": [{"name": "late", "usd": "0.45", "window": "day"}]}))
        account = wait_for(lambda: next(iter(running.ask("/pointsman/budgets").json["accounts"]), None))
        assert account["spent"] == "0.500000000000"
        assert running.ask("/v1/chat/completions", CHAT).status == 429


def test_every_program_is_told_in_its_own_way(settings, upstream, tmp_path):
    settings["budgets"] = [{"name": "b", "usd": "0.25", "window": "week", "warn_at": 0.3}]
    message = {"model": "claude-opus-5-5", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}
    with gateway(tmp_path, settings) as running:
        reply = running.ask("/v1/chat/completions", CHAT)
        assert "x-pointsman-warning" not in reply.headers
        upstream.script = lambda asked, wire: wire.sendall(
            answer(b'{"id":"r","model":"gpt-6.1-sol","usage":{"input_tokens":0,"output_tokens":10000}}', 200,
                   {"x-codex-primary-used-percent": "3"})
        )  # fmt: skip
        reply = running.ask("/v1/responses", {"model": "gpt-6.1-sol", "input": "hi"}, CODEX)
        assert reply.headers["x-pointsman-warning"].startswith("budget b: 40% of $0.25 used by team default, begins anew")
        assert reply.headers["x-codex-primary-used-percent"] == "40.0"
        assert reply.headers["x-codex-primary-window-minutes"] == "10080"
        headers = {"anthropic-ratelimit-unified-status": "allowed"}
        used = b'{"id":"m","model":"claude-opus-5-5","usage":{"input_tokens":0,"output_tokens":5000}}'
        upstream.script = lambda asked, wire: wire.sendall(answer(used, 200, headers))
        reply = running.ask("/v1/messages", message, CLAUDE)
        assert reply.headers["anthropic-ratelimit-unified-overage-surpassed-threshold"] == "0.75"
        assert reply.headers["anthropic-ratelimit-unified-status"] == "allowed_warning"
        told = running.ask("/v1/responses", {"model": "gpt-6.1-sol", "input": "hi"}, CODEX)
        assert (told.status, told.json["error"]["type"]) == (429, "usage_limit_reached")
        assert told.headers["x-codex-promo-message"].startswith("The budget b of team default is used up")
        told = running.ask("/v1/messages", message, CLAUDE)
        assert (told.status, told.json["error"]["type"], told.headers["x-should-retry"]) == (429, "billing_error", "false")
        assert told.json["type"] == "error"
        assert running.ask("/v1/chat/completions", CHAT, {"user-agent": "opencode/1.18.33 ai-sdk/x"}).status == 402
        assert running.ask("/v1/messages/count_tokens", message, CLAUDE).status == 200  # what costs nothing goes on


def test_new_threads_go_to_the_cheaper_route_and_the_old_ones_stay(settings, upstream, tmp_path):
    settings["budgets"] = [{"name": "b", "usd": 1, "window": "day", "degrade_at": 0.05, "degrade_to": "general"}]
    code = "fix this:\n```python\ndef f(x):\n    return x +\n```"
    ask = {"model": "auto", "messages": [{"role": "user", "content": code}]}
    with gateway(tmp_path, settings) as running:
        first = running.ask("/v1/chat/completions", ask, {"x-session-id": "old"})
        assert first.headers["x-pointsman-route"] == "code"
        row = running.row(first)
        assert row["picos"] == USD // 10
        assert running.ask("/v1/chat/completions", ask, {"x-session-id": "old"}).headers["x-pointsman-route"] == "code"
        upstream.script = lambda asked, wire: wire.sendall(says("gpt-6-luna"))
        new = running.ask("/v1/chat/completions", ask, {"x-session-id": "new"})
        assert new.headers["x-pointsman-route"] == "general"
        assert new.headers["x-pointsman-reason"].startswith("budget")
        assert "automatic routing goes to general" in new.headers["x-pointsman-warning"]
        assert running.row(new)["source"] == "budget"
        story = running.ask("/pointsman/explain", {"dialect": "chat", "headers": {}, "request": ask}).json
        assert story["route"] == "general"


def test_a_limit_a_minute_is_answered_with_the_time_to_wait(settings, upstream, tmp_path):
    settings["teams"] = config(upstream, upstream, upstream)["teams"]
    settings["rate_limits"] = [{"name": "three", "per": "key", "requests_per_minute": 3}]
    with gateway(tmp_path, settings) as running:
        while time.time() % 60 > 55:  # so that the minute does not turn under the test
            time.sleep(0.2)
        payments, search = ({"authorization": f"Bearer {KEYS[team]}"} for team in ("payments", "search"))
        assert [running.ask("/v1/chat/completions", CHAT, payments).status for _ in range(4)] == [200, 200, 200, 429]
        told = running.ask("/v1/messages", {**CHAT, "max_tokens": 3}, {"x-api-key": KEYS["payments"]})
        assert (told.status, told.json["error"]["type"], told.headers["x-should-retry"]) == (429, "rate_limit_error", "true")
        assert 1 <= int(told.headers["retry-after"]) <= 60
        assert running.ask("/v1/chat/completions", CHAT, search).status == 200
        assert running.metric("pointsman_refusals_total", refusal="rate_limited") == 2


def test_a_team_sees_its_own_accounts(settings, upstream, tmp_path):
    settings["teams"] = config(upstream, upstream, upstream)["teams"]
    settings["budgets"] = [{"name": "b", "usd": 5, "window": "day"}]
    with gateway(tmp_path, settings) as running:
        for team in ("payments", "payments", "search"):
            assert running.ask("/v1/chat/completions", CHAT, {"authorization": f"Bearer {KEYS[team]}"}).status == 200
        assert only(running, authorization=f"Bearer {KEYS['payments']}")["spent"] == "0.200000000000"
        assert only(running, authorization=f"Bearer {KEYS['search']}")["team"] == "search"
        assert running.ask("/pointsman/budgets").status == 401


def test_a_workers_worker_belongs_to_the_tree_it_grew_in(settings, tmp_path):
    """opencode names of a child session only the session that started it."""
    with gateway(tmp_path, settings) as running:
        line = (("boss", ""), ("child", "boss"), ("grandchild", "child"), ("great-grandchild", "grandchild"))
        named = [{"x-session-id": name} | ({"x-parent-session-id": above} if above else {}) for name, above in line]
        replies = [running.ask("/v1/chat/completions", CHAT, headers) for headers in named]
        assert [running.row(reply)["session"] for reply in replies] == ["boss"] * 4
        (tree,) = running.ask("/pointsman/spend?by=agent_tree&since=all").json["lines"]
        assert [(each["thread"], each["parent"]) for each in tree["agents"]] == [
            ("session:boss", ""), ("session:child", "session:boss"), ("session:grandchild", "session:child"),
            ("session:great-grandchild", "session:grandchild"),
        ]  # fmt: skip


def test_what_it_would_have_cost_is_in_the_ledger_and_in_the_metrics(settings, upstream, tmp_path):
    """Ten cents of output on Luna at $0.50 a million would have been ten cents at $10."""
    upstream.script = lambda asked, wire: wire.sendall(says("gpt-6-luna"))
    ask = {"model": "general", "messages": [{"role": "user", "content": "tell me a story"}]}
    with gateway(tmp_path, settings) as running:
        row = running.row(running.ask("/v1/chat/completions", ask))
        assert (row["picos"], row["if_code"], row["if_general"]) == (USD // 200, USD // 10, USD // 200)
        assert running.metric("pointsman_saved_usd_total", team="default", reason="routing") == 0.095
        told = running.ask("/pointsman/spend?compare=true&since=all").json
        assert told["total"]["usd_if"]["code"] == "0.100000000000"
    again = start(tmp_path, running.config)
    try:
        assert again.metric("pointsman_saved_usd_total", reason="routing") == 0.095
    finally:
        again.stop()
