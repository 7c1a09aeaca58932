"""A fortnight of eight teams: restarts, kills, abandoned streams, two price changes; the ledger is the provider's bill.

Days pass by a clock that all processes share. One price changes by its date in the built-in table, one by the config. What the
provider reported must be in the ledger to the pico-dollar, what it could not report must be there and say so, and budgets,
metrics, trees and hourly sums must say what the rows say, over every restart. `make fortnight` runs it with 56,000 events.
"""

import asyncio
import hashlib
import json
import os
import signal
import struct
import subprocess
import sys
import time
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import aiohttp
import pytest

from tests.gateway.metering.records import check_sums
from tests.line.rig import ROOT, start, wait_for
from tests.simulation.test_bill import FAULTS, hanging, plan, the_bill

EVENTS = int(os.environ.get("FORTNIGHT_EVENTS", "2800"))
DAYS = 14
CROWD = 48
SEED = 20261001
FIRST_DAY = datetime(2026, 10, 1, 12, tzinfo=UTC).timestamp()
"""Six days before the built-in table halves what Sonnet 5.5 asks for a read."""
SONNET_DAY, CONTRACT_DAY = 6, 9
STOPPED, KILLED = (3, 10), (5, 8, 12)
TEAMS = [f"team-{number}" for number in range(8)]
USD = 10**12
KINDS = ("input_uncached", "cache_read", "cache_write_5m", "cache_write_1h", "cache_write_30m", "output", "reasoning")
HANDBOOK = b'{"system": [{"type": "text", "text": "%b", "cache_control": {"type": "ephemeral"}}], ' % (b"Mind the gap. " * 900)
"""A prompt that is worth caching."""
STALLED = (
    "/v1/chat/completions",
    b'{"model": "gpt-6.1-sol", "stream": true, "messages": [{"role": "user", "content": "tell me of every station"}]}',
    {"x-simulate-fault": "stall;seconds=30"},
    None,
)
"""A request that is under way whenever the gateway is killed."""
CONTRACT = {"provider": "openai", "model": "gpt-6-luna", "input_uncached": "0.2", "output": "0.6"}


