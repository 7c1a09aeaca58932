"""Builds a running gateway: opens the parts, puts the line in front of FastAPI, and closes all in order.

This is the only place where the parts meet the clock, chance, the disk and the event loop.
"""

import asyncio
import contextlib
import gc
import os
import random
import secrets
import signal
import sqlite3
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from cache.forecast import Forecast
from cache.priors import shipped
from cache.stores.disk import DiskStore
from cache.survival import Survival
from cache.survival_file import SurvivalFile
from cache.threads import Threads
from gateway.api import budgets, explain, health, models, page, spend, threads
from gateway.budgets.budgets import COUNTERS_MAX, RATE_COUNTERS_MAX, Budgets
from gateway.budgets.counters import LocalCounters
from gateway.budgets.seed import past
from gateway.budgets.state import accounts, gauges, of_teams
from gateway.budgets.types import Before, Budget
from gateway.config.compiled import Snapshot
from gateway.config.live import Live
from gateway.house import House, Ids
from gateway.keys import KeyRing
from gateway.metering.journal import Journal
from gateway.metering.labels import labels_of
from gateway.metering.ledger import Ledger
from gateway.metering.ledger_process import LedgerProcess
from gateway.metering.metrics import Metrics
from gateway.metering.prices import PriceBook
from gateway.metering.roads import roads_of, write_roads
from gateway.metering.spend import requests_for_metrics, totals_for_metrics
from gateway.metering.spend_compare import savings
from gateway.pipeline import Pipeline
from gateway.reconcile.told import noted
from gateway.upstream.via_litellm import Translator
from gateway.version import installed_version
from gateway.wire.asgi import LineApp
from gateway.wire.drive import Wires
from gateway.wire.line import Line
from gateway.wire.pool import Pool
from routing.weights import weights

ROUTERS = (health.router, models.router, explain.router, threads.router, spend.router, budgets.router, page.router)


WRITER_LOOK_S = 2.0
"""How often the ledger's writer is looked at; one that has died is started again."""
LEARNED_EVERY_S = 60.0
"""How often what was learned goes to its file; a crash loses no more than that of it."""
LEDGER_WAITS_S, LEDGER_LOOK_S = 30.0, 0.1
"""How long the past of a new budget waits for the ledger, and how often it looks."""
WRITER_WAITS_S = 0.5
"""The first requests go before the writer's own start; the journal waits for it."""


