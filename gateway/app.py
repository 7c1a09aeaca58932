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
import time
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Any

from fastapi import FastAPI, Request, Response

from cache.forecast import Forecast
from cache.priors import shipped
from cache.returns import Returns
from cache.shared_threads import SharedThreads
from cache.stores.disk import DiskStore
from cache.survival import Survival
from cache.survival_file import SurvivalFile
from cache.threads import Threads
from gateway.api import budgets, explain, health, models, page, spend, threads
from gateway.api.page_sums import Sums
from gateway.budgets.allowance import Allowance
from gateway.budgets.budgets import COUNTERS_MAX, RATE_COUNTERS_MAX, Budgets
from gateway.budgets.counters import LocalCounters
from gateway.budgets.shown import show
from gateway.budgets.types import Budget
from gateway.config.compiled import Snapshot
from gateway.config.live import Live
from gateway.heartbeat import Heartbeat
from gateway.home import Home
from gateway.house import House, Ids
from gateway.keep_warm import Keeper
from gateway.keys import KeyRing
from gateway.metering.journal import Journal
from gateway.metering.labels import labels_of
from gateway.metering.ledger_face import LedgerError
from gateway.metering.ledger_keeper import (
    keep_writer,
    open_ledger,
    past_of,
    seed_allowance,
    seed_budgets,
    seeded_metrics,
    tell_ledger,
)
from gateway.metering.ledger_process import LedgerProcess
from gateway.metering.metrics import Metrics
from gateway.metering.page import page as metrics_page
from gateway.metering.prices import PriceBook
from gateway.metering.roads import roads_of, write_roads
from gateway.metering.types import PING
from gateway.ping import sender
from gateway.pipeline import Pipeline
from gateway.reconcile.told import noted
from gateway.upstream.via_litellm import Translator
from gateway.version import installed_version
from gateway.wire.asgi import LineApp
from gateway.wire.drive import Wires
from gateway.wire.letterhead import Letterheads
from gateway.wire.line import Line
from gateway.wire.pool import Pool
from gateway.workers.share import Share
from gateway.workers.shared_counters import SharedCounters
from gateway.workers.shared_house import SharedHouse
from gateway.workers.shared_returns import SharedCounts
from routing.weights import weights

ROUTERS = (health.router, models.router, explain.router, threads.router, spend.router, budgets.router, page.router)

COLLECT_AFTER = 10_000, 20, 100
"""Objects, and collections of younger ones, after which the collector looks for cycles (`gc.set_threshold`). A request
leaves none (measured: 0 in 1,280), and with Python's 700 the objects of streams under way are looked through for every few
that begin: 1.9 of 25.8 µs an event with 750 streams. 10,000 are looked through in half a millisecond.
"""
LEARNED_EVERY_S = 60.0
"""How often what was learned goes to its file; a crash loses no more than that of it."""


def _ledger_is_away(_: Request, error: Exception) -> Response:
    """What asks the ledger is told that it cannot be asked; requests to models go on."""
    return Response(f"{error}\n", status_code=503, headers={"retry-after": "5"}, media_type="text/plain")


