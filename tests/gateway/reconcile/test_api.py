"""The admin APIs asked for real: the simulator in a process of its own, and its own bill read back."""

import json
import subprocess
import sys
import time
import urllib.request

import pytest

from gateway.reconcile.api import Account, NotTold, add_account
from gateway.reconcile.pages import DAY_S
from gateway.reconcile.types import Bill
from tests.line.rig import ROOT


@pytest.fixture(scope="module")
def base():
    command = [sys.executable, "-m", "gateway", "simulate", "--port", "0", "--seed", "3"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        yield next(line for line in process.stdout if "base URL" in line).split()[-1]
        process.terminate()


def post(base, path, body):
    headers = {"content-type": "application/json", "authorization": "Bearer sk-one", "x-api-key": "sk-one"}
    with urllib.request.urlopen(urllib.request.Request(base + path, json.dumps(body).encode(), headers)) as answer:
        return json.load(answer)


def told(base, provider, first=None):
    bill = Bill(used={}, costs=[], usage_days=set(), cost_days=set())
    today = int(time.time() // DAY_S)
    add_account(bill, Account(base, provider, "sk-admin"), today - 1 if first is None else first, today)
    return bill


def test_what_was_billed_is_what_is_told(base):
    said = [{"role": "user", "content": "count to ten " * 500}]
    for number in range(3):
        post(base, "/chat/completions", {"model": "gpt-6.1-sol", "messages": said[: number + 1]})
        post(base, "/messages", {"model": "claude-opus-5-5", "max_tokens": 100, "messages": said})
    post(base, "/embeddings", {"model": "text-embedding-3-small", "input": "hello there"})
    with urllib.request.urlopen(f"{base.removesuffix('/v1')}/__sim/bill") as answer:
        rows = json.load(answer)["rows"]
    for provider, ours in (("openai", "claude"), ("anthropic", "gpt")):
        bill = told(base, provider)
        mine = [row for row in rows if not row["model"].startswith((ours, "text" if provider == "anthropic" else ours))]
        assert sum(sum(used.tokens.values()) for used in bill.used.values()) == sum(sum(row["kinds"].values()) for row in mine)
        assert sum(cost.picos for cost in bill.costs) == pytest.approx(sum(row["picos"] for row in mine), abs=1000)
        assert {place.tier for place in bill.used} <= {"standard", ""}
    assert told(base, "openai", int(time.time() // DAY_S) - 100).usage_days >= {int(time.time() // DAY_S)}


def test_who_does_not_tell_is_named(base):
    with pytest.raises(NotTold, match="refused"):
        told("http://127.0.0.1:9/v1", "openai")
    with pytest.raises(NotTold, match="answered 404"):
        told(f"{base}/nowhere", "openai")
