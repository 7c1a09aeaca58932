"""Pings against the simulated provider, whose cache and clock are real; five minutes pass for all processes at once."""

import json
import os
import struct
import subprocess
import sys
import time
import urllib.request

import pytest

from tests.line.rig import ROOT, start, wait_for

CLAUDE = {"user-agent": "claude-cli/2.1.330 (external, cli)", "x-claude-code-session-id": "7e76aaac"}
TOOLS = [{"name": "Read", "description": "Reads a file.", "input_schema": {"type": "object"}}]
STEP_S = 288.0
"""Past the moment at which a ping is due (285 s), within the five minutes."""


def handbook(headers) -> list[dict]:
    """A system prompt that no two sessions share."""
    text = headers["x-claude-code-session-id"] + " Mind the gap. " * 12_000
    return [{"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}]


def of(session: str) -> dict:
    return {**CLAUDE, "x-claude-code-session-id": session}


class Office:
    """A gateway, the provider, and the clock they share."""

    def __init__(self, folder, *options: str, **keep_warm) -> None:
        self.folder = folder
        self.clock = folder / "clock"
        self.clock.write_bytes(struct.pack("<d", 0.0))
        self.aside = 0.0
        self.env = {"PYTHONPATH": f"{ROOT / 'tests/simulation/clock'}:{ROOT}", "POINTSMAN_TEST_CLOCK": str(self.clock)}
        command = [sys.executable, "-m", "gateway", "simulate", "--port", "0", "--seed", "7"]
        self.simulator = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, **self.env})
        self.provider = next(line for line in self.simulator.stdout if "base URL" in line).split()[-1]
        common = {"url": self.provider, "key": "k"}
        config = {
            "version": 1,
            "upstreams": {"anthropic": {**common, "provider": "anthropic", "dialects": ["messages"]}},
            "models": {"claude-*": {"upstream": "anthropic"}},
            "routes": {"code": {"model": "claude-opus-5-5"}},
            "routing": {"default": "code"},
            "keep_warm": keep_warm,
        }
        path = folder / "pointsman.yaml"
        path.write_text(json.dumps(config))
        self.running = start(folder, path, self.env, options)

    def ask(self, turns: int, headers=CLAUDE):
        talk = [{"role": "assistant" if each % 2 else "user", "content": f"turn {each}"} for each in range(2 * turns - 1)]
        body = {"model": "claude-opus-5-5", "max_tokens": 50, "stream": True, "tools": TOOLS, "system": handbook(headers), "messages": talk}
        reply = self.running.ask("/v1/messages", body, headers)
        assert reply.status == 200, reply.body
        return reply, self.running.row(reply)

    def passes(self, seconds: float) -> None:
        self.aside += seconds
        with self.clock.open("r+b") as file:
            file.write(struct.pack("<d", self.aside))

    def control(self, what: str, method: str = "POST", **body):
        address = self.provider.removesuffix("/v1") + "/__sim/" + what
        data = json.dumps(body).encode() if method == "POST" else None
        with urllib.request.urlopen(urllib.request.Request(address, data, method=method), timeout=10) as answer:
            return json.load(answer)

    def pings(self, count: int, ping: str = "read"):
        wait_for(lambda: self.running.metric("pointsman_keep_warm_pings_total", ping=ping) == count or None)

    def close(self) -> None:
        self.running.stop()
        self.simulator.terminate()
        self.simulator.wait(10)
        self.simulator.stdout.close()


@pytest.fixture
def office(tmp_path):
    opened = []

    def open_(*options: str, **keep_warm) -> Office:
        opened.append(Office(tmp_path, *options, **keep_warm))
        return opened[-1]

    yield open_
    for each in opened:
        each.close()