class Gateway:
    """One gateway in one process: its house, its ledger writer, and the FastAPI app around them.

    As one of several workers it has a `share` with the others, and the books are their supervisor's business: who writes
    the ledger, and what the counters begin with.
    """

    def __init__(self, live: Live, home: Home, simulated: bool = False, share: Share | None = None) -> None:
        """Open everything in `home`. `simulated` says that no provider stands behind, for the page to say so."""
        snapshot = live.current
        self.live = live
        self.home = home
        self.ledger = open_ledger(home, snapshot)
        self.writer = LedgerProcess(home.journal, self.ledger) if share is None else None
        if self.writer is not None:
            write_roads(home.journal, roads_of(snapshot))
            self.writer.recover()
        self.learned = SurvivalFile(home.learned)
        survival = Survival(shipped())
        self.learned.load(survival)
        self._unseeded: tuple[Budget, ...] = ()
        self.house = self._house(snapshot, survival, share)
        weights()  # read now: the first request shall not wait for it
        self._seeding: set[asyncio.Task[None]] = set()
        self.wires: Wires | None = None
        self.heartbeat: Heartbeat | None = None
        self.line: LineApp | None = None
        self.keeper: Keeper | None = None
        self.allowance = self._allowance(share)
        self._returns = Returns(None if share is None else SharedCounts(share.columns))
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
        self.api.state.page_sums = Sums(self.ledger)
        self.api.state.simulated = simulated
        self.api.state.metrics_page = self._page
        self.api.add_exception_handler(LedgerError, _ledger_is_away)
        for router in ROUTERS:
            self.api.include_router(router)

    def _house(self, snapshot: Snapshot, survival: Survival, share: Share | None) -> House:
        """The parts, each made where it is named; what workers have together comes from their share."""
        store = DiskStore(self.home.threads)
        seed, kept, forget_s = self.home.seed(), snapshot.threads_in_memory, snapshot.forget_s
        house = House if share is None else partial(SharedHouse, share)
        if share is None:
            budgets_ = Budgets(LocalCounters(COUNTERS_MAX), LocalCounters(RATE_COUNTERS_MAX))
            self._unseeded = seed_budgets(budgets_, snapshot, self.ledger)
        else:
            budgets_ = Budgets(SharedCounters.of_budgets(share.columns), SharedCounters.of_pace(share.columns))
            budgets_.install(snapshot.budgets, snapshot.rate_limits, time.time())
        return house(
            live=self.live,
            keys=KeyRing(snapshot.teams, snapshot.admin_digests),
            journal=Journal.open(self.home.journal, f"worker-{os.getpid()}"),
            metrics=(
                Metrics(**labels_of(snapshot))
                if self.writer is None
                else seeded_metrics(snapshot, self.ledger, self.writer.home)
            ),
            prices=PriceBook.load(snapshot.price_overrides),
            threads=(
                Threads(store, kept, forget_s)
                if share is None
                else SharedThreads(store, kept, forget_s, share.threads, seed)
            ),
            forecast=Forecast(survival),
            budgets=budgets_,
            seed=seed,
            ids=Ids(secrets.randbits(40)),
            wall=time.time,
            monotonic=time.monotonic,
            chance=random.random,
            noticed=self.home.noticed,
        )

    def _allowance(self, share: Share | None) -> Allowance:
        """What pings may cost a day, in all workers; the supervisor tells them what it was so far."""
        allowance = Allowance(PING, LocalCounters(2) if share is None else SharedCounters.of_budgets(share.columns))
        if share is None:
            seed_allowance(allowance, self.ledger)
        return allowance

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
        pipeline = Pipeline(self.house)
        self.keeper = Keeper(self.house, self.allowance, sender(pipeline, self.wires), self._returns)
        line = Line(pipeline, self.wires, limits.body_bytes, limits.header_bytes)
        self.line = LineApp(line, self.api)
        pool.held_since = self.wires.held_since
        pool.send_soon = self.wires.send_soon
        # Of several, another may get the next request, and must know of this one.
        self.house.afterwards = self.wires.after_sending if self.writer is not None else self.wires.before_sending
        self._install(self.live.current)
        self.heartbeat = Heartbeat(loop)
        watches = [loop.create_task(self._keep_learned())]
        if self.writer is not None:  # of several workers, the supervisor does both
            watches.append(loop.create_task(self.live.watch(on_change=self._install)))
            watches.append(loop.create_task(keep_writer(self.writer)))
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(signal.SIGHUP, self.reload)
        gc.set_threshold(*COLLECT_AFTER)
        gc.collect()
        gc.freeze()  # what start-up made stays; the collector need not look at it again
        try:
            yield {"line": line}
        finally:
            self.house.draining = True
            for watch in watches:
                watch.cancel()
            self.heartbeat.stop()
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

    async def reread(self) -> None:
        """The same, without holding up requests while the file is compiled."""
        if await self.live.reread():
            self._install(self.live.current)
        self.house.metrics.config_reload(self.live.last_reload_ok)

    def _install(self, snapshot: Snapshot) -> None:
        """What else follows from a new configuration; the snapshot itself is in place already."""
        house = self.house
        house.keys = KeyRing(snapshot.teams, snapshot.admin_digests)
        house.prices = PriceBook.load(snapshot.price_overrides)
        house.metrics.relabel(**labels_of(snapshot))
        house.metrics.config_reload(self.live.last_reload_ok)
        fresh = house.budgets.install(snapshot.budgets, snapshot.rate_limits, house.wall())
        if self.writer is not None:
            write_roads(self.home.journal, roads_of(snapshot))
        fresh, self._unseeded = (*self._unseeded, *fresh), ()
        if fresh and self.writer is not None:
            self._seeding.add(task := asyncio.get_running_loop().create_task(self._seed(fresh)))
            task.add_done_callback(self._seeding.discard)
        assert self.wires is not None
        assert self.line is not None
        self.wires.keepalive_s = snapshot.streams.keepalive_s
        self.wires.drain_s = snapshot.streams.drain_s
        self.wires.drain_bytes = snapshot.streams.drain_bytes
        self.line.line.body_bytes_max = snapshot.limits.body_bytes
        self.line.line.header_bytes_max = snapshot.limits.header_bytes
        self.line.line.letterheads = Letterheads()
        self._keep_warm(snapshot.keep_warm.enabled)

    def _keep_warm(self, wanted: bool) -> None:
        """Whether pings are sent; without them a request finds no keeper in the house, and costs nothing for it."""
        assert self.wires is not None
        assert self.keeper is not None
        if wanted:
            self.house.keeper = self.keeper
            self.wires.watched.add(self.keeper)
        else:
            self.house.keeper = None
            self.wires.watched.discard(self.keeper)
            self.keeper.clear()

    async def _seed(self, fresh: tuple[Budget, ...]) -> None:
        """Give budgets that a reload brought their past, or that began while the ledger was away."""
        assert self.writer is not None
        now = self.house.wall()
        for budget, before in await past_of(fresh, self.ledger, self.writer, now):
            self.house.budgets.seed(budget, before, now)

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

    async def _page(self) -> bytes:
        """The metrics page of a gateway in one process."""
        assert self.writer is not None
        await tell_ledger(self.house.metrics, self.writer, self.ledger)
        self.refresh_gauges()
        return await metrics_page(self.house.metrics)

    def refresh_gauges(self) -> None:
        """Gauges that nothing pushes: brought up to date before they are shown."""
        metrics = self.house.metrics
        if self.wires is not None:
            metrics.loop_held(self.wires.longest_held_s())
        if self.heartbeat is not None:
            metrics.loop_stalled(self.heartbeat.longest_s())
        if self.writer is not None:
            show(metrics, self.house.budgets, self.house.wall())
            metrics.workers(1)
            metrics.bill_captured(noted(self.home.path))
        metrics.price_table_age(time.time() - self.house.prices.built_at)
        metrics.config_reload(self.live.last_reload_ok)
        metrics.in_force(int(self.live.current.version, 16), self.house.prices.version)
        metrics.draining(self.house.draining)

    def _close(self) -> None:
        survival = self.house.forecast.survival
        self.learned.merged(self.learned.brought(survival), survival.half_life_s)
        if self.writer is not None:
            self.writer.stop()
        self.house.threads.close()
        self.ledger.close()
