"""The supervisor of several workers: accepts for them, replaces them, keeps their books, and writes their metrics page.

It reads no request and imports neither web framework nor LiteLLM. What it knows of requests is what workers report.
"""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Coroutine

from msgspec import Struct

from cache.stores.disk import DiskStore
from gateway.budgets.allowance import Allowance
from gateway.budgets.budgets import Budgets
from gateway.budgets.shown import show
from gateway.budgets.types import Budget
from gateway.config.live import Live
from gateway.home import Home
from gateway.metering.labels import labels_of
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
from gateway.metering.page import page
from gateway.metering.report import Merged
from gateway.metering.roads import roads_of, write_roads
from gateway.metering.types import PING
from gateway.reconcile.told import noted
from gateway.workers.door import Door
from gateway.workers.messages import Accounts, Ask, Drain, Hurry, Leaving, Page, Ready, Reload, Start, Told
from gateway.workers.roll_call import RollCall
from gateway.workers.share import Share
from gateway.workers.shared_counters import SharedCounters
from gateway.workers.staff import Hand

AGAIN_S, AGAIN_MAX_S = 0.1, 5.0
"""Pause before a worker is replaced, doubled while its successors die within `STEADY_S`."""
STEADY_S = 10.0
LOOK_S = 0.1
"""How often is looked whether there is another config to tell of, and who is silent."""
DEAD_S = 60.0
"""A worker whose loop has been held for so long is not coming back: it is killed, and replaced."""
LATE_S = 10.0
"""How long a worker may take beyond its drain before it is killed."""

_log = logging.getLogger("pointsman.workers")


class Plan(Struct, frozen=True):
    """How a gateway is to be served."""

    workers: int
    drain_s: int
    host: str | None
    port: int | None
    simulator: str


