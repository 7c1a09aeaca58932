"""Gaps planted in real traffic: a gateway, a provider whose two admin APIs tell its own bill, and the command that asks them."""

import hashlib
import json
import subprocess
import sys
import urllib.request

import pytest

from tests.line.rig import ROOT, gateway, wait_for

TALK = [{"role": "user", "content": "Tell me of the railway. " * 3_000}]
FAMILIES = {
    "openai": ("/chat/completions", "gpt-6.1-sol", "gpt-6-luna", "cache_write_30m"),
    "anthropic": ("/messages", "claude-opus-5-5", "claude-haiku-5-5", "cache_write_5m"),
}
"""Where to ask; a model, one whose price changes, and what a write to its cache is called."""
KEY_ID = "key_" + hashlib.sha256(b"sk-ours").hexdigest()[:12]
"""How the simulator's reports call the gateway's key."""


@pytest.fixture(scope="module")
def provider():
    command = [sys.executable, "-m", "gateway", "simulate", "--port", "0", "--seed", "4"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        yield next(line for line in process.stdout if "base URL" in line).split()[-1]
        process.terminate()


def config(provider):
    common = {"url": provider, "key": "sk-ours", "reports": {"key": "sk-admin", "key_id": KEY_ID}}
    return {
        "version": 1,
        "upstreams": {
            "openai": {**common, "provider": "openai", "dialects": ["chat"]},
            "anthropic": {**common, "provider": "anthropic", "dialects": ["messages"]},
        },
        "models": {"gpt-*": {"upstream": "openai"}, "claude-*": {"upstream": "anthropic"}},
        "routes": {"code": {"model": "gpt-6.1-sol"}}, "routing": {"default": "code"}, "retries": {"attempts": 1},
    }  # fmt: skip


def direct(provider, path, body):
    head = {"content-type": "application/json", "authorization": "Bearer sk-else", "x-api-key": "sk-else"}
    with urllib.request.urlopen(urllib.request.Request(provider + path, json.dumps(body).encode(), head), timeout=10) as answer:
        return json.load(answer)


def reconciled(running):
    command = [sys.executable, "-m", "gateway", "reconcile", "--config", str(running.config), "--home", str(running.home)]
    done = subprocess.run([*command, "--since", "2d", "--format", "json"], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.stderr == ""
    return json.loads(done.stdout)


@pytest.mark.parametrize("family", FAMILIES)
def test_each_gap_is_what_was_planted(family, provider, tmp_path):
    base = provider.removesuffix("/v1")
    path, model, dearer, write = FAMILIES[family]
    direct(base, "/__sim/reset", {})

    def body(name):
        return {"model": name, "max_tokens": 400, "messages": TALK}

    with gateway(tmp_path, config(provider)) as running:
        for _ in range(3):
            assert running.ask(f"/v1{path}", body(model)).status == 200
        wait_for(lambda: len(running.rows()) == 3 or None)
        agreed = reconciled(running)
        assert (agreed["captured"], set(agreed["causes"]) - {"rounding"}) == (1.0, set())

        direct(provider, path, body(model))  # past us
        running.ask(f"/v1{path}", body(model), {"x-simulate-fault": "no_usage"})  # nobody tells us what it was
        price = {"input_uncached": 50, "cache_read": 50, write: 50, "output": 50, "reasoning": 50}
        direct(base, "/__sim/price", {"model": dearer, "usd_per_million": price})
        running.ask(f"/v1{path}", body(dearer))  # the price we know is yesterday's
        wait_for(lambda: len(running.rows()) == 5 or None)
        told = reconciled(running)
    assert set(told["causes"]) - {"rounding"} == {"bypassed", "estimated", "price_lag"}
    assert told["captured"] < 0.99
    gaps = {(gap["model"], cause) for gap in told["gaps"] for cause in gap["causes"] if cause != "rounding"}
    assert gaps == {(model, "bypassed"), (model, "estimated"), (dearer, "price_lag")}
    whole = float(told["billed"]["usd"]) - float(told["booked"]["usd"])
    assert sum(float(part["usd"] or 0) for part in told["causes"].values()) == pytest.approx(whole, abs=1e-9)
