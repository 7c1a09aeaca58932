"""The books of a running gateway are begun, kept and told of by one process."""

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from gateway.budgets.allowance import DAY_S, Allowance
from gateway.budgets.counters import LocalCounters
from gateway.config.live import Live
from gateway.metering import ledger_keeper
from gateway.metering.ledger import Ledger
from gateway.metering.ledger_keeper import keep_writer, seed_allowance, seeded_metrics, tell_ledger
from gateway.metering.ledger_process import LedgerProcess
from gateway.metering.ledger_schema import connect
from tests.gateway.metering.records import book, intent, settlement
from tests.gateway.metering.test_metrics import made, value
from tests.tidy.tree import ROOT


def test_a_writer_that_is_killed_is_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_keeper, "WRITER_WAITS_S", 0.0)
    monkeypatch.setattr(ledger_keeper, "WRITER_LOOK_S", 0.05)
    writer = LedgerProcess(tmp_path / "journal", Ledger.open(tmp_path / "ledger.db"))

    async def other_than(last: int) -> int:
        for _ in range(500):
            if writer._process is not None and writer._process.pid != last:
                return writer._process.pid
            await asyncio.sleep(0.01)
        raise AssertionError("no writer was started")

    async def run() -> tuple[int, int]:
        task = asyncio.create_task(keep_writer(writer))
        first = await other_than(0)
        os.kill(first, signal.SIGKILL)
        second = await other_than(first)
        task.cancel()
        return first, second

    first, second = asyncio.run(run())
    writer.stop()
    assert first != second


def test_metrics_begin_with_the_names_of_the_config_and_the_ledger(tmp_path: Path) -> None:
    live = Live.open(ROOT / "pointsman.yaml", {})
    ledger = Ledger.open(tmp_path / "ledger.db")
    page = seeded_metrics(live.current, ledger).render().decode()
    assert all(f'model="{name}"' in page for name in live.current.models)
    ledger.close()


def test_the_days_pings_are_counted_from_the_ledger(tmp_path: Path) -> None:
    now = time.time()
    today = now // DAY_S * DAY_S
    connection = connect(tmp_path / "ledger.db")
    events = {"a": ("keep_warm", today), "b": ("keep_warm", today - 1), "c": ("main", today), "d": ("keep_warm", now)}
    intents = [intent(id_, agent=agent) for id_, (agent, _) in events.items()]
    book(connection, "j", intents, [settlement(id_, at=at, picos=100) for id_, (_, at) in events.items()])
    connection.close()
    allowance = Allowance("keep_warm", LocalCounters(10))
    ledger = Ledger.existing(tmp_path / "ledger.db")
    seed_allowance(allowance, ledger)
    ledger.close()
    assert allowance.spent(now) == 200


def test_a_ledger_that_cannot_be_read_keeps_its_last_numbers(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "ledger.db")
    writer = LedgerProcess(tmp_path / "journal", ledger)
    metrics = made()
    asyncio.run(tell_ledger(metrics, writer, ledger))
    assert value(metrics, "pointsman_ledger_backlog_bytes") == 0
    (tmp_path / "journal" / "worker-1.00000001.jsonl").write_bytes(b'{"intent":1}\n')
    asyncio.run(tell_ledger(metrics, writer, ledger))
    assert value(metrics, "pointsman_ledger_backlog_bytes") == 13
    ledger.close()
    (tmp_path / "ledger.db").write_bytes(b"no ledger")
    for rest in ("-wal", "-shm"):
        (tmp_path / f"ledger.db{rest}").unlink(missing_ok=True)
    asyncio.run(tell_ledger(metrics, writer, ledger))
    assert value(metrics, "pointsman_ledger_backlog_bytes") == 13