class Supervisor:
    """The workers of one gateway, and what is theirs together."""

    def __init__(self, live: Live, home: Home, listener: socket.socket, plan: Plan) -> None:
        """Open the books; nothing is started yet."""
        self.live = live
        self.home = home
        self.plan = plan
        self.share = Share.make(plan.workers)
        self._fresh = {column: Hand(column, self.share) for column in range(plan.workers)}
        """Started before all else: they load while the books are opened."""
        home.seed()
        DiskStore(home.threads).close()  # made by one before many open it
        self.ledger = open_ledger(home, live.current)
        self.writer = LedgerProcess(home.journal, self.ledger)
        write_roads(home.journal, roads_of(live.current))
        self.writer.recover()
        self.merged = Merged(seeded_metrics(live.current, self.ledger, self.writer.home))
        columns = self.share.columns
        self.budgets = Budgets(SharedCounters.of_budgets(columns), SharedCounters.of_pace(columns))
        self._unseeded = seed_budgets(self.budgets, live.current, self.ledger)
        seed_allowance(Allowance(PING, SharedCounters.of_budgets(columns)), self.ledger)
        self.budgets.on_listed = self._listed
        self.hands: dict[int, Hand] = {}
        self._door = Door(listener, lambda: list(self.hands.values()))
        self._roll_call = RollCall()
        self._tasks: set[asyncio.Task[None]] = set()
        self._told_state = live.current.version, live.last_reload_ok
        self._ready = asyncio.Event()
        self._failed = False
        self._stopping = asyncio.Event()
        self._hurried = False

    async def run(self, announce: Callable[[], None]) -> int:
        """Serve until a signal asks for the end; `announce` is called when all workers are ready. The exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stop)
        loop.add_signal_handler(signal.SIGHUP, self.reload)
        keepers = [loop.create_task(self._keep(column)) for column in range(self.plan.workers)]
        for keeper in keepers:
            keeper.add_done_callback(self._given_up)
        watches = [
            loop.create_task(keep_writer(self.writer)),
            loop.create_task(self.live.watch()),
            loop.create_task(self._look()),
        ]
        if self._unseeded:
            self._begin(self._seed(self._unseeded))
        await _first(self._ready, self._stopping)
        if not self._failed and not self._stopping.is_set():
            self._door.open()
            announce()
        await self._stopping.wait()
        self._door.close()
        self._say_stop()
        await asyncio.wait(keepers, timeout=self.plan.drain_s + LATE_S)
        self._kill()
        await asyncio.gather(*keepers, return_exceptions=True)
        for watch in watches:
            watch.cancel()
        await loop.run_in_executor(None, self.writer.stop)
        self.ledger.close()
        return 1 if self._failed else 0

    def stop(self) -> None:
        """Finish what is under way; asked for again, wait no longer."""
        if self._stopping.is_set():
            self._hurried = True
            self._say_stop()
            asyncio.get_running_loop().call_later(LATE_S, self._kill)
        self._stopping.set()

    def _kill(self) -> None:
        """What has not ended by now does not end by itself; the ledger finds its requests open, and books them so."""
        for hand in self.hands.values():
            hand.process.kill()

    def reload(self) -> None:
        """Read the config again, here and in all workers. A broken file changes nothing but the status."""
        self.live.reload()
        self._follow()

    def _follow(self) -> None:
        """Have the workers read what has been read here. First what is theirs together, so that nothing is counted twice."""
        state = self.live.current.version, self.live.last_reload_ok
        if state == self._told_state:
            return
        if state[0] != self._told_state[0]:
            snapshot = self.live.current
            self.merged.metrics.relabel(**labels_of(snapshot))
            write_roads(self.home.journal, roads_of(snapshot))
            fresh = self.budgets.install(snapshot.budgets, snapshot.rate_limits, time.time())
            if fresh:
                self._begin(self._seed(fresh))
        self._told_state = state
        self._say_all(Reload())

    async def _seed(self, fresh: tuple[Budget, ...]) -> None:
        """Give budgets that a reload brought their past, or that began while the ledger was away."""
        now = time.time()
        for budget, before in await past_of(fresh, self.ledger, self.writer, now):
            self.budgets.seed(budget, before, now)

    def _listed(self, budget: str, team: str, who: str) -> None:
        self._say_all(Accounts(accounts=[(budget, team, who)]))

    async def _look(self) -> None:
        """Follow what the watch of the file found, and end workers that have been silent for too long."""
        while True:
            await asyncio.sleep(LOOK_S)
            self._follow()
            for hand in self.hands.values():
                if hand.ready and hand.silent_s > DEAD_S:
                    hand.process.kill()

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _say_all(self, message: Reload | Accounts | Drain | Hurry) -> None:
        for hand in self.hands.values():
            hand.say(message)

    def _say_stop(self) -> None:
        self._say_all(Hurry() if self._hurried else Drain())

    # one worker

    async def _keep(self, column: int) -> None:
        """Have a worker in this column, until all is to stop."""
        pause_s = AGAIN_S
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                hand = self._fresh.pop(column) if column in self._fresh else Hand(column, self.share)
            except OSError as error:  # too many processes, or too little memory, right now
                _log.warning("worker %d cannot be started: %s", column, error)
                await self._pause(AGAIN_MAX_S)
                continue
            self.hands[column] = hand
            await hand.open(self._start(column))
            await self._attend(hand)
            del self.hands[column]
            code = await self._buried(hand)
            if self._stopping.is_set():
                return
            if not self._ready.is_set():  # it could not even begin, and has said why
                self._failed = True
                self._stopping.set()
                return
            self.merged.metrics.worker_lost()
            pause_s = AGAIN_S if time.monotonic() - began > STEADY_S else min(pause_s * 2, AGAIN_MAX_S)
            _log.warning("worker %d (process %d) ended with %s; another takes its place", column, hand.process.pid, code)
            await self._pause(pause_s)

    async def _pause(self, pause_s: float) -> None:
        """Wait, unless all is to stop."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), pause_s)

    def _given_up(self, keeper: asyncio.Task[None]) -> None:
        """A fault of ours has ended what looks after a worker: better no gateway than half of one."""
        if not keeper.cancelled() and (error := keeper.exception()) is not None:
            _log.error("a worker is no longer looked after", exc_info=error)
            self._failed = True
            self._stopping.set()

    async def _attend(self, hand: Hand) -> None:
        """Hear a worker out, until it ends."""
        while (message := await hand.hear()) is not None:
            if isinstance(message, Told):
                self.merged.absorb(hand.source, message.report)
                self._roll_call.answered(message.number, hand.column)
            elif isinstance(message, Ask):
                self._begin(self._answer(hand, message.number))
            elif isinstance(message, Accounts):
                for account in message.accounts:
                    self.budgets.meet(*account)
            elif isinstance(message, Ready):
                hand.ready = True
                accounts = self.budgets.accounts(time.time())
                hand.say(Accounts(accounts=[(each.budget.name, each.team, each.who) for each in accounts]))
                if len(self.hands) == self.plan.workers and all(each.ready for each in self.hands.values()):
                    self._ready.set()
            elif isinstance(message, Leaving):
                hand.leaving = True

    async def _buried(self, hand: Hand) -> int:
        """The exit code of a worker that has hung up; it is killed if it does not end."""
        try:
            code = await asyncio.get_running_loop().run_in_executor(None, hand.process.wait, LATE_S)
        except subprocess.TimeoutExpired:
            hand.process.kill()
            code = hand.process.wait()
        self.merged.leave(hand.source)
        self._roll_call.gone(hand.column)
        self.share.columns.begin(hand.column)
        hand.close()
        return code

    def _start(self, column: int) -> Start:
        plan = self.plan
        return Start(
            column=column,
            workers=plan.workers,
            config=os.path.abspath(self.live.path),
            data=self.live.data,
            host=plan.host,
            port=plan.port,
            home=os.path.abspath(self.home.path),
            drain_s=plan.drain_s,
            simulator=plan.simulator,
        )

    async def _answer(self, asker: Hand, number: int) -> None:
        """The metrics page, for a worker that was asked for it."""
        metrics = self.merged.metrics
        await self._roll_call.hold(self.hands.values())
        await tell_ledger(metrics, self.writer, self.ledger)
        metrics.workers(sum(hand.takes for hand in self.hands.values()))
        self.merged.settle_gauges()
        show(metrics, self.budgets, time.time())
        metrics.bill_captured(noted(self.home.path))
        asker.say(Page(number=number, page=await page(metrics)))


async def _first(*events: asyncio.Event) -> None:
    """Wait for one of these."""
    tasks = [asyncio.ensure_future(event.wait()) for event in events]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
