"""What a request costs as the work around it grows: bodies, streams, threads, rules, teams, ledger. One factor at a time."""

import contextlib
import sqlite3
import time
from collections.abc import Callable
from typing import Any

from benchmarks import gateways, measure
from benchmarks.gateways import BENCH, Gateway
from cache.stores.disk import DiskStore
from cache.threads import Threads
from cache.types import Boundary, ThreadRecord
from gateway.metering.ledger_schema import connect

SIZES = (1_000, 10_000, 100_000, 1_000_000, 5_000_000)
STREAMS = (1, 10, 100, 400)
COUNTS = (1, 10, 100, 1_000)
THREADS = (1, 1_000, 30_000, 1_000_000)
EVENTS = (1, 100_000, 1_000_000, 10_000_000)
FILL_S = 150.0
"""Beyond this a store is not filled any further; the point is then named with what it holds."""

Curve = list[tuple[float, float]]


def measured(seconds: float, quick: bool, say: Callable[[str], None]) -> dict[str, Curve]:
    """Microseconds of processor time per request, the ledger's writer included, against each factor."""
    found: dict[str, Curve] = {}
    found["body bytes"] = []
    with measure.measured(gateways.pointsman()) as (process, _):
        for size in SIZES:
            load = measure.load("known", size, 16 if size < 1_000_000 else 2, seconds, process=process)
            found["body bytes"].append((size, load.cpu_us))
        found["streams"] = [
            (count, measure.load("streams", 1000, count, seconds, 2.0, process=process).cpu_per_event_us)
            for count in STREAMS
        ]
    found["rules"] = [(count, _cost(gateways.pointsman(rules=count), seconds)) for count in COUNTS]
    found["teams"] = [(count, _cost(gateways.pointsman(teams=count), seconds)) for count in COUNTS]
    found["threads remembered"] = []
    for count in THREADS[:2] if quick else THREADS:
        say(f"growth: {count} threads")
        made = _remember(count)
        found["threads remembered"].append((made, _cost(gateways.pointsman(), seconds, keep_home=True)))
    found["ledger events"] = []
    for count in EVENTS[:2] if quick else EVENTS:
        say(f"growth: {count} events in the ledger")
        made = _book(count)
        found["ledger events"].append((made, _cost(gateways.pointsman(), seconds, keep_home=True)))
    return found


def _cost(gateway: Gateway, seconds: float, keep_home: bool = False) -> float:
    with measure.upstream(), gateways.running(gateway, measure.GATEWAY_CORE, keep_home) as (process, _):
        time.sleep(1.0)
        return measure.load("agents", 1000, 16, seconds, new_model=gateway.new_model, process=process.pid).cpu_us


def _remember(count: int) -> int:
    """Fill the memory of threads, each with eight prefixes; how many there are."""
    gateways.emptied()
    (BENCH / "home").mkdir(mode=0o700)
    threads = Threads(DiskStore(BENCH / "home" / "threads"), capacity=100_000, forget_s=1e9)
    now = time.time()
    made = 0
    began = time.monotonic()
    while made < count and time.monotonic() - began < FILL_S:
        for _ in range(min(10_000, count - made)):
            boundaries = tuple(Boundary(digest=f"{made:032x}", size=1000 * n, tokens=250 * n) for n in range(8))
            threads.remember(
                ThreadRecord(thread=f"filled-{made}", team="bench", model="gpt-4o", provider="openai", upstream="mock",
                             dialect="chat", started_at=now, last_end=now, requests=9, boundaries=boundaries)
            )  # fmt: skip
            made += 1
        threads.flush(60.0)
    threads.close(60.0)
    return made


def _book(count: int) -> int:
    """Fill the ledger with settled requests of a year; how many there are."""
    gateways.emptied()
    (BENCH / "home").mkdir(mode=0o700)
    with contextlib.closing(connect(BENCH / "home" / "ledger.db")) as ledger:
        ledger.execute("PRAGMA synchronous = OFF")
        names = [(name, kind) for _, name, kind, required, default, _ in ledger.execute("PRAGMA table_info(requests)")
                 if required and default is None]  # fmt: skip
        year_ago = time.time() - 365 * 86_400
        values = {
            "id": "printf('%012x%016x', n, n)", "at": f"{year_ago} + n", "journal": "'worker-1'",
            "team": "'team-' || (n % 50)", "thread": "'thread-' || (n % 9973)", "model": "'gpt-4o'",
        }  # fmt: skip
        columns = ["settled_at", "status", "outcome", "picos", "price_status", "exact", *(name for name, _ in names)]
        made_of = [f"{year_ago} + n * {365 * 86_400 / max(1, count)}", "200", "'finished'", "1000 * n", "'priced'", "1"]
        made_of += [values.get(name, "''" if kind == "TEXT" else "0") for name, kind in names]
        made = 0
        began = time.monotonic()
        while made < count and time.monotonic() - began < FILL_S:
            more = min(250_000, count - made)
            ledger.execute(
                f"WITH RECURSIVE c(n) AS (SELECT {made} UNION ALL SELECT n + 1 FROM c WHERE n + 1 < {made + more})"
                f" INSERT INTO requests ({', '.join(columns)}) SELECT {', '.join(made_of)} FROM c"
            )
            made += more
        with contextlib.suppress(sqlite3.Error):
            ledger.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return made


def summary(curve: Curve) -> dict[str, Any]:
    """How a curve grows: the cost of the last point over the first, beside how much larger the factor was."""
    (first, cost), (last, end) = curve[0], curve[-1]
    return {"factor": last / first, "cost": end / cost}