class World:
    """The provider, the gateway, and the clock they share."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = folder / "clock"
        self.clock.write_bytes(struct.pack("<d", 0.0))
        self.env = {"PYTHONPATH": f"{ROOT / 'tests/simulation/clock'}:{ROOT}", "POINTSMAN_TEST_CLOCK": str(self.clock)}
        self.set_day(0)
        command = [sys.executable, "-m", "gateway", "simulate", "--port", "0", "--seed", str(SEED), "--fault", FAULTS]
        self.simulator = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, **self.env})
        self.provider = next(line for line in self.simulator.stdout if "base URL" in line).split()[-1]
        self.running = None

    def set_day(self, day: int) -> None:
        with self.clock.open("r+b") as file:
            file.write(struct.pack("<d", FIRST_DAY + day * 86_400 - time.time()))

    def start(self, contract: bool) -> None:
        path = self.folder / "pointsman.yaml"
        path.write_text(json.dumps(config(self.provider, [CONTRACT] if contract else [])))
        self.running = start(self.folder, path, self.env)

    def close(self) -> None:
        if self.running is not None:
            self.running.stop()
        self.simulator.terminate()
        self.simulator.wait(10)
        self.simulator.stdout.close()


def key(team: str) -> str:
    return f"sk-{team}"


def config(provider: str, prices: list) -> dict:
    common = {"url": provider, "key": "k", "on_disconnect": "drain", "reports": {"key": "sk-admin"}}
    return {
        "version": 1,
        "upstreams": {
            "openai": {**common, "provider": "openai", "dialects": ["chat", "responses", "embeddings"]},
            "anthropic": {**common, "provider": "anthropic", "dialects": ["messages"]},
        },
        "models": {"gpt-*": {"upstream": "openai"}, "claude-*": {"upstream": "anthropic"}},
        "routes": {
            "code": {"model": "gpt-6.1-sol", "by_dialect": {"messages": "claude-opus-5-5"}},
            "general": {"model": "gpt-6-luna", "by_dialect": {"messages": "claude-haiku-5-5"}},
        },
        "routing": {"aliases": ["auto", "claude-auto"], "default": "general"},
        "retries": {"attempts": 3, "backoff_s": 0.01, "circuit": {"failures": 1000, "open_s": 1}},
        "teams": {team: {"keys": ["sha256:" + hashlib.sha256(key(team).encode()).hexdigest()]} for team in TEAMS},
        "admin": {"keys": ["sha256:" + hashlib.sha256(b"sk-admin").hexdigest()]},
        "budgets": [
            {"name": "all", "usd": 1000, "window": "total"},
            {"name": "by-day", "usd": 1000, "window": "day", "timezone": "America/New_York"},
            {"name": "tree", "tokens": 10**12, "window": "total", "per": "agent_tree"},
        ],
        "prices": prices,
    }


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("fortnight"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def fortnight(world):
    """What the clients were told, once all is settled."""
    told = asyncio.run(live(world))
    running = world.running
    bill = asyncio.run(the_bill(world.provider.removesuffix("/v1")))
    wait_for(lambda: running.metric("pointsman_inflight") == 0 or None, 60)
    wait_for(lambda: running.metric("pointsman_ledger_lag_seconds") == 0 or None, 60)
    return told, bill["rows"], running.rows()


async def live(world: World) -> Counter:
    """Fourteen days."""
    luck, told, number = Random(SEED), Counter(), 0
    base = world.provider.removesuffix("/v1")
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), auto_decompress=False) as session:
        async with session.post(f"{base}/__sim/price", json={"model": "claude-sonnet-5-5", "usd_per_million": {"cache_read": 0.2}}):
            pass
        world.start(contract=False)
        for day in range(DAYS):
            await under_way(world, session, 0)  # a price must not change under an answer
            if day == SONNET_DAY:
                await session.post(f"{base}/__sim/price", json={"model": "claude-sonnet-5-5"})
            if day in STOPPED or day == CONTRACT_DAY:
                world.running.stop()
            world.set_day(day)
            if day == CONTRACT_DAY:
                new = {"input_uncached": 0.2, "output": 0.6, "reasoning": 0.6}
                await session.post(f"{base}/__sim/price", json={"model": "gpt-6-luna", "usd_per_million": new})
            if day in STOPPED or day == CONTRACT_DAY:
                world.start(contract=day >= CONTRACT_DAY)
            plans = [(number + offset, plan(luck, number + offset)) for offset in range(EVENTS // DAYS)]
            number += len(plans)
            half = len(plans) // 2 if day in KILLED else len(plans)
            told += await crowd(world, session, plans[:half], killed=day in KILLED)
            if day in KILLED:
                world.start(contract=day >= CONTRACT_DAY)
                told += await crowd(world, session, plans[half:], killed=False)
    return told


async def under_way(world: World, session: aiohttp.ClientSession, requests: int) -> None:
    """Wait until so many requests are under way."""
    for _ in range(600):
        async with session.get(f"{world.running.base}/metrics") as answer:
            if f"\npointsman_inflight {requests}\n" in await answer.text():
                return
        await asyncio.sleep(0.05)
    raise AssertionError(f"there are never {requests} requests under way")


async def crowd(world: World, session: aiohttp.ClientSession, plans: list, killed: bool) -> Counter:
    """Send everything; with `killed`, the gateway dies when half of it is under way or answered, one long stream among it."""
    told, queue, left = Counter(), iter(plans), len(plans) // 2
    if killed:
        long = asyncio.ensure_future(one(session, world.running.base, 0, STALLED))
        await under_way(world, session, 1)

    async def client() -> None:
        nonlocal left
        for each in queue:
            left -= 1
            if killed and left == 0:
                world.running.stop(signal.SIGKILL)
            told[await one(session, world.running.base, *each)] += 1

    await asyncio.gather(*(client() for _ in range(CROWD)))
    if killed:
        told[await long] += 1
    return told


async def one(session: aiohttp.ClientSession, base: str, number: int, planned: tuple) -> str:
    path, body, headers, hangs_up = planned
    headers = {**headers, "content-type": "application/json", "authorization": f"Bearer {key(TEAMS[number % len(TEAMS)])}"}
    if number % 3 == 0:
        body = body.replace(b'{"model": "claude-opus-5-5"', HANDBOOK + b'"model": "claude-sonnet-5-5"')
    if number % 5 == 0 and "x-session-id" in headers:
        headers |= {"x-session-id": f"{headers['x-session-id']}-{number % 7}", "x-parent-session-id": headers["x-session-id"]}
    asking = asyncio.ensure_future(hanging(session, base + path, body, headers))
    if hangs_up is not None:
        await asyncio.sleep(hangs_up * 0.03)
        asking.cancel()
    try:
        await asking
    except asyncio.CancelledError:
        return "hung up"
    except (aiohttp.ClientError, OSError):
        return "lost"
    return "answered"


@pytest.mark.timeout(1800)
def test_nothing_is_lost_and_nothing_doubled(fortnight):
    told, bill, rows = fortnight
    print(f"{len(rows)} requests, {len(bill)} charges, {told}, {Counter(row['outcome'] for row in rows)}")
    assert len(rows) == len({row["id"] for row in rows})
    assert told["answered"] <= len(rows) <= sum(told.values())
    assert {charge["request_id"] for charge in bill} <= {row["id"] for row in rows}
    assert {row["team"] for row in rows} == set(TEAMS)
    assert len({int(row["settled_at"] // 86_400) for row in rows}) == DAYS
    assert sum(row["outcome"] == "client_gone" for row in rows) >= EVENTS // 40
    assert sum(row["outcome"] == "unknown" for row in rows) >= len(KILLED)


def test_what_was_reported_is_in_the_ledger_to_the_pico_dollar(fortnight):
    _, bill, rows = fortnight
    charges = defaultdict(list)
    for charge in bill:
        charges[charge["request_id"]].append(charge)
    exact = guessed = 0
    for row in rows:
        mine = charges.get(row["id"], [])
        if not row["exact"]:
            guessed += 1
            continue
        reported = [charge for charge in mine if charge["reported"]]
        assert (row["picos"] or 0) == sum(charge["picos"] for charge in reported), (row, mine)
        exact += row["picos"] or 0
        if len(reported) == 1:
            assert {kind: row[kind] for kind in KINDS if row[kind]} == reported[0]["kinds"]
    silent = {charge["request_id"] for charge in bill if not charge["reported"] and len(charges[charge["request_id"]]) == 1}
    by_id = {row["id"]: row for row in rows}
    assert all(not by_id[id_]["exact"] or by_id[id_]["outcome"] != "finished" for id_ in silent)
    sums = sum(charge["picos"] for charge in bill if charge["reported"] and by_id[charge["request_id"]]["exact"])
    print(f"${exact / USD:.6f} exact of ${sum(charge['picos'] for charge in bill) / USD:.6f} billed; {guessed} estimates")
    assert exact == sums > 0


def test_both_prices_changed_in_the_middle(fortnight):
    _, _, rows = fortnight
    sonnet = {row["picos_cache_read"] / row["cache_read"]: row["settled_at"] for row in rows
              if row["served"] == "claude-sonnet-5-5" and row["cache_read"] and row["exact"]}  # fmt: skip
    luna = {row["picos_output"] / row["output"] for row in rows if row["served"] == "gpt-6-luna" and row["output"] and row["exact"]}
    assert set(sonnet) == {200_000, 100_000}
    assert luna == {500_000, 600_000}


def test_metrics_budgets_and_sums_say_what_the_rows_say(fortnight, world):
    _, _, rows = fortnight
    running = world.running
    whole = sum(row["picos"] or 0 for row in rows)
    assert running.metric("pointsman_cost_usd_total") == pytest.approx(whole / USD, rel=1e-9)
    assert running.metric("pointsman_requests_total") >= len(rows)
    admin = {"authorization": "Bearer sk-admin"}
    accounts = running.ask("/pointsman/budgets", headers=admin).json["accounts"]
    spent = {each["team"]: each for each in accounts if each["budget"] == "all"}
    trees = Counter()
    for row in rows:
        trees[row["team"], row["session"]] += sum(row[kind] for kind in KINDS)
    for team in TEAMS:
        mine = sum(row["picos"] or 0 for row in rows if row["team"] == team)
        assert spent[team]["spent"] == f"{mine // USD}.{mine % USD:012}"
        assert spent[team]["reserved"] == "0.000000000000"
        told = running.ask("/pointsman/spend?by=agent_tree&since=all", headers={"authorization": f"Bearer {key(team)}"}).json
        assert told["total"]["usd"] == spent[team]["spent"]
    for each in accounts:
        if each["budget"] == "tree":
            assert each["spent"] == trees[each["team"], each["who"]]
    compared = running.ask("/pointsman/spend?compare=true&since=all", headers=admin).json["total"]
    assert compared["usd"] == f"{whole // USD}.{whole % USD:012}"
    assert float(compared["usd_if"]["uncached"]) != float(compared["usd"])


def test_the_providers_reports_show_only_what_was_estimated(fortnight, world):
    """Reconciled by the command, which asks the simulator's admin APIs as it would the vendors'."""
    command = [sys.executable, "-m", "gateway", "reconcile", "--config", str(world.folder / "pointsman.yaml"), "--since", "30d"]
    command += ["--format", "json", "--home", str(world.folder / "home")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env={**os.environ, **world.env}, check=False)
    told = json.loads(done.stdout)
    print({cause: (part["tokens"], part["usd"]) for cause, part in told["causes"].items()}, f"captured {told['captured']}")
    assert set(told["causes"]) <= {"estimated", "late", "rounding"}
    assert told["captured"] == 1.0


def test_the_hours_add_up_to_the_rows(fortnight, world):
    world.running.stop()
    assert check_sums(world.folder / "home" / "ledger.db")["requests"] == len(fortnight[2])
