"""The books of a running gateway: its counters begin where the ledger stands, its writer is kept alive.

One process of a gateway does this: the gateway itself, or the supervisor of its workers.
"""

import asyncio
import contextlib
import sqlite3
import time

from gateway.budgets.allowance import DAY_S, Allowance
from gateway.budgets.budgets import Budgets
from gateway.budgets.seed import past
from gateway.budgets.types import Before, Budget
from gateway.config.compiled import Snapshot
from gateway.metering.labels import labels_of
from gateway.metering.ledger import Ledger, exact_sum, total
from gateway.metering.ledger_process import LedgerProcess
from gateway.metering.metrics import Metrics
from gateway.metering.spend import requests_for_metrics, totals_for_metrics
from gateway.metering.spend_compare import savings
from gateway.metering.types import PING

WRITER_LOOK_S = 2.0
"""How often the ledger's writer is looked at; one that has died is started again."""
WRITER_WAITS_S = 0.5
"""The first requests go before the writer's own start; the journal waits for it."""
LEDGER_WAITS_S, LEDGER_LOOK_S = 30.0, 0.1
"""How long the past of a new budget waits for the ledger, and how often it looks."""


def seeded_metrics(snapshot: Snapshot, ledger: Ledger) -> Metrics:
    """Metrics that go on from where the ledger stands, so that a restart is no reset."""
    metrics = Metrics(**labels_of(snapshot))
    metrics.seed(totals_for_metrics(ledger), requests_for_metrics(ledger))
    return metrics


async def keep_writer(writer: LedgerProcess) -> None:
    """Start the ledger's writer, and start it again should it die: the journal waits for it. Until cancelled."""
    await asyncio.sleep(WRITER_WAITS_S)
    while True:
        writer.start()
        await asyncio.sleep(WRITER_LOOK_S)


async def tell_ledger(metrics: Metrics, writer: LedgerProcess, ledger: Ledger) -> None:
    """Bring what the ledger knows up to date. A ledger that cannot be read now keeps its last numbers."""
    with contextlib.suppress(sqlite3.Error):
        backlog_bytes, found = await asyncio.get_running_loop().run_in_executor(
            None, lambda: (writer.backlog_bytes(), list(savings(ledger)))
        )
        metrics.ledger(writer.lag_s(backlog_bytes), backlog_bytes, writer.errors)
        metrics.compared(found)


def seed_budgets(budgets: Budgets, snapshot: Snapshot, ledger: Ledger) -> None:
    """Have budgets go on from what the ledger says was spent in their windows. Before the first request."""
    now = time.time()
    for budget, before in past(ledger, budgets.install(snapshot.budgets, snapshot.rate_limits, now), now):
        budgets.seed(budget, before, now)


def seed_allowance(allowance: Allowance, ledger: Ledger) -> None:
    """Have the day's pings go on from what the ledger says they have cost. Before the first one."""
    now = time.time()
    query = f"SELECT {exact_sum('picos', 'picos')} FROM requests WHERE agent = ? AND settled_at >= ?"
    for row in ledger.rows(query, [PING, now // DAY_S * DAY_S]):
        allowance.spend(total(row, "picos"), now)


async def past_of(
    fresh: tuple[Budget, ...], ledger: Ledger, writer: LedgerProcess, now: float
) -> list[tuple[Budget, Before]]:
    """The past of budgets that a reload brought: all that was settled before now, once it is in the ledger.

    Nothing where the ledger cannot be read; they then count from now on, as with a new ledger.
    """
    began = time.monotonic()

    def wait_and_read() -> list[tuple[Budget, Before]]:
        while writer.caught_up_at < began and time.monotonic() < began + LEDGER_WAITS_S:
            time.sleep(LEDGER_LOOK_S)
        return past(ledger, fresh, now)

    try:
        return await asyncio.get_running_loop().run_in_executor(None, wait_and_read)
    except sqlite3.Error:
        return []
