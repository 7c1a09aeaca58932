"""The whole line against the simulator: after a mixed run with faults and hang-ups, the ledger is the provider's bill.

A seeded crowd of clients speaks all dialects, streamed and not; the simulator breaks things, clients hang up at random
moments. What the provider reported must stand in the ledger to the pico-dollar; what it could not report must stand there
as an estimate and say so. Nothing is lost, nothing is counted twice.
"""

import asyncio
import contextlib
import json
import subprocess
import sys
from collections import Counter
from random import Random

import aiohttp
import pytest

from tests.line.rig import ROOT, gateway, wait_for

REQUESTS = 5_000
HANG_UPS = 1_000
CROWD = 48
SEED = 20261125
MODELS = {
    "chat": ("auto", "gpt-6.1-sol", "gpt-6-luna", "gpt-5.5", "general"),
    "responses": ("auto", "gpt-6.1-sol", "gpt-5.5", "code"),
    "messages": ("claude-auto", "claude-opus-5-5", "claude-haiku-5-5"),
}
FAULTS = (
    "status:429;probability=0.02,status:500;probability=0.02,status:529;probability=0.01,cut;probability=0.01,"
    "no_usage;probability=0.01,reset;probability=0.01,split_utf8;probability=0.05,slow;seconds=0.002;probability=0.02"
)
TASKS = ("fix the bug in parse.py", "write a haiku about trains", "SELECT count(*) FROM wagons", "summarise this letter")


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    """The simulator in a process of its own; gives its address."""
    command = [sys.executable, "-m", "gateway", "simulate", "--port", "0", "--seed", str(SEED), "--fault", FAULTS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        yield next(line for line in process.stdout if "base URL" in line).split()[-1]
        process.terminate()


@pytest.fixture(scope="module")
def running(provider, tmp_path_factory):
    upstreams = {
        "openai": {"url": provider, "key": "k", "provider": "openai", "dialects": ["chat", "responses", "embeddings"],
                   "on_disconnect": "drain"},
        "anthropic": {"url": provider, "key": "k", "provider": "anthropic", "dialects": ["messages"], "on_disconnect": "drain"},
    }  # fmt: skip
    config = {
        "version": 1,
        "upstreams": upstreams,
        "models": {"gpt-*": {"upstream": "openai"}, "claude-*": {"upstream": "anthropic"}},
        "routes": {
            "code": {"model": "gpt-6.1-sol", "by_dialect": {"messages": "claude-opus-5-5"}},
            "general": {"model": "gpt-6-luna", "by_dialect": {"messages": "claude-haiku-5-5"}},
        },
        "routing": {"aliases": ["auto", "claude-auto"], "default": "general"},
        "retries": {"attempts": 3, "backoff_s": 0.01, "circuit": {"failures": 1000, "open_s": 1}},
    }
    with gateway(tmp_path_factory.mktemp("bill"), config) as started:
        yield started


@pytest.mark.timeout(300)
def test_the_ledger_is_the_bill(provider, running):
    told = asyncio.run(crowd(running.base))
    base = provider.removesuffix("/v1")
    bill = asyncio.run(the_bill(base))
    wait_for(lambda: running.metric("pointsman_inflight") == 0 or None, 60)
    wait_for(lambda: running.metric("pointsman_ledger_lag_seconds") == 0 or None, 60)
    rows = running.rows()
    left = sum(row["outcome"] == "client_gone" for row in rows)
    print(f"{len(rows)} requests, {left} hung up on, {len(bill['rows'])} charges, {told}")

    # nothing lost, nothing doubled: a row for every request that was answered, and one for every charge
    assert len(rows) >= REQUESTS
    assert told["answered"] <= len(rows) == len({row["id"] for row in rows}) <= sum(told.values())
    assert left >= 300
    assert running.metric("pointsman_requests_total") == len(rows)
    booked = {row["id"]: row for row in rows}
    charged = Counter()
    for charge in bill["rows"]:
        assert charge["request_id"] in booked, charge
        charged[charge["request_id"]] += 1

    # to the pico-dollar wherever the provider could tell; an estimate that says so wherever it could not
    reported = {}
    for charge in bill["rows"]:
        if charge["reported"]:
            reported[charge["request_id"]] = reported.get(charge["request_id"], 0) + charge["picos"]
    exact = {id_: row for id_, row in booked.items() if row["exact"] and row["picos"]}
    assert {id_: row["picos"] for id_, row in exact.items()} == {id_: reported[id_] for id_ in exact}
    assert set(reported) <= {id_ for id_, row in booked.items() if row["picos"]}
    unreported = [charge for charge in bill["rows"] if not charge["reported"]]
    assert unreported
    for charge in unreported:
        row = booked[charge["request_id"]]
        assert not row["exact"] or charged[charge["request_id"]] > 1 or row["outcome"] != "finished"
    kinds = ("input_uncached", "cache_read", "cache_write_5m", "cache_write_1h", "cache_write_30m", "output", "reasoning")
    for charge in bill["rows"]:
        row = booked[charge["request_id"]]
        if charge["reported"] and row["exact"] and charged[charge["request_id"]] == 1:
            assert {kind: row[kind] for kind in kinds if row[kind]} == charge["kinds"]

    # and the metrics say what the ledger says
    dollars = sum(row["picos"] or 0 for row in rows) / 10**12
    assert running.metric("pointsman_cost_usd_total") == pytest.approx(dollars, rel=1e-9)


async def crowd(base):
    """Send everything; how many were answered, hung up on, and cut."""
    luck = Random(SEED)
    told = Counter()
    plans = [plan(luck, number) for number in range(REQUESTS + HANG_UPS)]
    queue = iter(plans)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:

        async def client():
            for each in queue:
                told[await one(session, base, each)] += 1

        await asyncio.gather(*(client() for _ in range(CROWD)))
    return told


def plan(luck, number):
    """One request: where, what, and whether its client hangs up after some bytes."""
    dialect = luck.choice(tuple(MODELS))
    streams = luck.random() < 0.6
    body = {"model": luck.choice(MODELS[dialect]), "stream": streams}
    words = [f"session {number % 211}: {luck.choice(TASKS)}" + " and so on" * luck.randrange(300) for _ in range(3)]
    turns = [{"role": role, "content": word} for role, word in zip(("user", "assistant", "user"), words, strict=True)]
    if dialect == "responses":
        body["input"] = turns
    else:
        body["messages"] = turns
    if dialect == "messages":
        body["max_tokens"] = 4000
        if luck.random() < 0.5:
            turns[0]["content"] = [{"type": "text", "text": words[0], "cache_control": {"type": "ephemeral"}}]
    if dialect == "chat" and streams and luck.random() < 0.5:
        body["stream_options"] = {"include_usage": True}
    hangs_up = number % ((REQUESTS + HANG_UPS) // HANG_UPS) == 0
    headers = {"x-simulate-output-tokens": str(luck.randrange(1, 400)), "authorization": "Bearer any"}
    if luck.random() < 0.3:
        headers["x-simulate-reasoning-tokens"] = str(luck.randrange(1, 100))
    if luck.random() < 0.3:
        headers["x-session-id"] = f"s{number % 97}"
    path = {"chat": "/v1/chat/completions", "responses": "/v1/responses", "messages": "/v1/messages"}[dialect]
    return path, json.dumps(body).encode(), headers, luck.random() if hangs_up else None


async def one(session, base, each):
    path, body, headers, hangs_up = each
    headers = {"content-type": "application/json", **headers}
    if hangs_up is None:
        async with session.post(base + path, data=body, headers=headers) as answer:
            with contextlib.suppress(aiohttp.ClientPayloadError):
                await answer.read()
            return "answered"
    request = asyncio.ensure_future(hanging(session, base + path, body, headers))
    await asyncio.sleep(hangs_up * 0.03)
    request.cancel()
    with contextlib.suppress(asyncio.CancelledError, aiohttp.ClientError):
        await request
        return "answered"
    return "hung up"


async def hanging(session, url, body, headers):
    async with session.post(url, data=body, headers=headers) as answer:
        with contextlib.suppress(aiohttp.ClientPayloadError):
            await answer.read()


async def the_bill(base):
    """The simulator's bill once nothing is under way there."""
    async with aiohttp.ClientSession() as session:
        for _ in range(300):
            async with session.get(f"{base}/__sim/bill") as answer:
                bill = await answer.json()
            if not bill["open"]:
                return bill
            await asyncio.sleep(0.1)
    raise AssertionError("the simulator still has open requests")