class Home:
    """The folder of one gateway: journal, ledger, thread memory, and the secret its fingerprints are keyed with."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.journal = path / "journal"
        self.ledger = path / "ledger.db"
        self.threads = path / "threads"
        self.learned = path / "learned.json"
        self.noticed = path / "noticed"

    def seed(self) -> int:
        """A 64-bit secret, made once: without it nobody can tell from the memory what a prompt was."""
        file = self.path / "seed"
        if not file.exists():
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as out:
                out.write(secrets.token_bytes(8))
        return int.from_bytes(file.read_bytes()[:8], "big")


class Gateway:
    """One gateway in one process: its house, its ledger writer, and the FastAPI app around them."""

    def __init__(self, live: Live, home: Home, simulated: bool = False) -> None:
        """Open everything in `home`. `simulated` says that no provider stands behind, for the page to say so."""
        snapshot = live.current
        self.live = live
        self.home = home
        self.ledger = Ledger.open(home.ledger)
        self.writer = LedgerProcess(home.journal, self.ledger)
        write_roads(home.journal, roads_of(snapshot))
        self.writer.recover()
        self.learned = SurvivalFile(home.learned)
        survival = Survival(shipped())
        self.learned.load(survival)
        self.house = House(
            live=live,
            keys=KeyRing(snapshot.teams, snapshot.admin_digests),
            journal=Journal.open(home.journal, f"worker-{os.getpid()}"),
            metrics=_metrics(snapshot, self.ledger),
            prices=PriceBook.load(snapshot.price_overrides),
            threads=Threads(DiskStore(home.threads), snapshot.threads_in_memory, snapshot.forget_s),
            forecast=Forecast(survival),
            budgets=_budgets(snapshot, self.ledger),
            seed=home.seed(),
            ids=Ids(secrets.randbits(40)),
            wall=time.time,
            monotonic=time.monotonic,
            chance=random.random,
            noticed=home.noticed,
        )
        weights()  # read now: the first request shall not wait for it
        self._seeding: set[asyncio.Task[None]] = set()
        self.wires: Wires | None = None
        self.line: LineApp | None = None
        self.api = FastAPI(
            title="Pointsman",
            version=installed_version(),
            lifespan=self._lifespan,
            redirect_slashes=False,
            docs_url="/pointsman/docs",
            redoc_url=None,
        )
        self.api.state.house = self.house
        self.api.state.ledger = self.ledger
        self.api.state.simulated = simulated
        self.api.state.refresh_gauges = self._refresh_gauges
        for router in ROUTERS:
            self.api.include_router(router)

    async def asgi(self, scope: Any, receive: Any, send: Any) -> None:
        """The app for any ASGI server; under the fast adapter only what is not hot comes here."""
        await (self.api if self.line is None else self.line)(scope, receive, send)

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> AsyncIterator[Mapping[str, Any]]:
        loop = asyncio.get_running_loop()
        pool = Pool(loop)
        translator = Translator(loop)
        self.wires = Wires(loop, pool, translator)
        limits = self.live.current.limits
        line = Line(Pipeline(self.house), self.wires, limits.body_bytes, limits.header_bytes)
        self.line = LineApp(line, self.api)
        pool.held_since = self.wires.held_since
        pool.send_soon = self.wires.send_soon
        self._install(self.live.current)
        watches = [
            loop.create_task(self.live.watch(on_change=self._install)),
            loop.create_task(self._keep_writer()),
            loop.create_task(self._keep_learned()),
        ]
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(signal.SIGHUP, self.reload)
        gc.collect()
        gc.freeze()  # what start-up made stays; the collector need not look at it again
        try:
            yield {"line": line}
        finally:
            self.house.draining = True
            for watch in watches:
                watch.cancel()
            self.wires.close()
            translator.close()
            pool.close()
            self.house.journal.close()
            await loop.run_in_executor(None, self._close)

    def reload(self) -> None:
        """Read the config again (SIGHUP); a broken file changes nothing but the status."""
        if self.live.reload():
            self._install(self.live.current)
        self.house.metrics.config_reload(self.live.last_reload_ok)

    def _install(self, snapshot: Snapshot) -> None:
        """What else follows from a new configuration; the snapshot itself is in place already."""
        house = self.house
        house.keys = KeyRing(snapshot.teams, snapshot.admin_digests)
        house.prices = PriceBook.load(snapshot.price_overrides)
        write_roads(self.home.journal, roads_of(snapshot))
        house.metrics.relabel(**labels_of(snapshot))
        house.metrics.config_reload(self.live.last_reload_ok)
        if fresh := house.budgets.install(snapshot.budgets, snapshot.rate_limits, house.wall()):
            self._seeding.add(task := asyncio.get_running_loop().create_task(self._seed(fresh)))
            task.add_done_callback(self._seeding.discard)
        assert self.wires is not None
        assert self.line is not None
        self.wires.keepalive_s = snapshot.streams.keepalive_s
        self.wires.drain_s = snapshot.streams.drain_s
        self.wires.drain_bytes = snapshot.streams.drain_bytes
        self.line.line.body_bytes_max = snapshot.limits.body_bytes
        self.line.line.header_bytes_max = snapshot.limits.header_bytes

    async def _seed(self, fresh: tuple[Budget, ...]) -> None:
        """Give budgets that a reload brought their past: all that was settled before now, once it is in the ledger."""
        now, began = self.house.wall(), self.house.monotonic()
        loop = asyncio.get_running_loop()
        with contextlib.suppress(sqlite3.Error):  # they then count from now on, as with a new ledger
            for budget, before in await loop.run_in_executor(None, self._past, fresh, now, began):
                self.house.budgets.seed(budget, before, now)

    def _past(self, fresh: tuple[Budget, ...], now: float, began: float) -> list[tuple[Budget, Before]]:
        """In a thread of its own: it waits for the ledger's writer."""
        while self.writer.caught_up_at < began and time.monotonic() < began + LEDGER_WAITS_S:
            time.sleep(LEDGER_LOOK_S)
        return past(self.ledger, fresh, now)

    async def _keep_writer(self) -> None:
        """Start the ledger's writer, and start it again should it die: the journal waits for it."""
        await asyncio.sleep(WRITER_WAITS_S)
        while True:
            self.writer.start()
            await asyncio.sleep(WRITER_LOOK_S)

    async def _keep_learned(self) -> None:
        """Bring what was learned of caches to the file, and take what other processes brought."""
        survival = self.house.forecast.survival
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(LEARNED_EVERY_S)
            brought = self.learned.brought(survival)
            known = await loop.run_in_executor(None, self.learned.merged, brought, survival.half_life_s)
            if known is not None:
                self.learned.take(survival, known, brought)

    def _refresh_gauges(self) -> None:
        """Gauges that nothing pushes: asked for when `/metrics` is."""
        metrics = self.house.metrics
        with contextlib.suppress(sqlite3.Error):  # a ledger that cannot be read now keeps its last numbers
            backlog_bytes = self.writer.backlog_bytes()
            metrics.ledger(self.writer.lag_s(backlog_bytes), backlog_bytes, self.writer.errors)
            metrics.compared(savings(self.ledger))
        if self.wires is not None:
            metrics.loop_held(self.wires.longest_held_s())
        self._refresh_budgets()
        if (captured := noted(self.home.path)) is not None:
            metrics.bill_captured(captured)
        metrics.price_table_age(time.time() - self.house.prices.built_at)
        metrics.config_reload(self.live.last_reload_ok)
        metrics.in_force(int(self.live.current.version, 16), self.house.prices.version)
        metrics.draining(self.house.draining)

    def _refresh_budgets(self) -> None:
        house = self.house
        now = house.wall()
        for each in of_teams(house.budgets, now):
            if each.budget.unit == "usd":
                house.metrics.budget(each.team, each.budget.span, each.budget.limit, each.spent, each.reserved)
        for gauge in gauges(accounts(house.budgets, now)):
            house.metrics.budget_used(gauge.name, gauge.fullest_share, gauge.levels)

    def _close(self) -> None:
        survival = self.house.forecast.survival
        self.learned.merged(self.learned.brought(survival), survival.half_life_s)
        self.writer.stop()
        self.house.threads.close()
        self.ledger.close()


def _metrics(snapshot: Snapshot, ledger: Ledger) -> Metrics:
    """Metrics that go on from where the ledger stands, so that a restart is no reset."""
    metrics = Metrics(**labels_of(snapshot))
    metrics.seed(totals_for_metrics(ledger), requests_for_metrics(ledger))
    return metrics


def _budgets(snapshot: Snapshot, ledger: Ledger) -> Budgets:
    """Budgets that go on from what the ledger says was spent in their windows."""
    budgets_ = Budgets(LocalCounters(COUNTERS_MAX), LocalCounters(RATE_COUNTERS_MAX))
    now = time.time()
    for budget, before in past(ledger, budgets_.install(snapshot.budgets, snapshot.rate_limits, now), now):
        budgets_.seed(budget, before, now)
    return budgets_
