"""The books of a running gateway: its counters begin where the ledger stands, its writer is kept alive.

One process of a gateway does this: the gateway itself, or the supervisor of its workers.
"""

import asyncio
import contextlib
import logging
import time

from gateway.budgets.allowance import DAY_S, Allowance
from gateway.budgets.budgets import Budgets
from gateway.budgets.seed import past
from gateway.budgets.types import Before, Budget
from gateway.config.compiled import Snapshot
from gateway.home import Home
from gateway.metering.labels import labels_of
from gateway.metering.ledger import Ledger, exact_sum, total
from gateway.metering.ledger_face import UNREADABLE, Away
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
AWAY_LOOK_S = 5.0
"""How often a database that is away is asked for the past of budgets; they have none until then."""
SCRAPE_S = 3.0
"""How long a scrape waits for the ledger."""

_log = logging.getLogger("pointsman.ledger")


def open_ledger(home: Home, snapshot: Snapshot) -> Ledger:
    """The ledger of the config, or the home's own. `LedgerError`; also where it is away, if the config says to refuse.

    A gateway that serves nevertheless has counters that begin at 0, and budgets that learn of their past later.
    """
    place = snapshot.ledger_database or home.ledger
    try:
        return Ledger.open(place)
    except Away as error:
        if snapshot.ledger_on_error == "refuse":
            raise
        _log.warning("the ledger is away, and what is spent waits in the journal: %s", error)
        return Ledger(place)


def seeded_metrics(snapshot: Snapshot, ledger: Ledger, home: str = "") -> Metrics:
    """Metrics that go on from where the ledger stands, so that a restart is no reset; of `home` among several."""
    metrics = Metrics(**labels_of(snapshot))
    with contextlib.suppress(Away):
        metrics.seed(list(totals_for_metrics(ledger, home)), list(requests_for_metrics(ledger, home)))
        metrics.compared(list(savings(ledger, home)))
    return metrics


async def keep_writer(writer: LedgerProcess) -> None:
    """Start the ledger's writer, and start it again should it die: the journal waits for it. Until cancelled."""
    await asyncio.sleep(WRITER_WAITS_S)
    while True:
        writer.start()
        await asyncio.sleep(WRITER_LOOK_S)


async def tell_ledger(metrics: Metrics, writer: LedgerProcess, ledger: Ledger) -> None:
    """Bring what the ledger knows up to date. A ledger that cannot be read now keeps its last numbers."""
    loop = asyncio.get_running_loop()
    try:
        backlog_bytes = await asyncio.wait_for(loop.run_in_executor(None, writer.backlog_bytes), SCRAPE_S)
    except TimeoutError:  # a database that does not answer; what waits for it lies here
        backlog_bytes = await loop.run_in_executor(None, writer.known_backlog_bytes)
    metrics.ledger(writer.lag_s(backlog_bytes), backlog_bytes, writer.errors)
    with contextlib.suppress(TimeoutError, *UNREADABLE):
        found = loop.run_in_executor(None, lambda: list(savings(ledger, writer.home)))
        metrics.compared(await asyncio.wait_for(found, SCRAPE_S))


def seed_budgets(budgets: Budgets, snapshot: Snapshot, ledger: Ledger) -> tuple[Budget, ...]:
    """Have budgets go on from what the ledger says was spent in their windows. Before the first request.

    Gives those that are still without their past, because the ledger is away.
    """
    now = time.time()
    fresh = budgets.install(snapshot.budgets, snapshot.rate_limits, now)
    try:
        found = past(ledger, fresh, now)
    except Away:
        return fresh
    for budget, before in found:
        budgets.seed(budget, before, now)
    return ()


def seed_allowance(allowance: Allowance, ledger: Ledger) -> None:
    """Have the day's pings go on from what the ledger says they have cost. Before the first one."""
    now = time.time()
    query = f"SELECT {exact_sum('picos', 'picos')} FROM requests WHERE agent = ? AND settled_at >= ?"
    with contextlib.suppress(Away):  # then they go on from nothing, and the day may cost its allowance twice
        for row in ledger.rows(query, [PING, now // DAY_S * DAY_S]):
            allowance.spend(total(row, "picos"), now)


async def past_of(
    fresh: tuple[Budget, ...], ledger: Ledger, writer: LedgerProcess, now: float
) -> list[tuple[Budget, Before]]:
    """The past of budgets that have none yet: all that was settled before now, once it is in the ledger.

    Waits for a database that is away. Nothing where the ledger cannot be read; they then count from now on, as with a new
    ledger.
    """
    began = time.monotonic()

    def wait_and_read() -> list[tuple[Budget, Before]]:
        while writer.caught_up_at < began and time.monotonic() < began + LEDGER_WAITS_S:
            time.sleep(LEDGER_LOOK_S)
        return past(ledger, fresh, now)

    while True:
        try:
            return await asyncio.get_running_loop().run_in_executor(None, wait_and_read)
        except Away:
            await asyncio.sleep(AWAY_LOOK_S)
        except UNREADABLE:
            return []