@pytest.mark.parametrize("options", [(), ("--workers", "2")])
def test_a_cache_that_would_have_expired_is_still_warm(office, options):
    there = office(*options, enabled=True)
    running = there.running
    _, first = there.ask(1)
    assert first["cache_write_5m"] > 20_000
    for count in (1, 2):
        there.passes(STEP_S)
        there.pings(count)
    there.passes(120)
    reply, back = there.ask(2)
    assert reply.headers["x-pointsman-cache"] in ("warm", "cooling")
    assert float(reply.headers["x-pointsman-cache-idle-s"]) > 600, "the person was away all the time"
    assert "x-pointsman-warning" not in reply.headers
    assert (back["cache_observed"], back["cache_write_5m"]) == ("hit", 0)
    sent = wait_for(lambda: ((rows := running.rows("AND agent = 'keep_warm'")) and len(rows) == 2 and rows) or None)
    for ping in sent:
        assert (ping["thread"], ping["parent"], ping["team"]) == (f"{first['thread']}/keep_warm", first["thread"], "default")
        assert (ping["output"], ping["cache_read"], ping["cache_write_5m"]) == (0, first["cache_write_5m"], 0)
    cost = sum(ping["picos"] for ping in sent)
    assert running.metric("pointsman_keep_warm_cost_usd_total") == pytest.approx(cost / 1e12)
    assert running.metric("pointsman_keep_warm_saved_usd_total") * 1e12 > 5 * cost
    assert running.metric("pointsman_stale_resumes_total") == 0
    bill = there.control("bill", "GET")
    booked = wait_for(lambda: ((rows := running.rows()) and len(rows) == bill["requests"] and rows) or None)
    assert sum(row["picos"] for row in booked) == bill["picos"], "pings are on the bill and in the ledger"


def test_the_thread_is_let_go_when_nobody_is_likely_to_come(office):
    there = office(enabled=True)
    there.ask(1)
    count = 0
    while count < 40:
        there.passes(STEP_S)
        time.sleep(2.2)
        if (sent := there.running.metric("pointsman_keep_warm_pings_total", ping="read")) == count:
            break
        count = sent
    assert 3 <= count <= 24, "the hazard has fallen below the price of a ping"
    assert there.running.metric("pointsman_keep_warm_pings_total") == count


def test_off_by_default_nothing_is_sent(office):
    there = office()
    there.ask(1)
    there.passes(STEP_S)
    time.sleep(2.5)
    assert there.control("bill", "GET")["requests"] == 1
    there.passes(120)
    _, back = there.ask(2)
    assert back["cache_observed"] == "miss"


def test_the_cap_holds_whatever_a_ping_turns_out_to_cost(office):
    there = office(enabled=True, cap_usd_per_day=0.3)
    there.ask(1)
    there.passes(STEP_S)
    there.pings(1, "capped")
    time.sleep(1.5)
    assert there.control("bill", "GET")["requests"] == 1, "written for an hour, 45,000 tokens are 36 cents"


def test_under_the_cap_pings_follow_each_other(office):
    there = office(enabled=True, cap_usd_per_day=0.5)
    for session in ("a", "b", "c"):
        there.ask(1, of(session))
    there.passes(STEP_S)
    there.pings(3)
    assert there.running.metric("pointsman_keep_warm_cost_usd_total") < 0.03


def test_it_stops_when_pings_are_seen_to_renew_nothing(office):
    there = office(enabled=True)
    for session in ("a", "b"):
        there.ask(1, of(session))
    there.control("evict")
    there.passes(STEP_S)
    there.pings(2, "missed")
    there.ask(1, of("c"))
    there.passes(STEP_S)
    time.sleep(2.5)
    assert there.control("bill", "GET")["requests"] == 5
    assert any("pings renew nothing" in line for line in there.running.output)


def test_a_subagent_is_left_alone(office):
    there = office(enabled=True)
    there.ask(1, {**CLAUDE, "x-claude-code-agent-id": "agent-1"})
    there.passes(STEP_S)
    time.sleep(2.5)
    assert there.control("bill", "GET")["requests"] == 1
