"""The books of a running gateway are begun, kept and told of by one process."""

import asyncio
import os
import signal
import time
from contextlib import closing
from pathlib import Path

import pytest

from gateway.budgets.allowance import DAY_S, Allowance
from gateway.budgets.budgets import Budgets
from gateway.budgets.counters import LocalCounters
from gateway.budgets.types import Before, Budget
from gateway.config.live import Live
from gateway.home import Home
from gateway.metering import ledger_keeper
from gateway.metering.ledger import Ledger, connect
from gateway.metering.ledger_face import Away
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
from tests.gateway.metering.records import book, intent, settlement
from tests.gateway.metering.test_metrics import made, value
from tests.postgres import Server, free_port
from tests.tidy.tree import ROOT

CONFIG = """
version: 1
upstreams:
  openai: {url: "https://api.openai.com/v1", key: "k", provider: openai, dialects: [chat]}
models: {"gpt-*": {upstream: openai}}
routes: {code: {model: gpt-code}, general: {model: gpt-small}}
routing: {default: general}
ledger: {url: "${BOOKS}", on_error: serve}
budgets: [{name: all, window: total, tokens: 5000}]
"""


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


def test_a_scrape_does_not_wait_for_a_database_that_says_nothing(
    postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_keeper, "SCRAPE_S", 0.3)
    ledger = Ledger.open(postgres.database())
    writer = LedgerProcess(tmp_path / "journal", ledger)
    metrics = made()
    asyncio.run(tell_ledger(metrics, writer, ledger))
    (tmp_path / "journal" / "worker-1.00000001.jsonl").write_bytes(b'{"intent":1}\n')

    async def scrape() -> float:
        began = time.monotonic()
        await tell_ledger(metrics, writer, ledger)
        took_s = time.monotonic() - began
        os.kill(postgres.process.pid, signal.SIGCONT)  # asyncio waits for its threads
        return took_s

    ledger._idle.clear()  # sessions that are open are answered by processes of their own
    with postgres.frozen():
        assert asyncio.run(scrape()) < 2
    assert value(metrics, "pointsman_ledger_backlog_bytes") == 13
    ledger.close()


@pytest.mark.parametrize("on_error", ["serve", "refuse"])
def test_a_database_that_is_away_when_it_begins(tmp_path: Path, on_error: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A budget's past is waited for; until then nothing is known of it."""
    monkeypatch.setattr(ledger_keeper, "AWAY_LOOK_S", 0.01)
    config = tmp_path / "pointsman.yaml"
    config.write_text(CONFIG.replace("serve", on_error), "utf-8")
    live = Live.open(config, {"BOOKS": f"postgresql://me:secret@127.0.0.1:{free_port()}/books"})
    home = Home(tmp_path / "home")
    if on_error == "refuse":
        with pytest.raises(Away, match="cannot be reached"):
            open_ledger(home, live.current)
        return
    ledger = open_ledger(home, live.current)
    budgets = Budgets(LocalCounters(10), LocalCounters(10))
    (unseeded,) = seed_budgets(budgets, live.current, ledger)
    assert unseeded.name == "all"
    assert seeded_metrics(live.current, ledger).render()
    writer = LedgerProcess(home.journal, ledger)
    monkeypatch.setattr(ledger_keeper, "LEDGER_WAITS_S", 0.0)

    async def back_again() -> list[tuple[Budget, Before]]:
        waiting = asyncio.create_task(past_of((unseeded,), ledger, writer, time.time()))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        with closing(connect(home.ledger)) as connection:
            book(connection, "w", [intent("a")], [settlement("a", at=time.time() - 60)])
        ledger.place = home.ledger  # stands for a database that is there again
        return await asyncio.wait_for(waiting, 5)

    ((found, before),) = asyncio.run(back_again())
    assert (found.name, before.team, before.amount) == ("all", "payments", 930)
    ledger.close()
