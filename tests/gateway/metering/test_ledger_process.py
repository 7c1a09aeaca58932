"""The writer as a process: it books beside the requests, comes again when killed, and goes when its gateway goes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateway.metering.journal import Journal
from gateway.metering.ledger import Ledger
from gateway.metering.ledger_process import LITTLE_BYTES, LedgerProcess, idle_thread, turn
from tests.gateway.metering.records import check_sums, intent, ledger_rows, settlement

ROOT = Path(__file__).parents[3]


@pytest.fixture
def writer(tmp_path):
    made = LedgerProcess(tmp_path / "journal", Ledger.open(tmp_path / "ledger.db"))
    made.recover()
    yield made
    made.stop()


def until(condition, within_s=20.0):
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come in time"
        time.sleep(0.01)


def journalled(folder: Path) -> Journal:
    return Journal.open(folder / "journal", "worker-1", 200_000)


def test_what_is_journalled_is_booked_in_another_process(writer, tmp_path):
    journal = journalled(tmp_path)
    assert (writer.backlog_bytes(), writer.lag_s(0), writer.errors) == (0, 0.0, 0)
    journal.intent(intent("a"))
    journal.settle(settlement("a"))
    backlog = writer.backlog_bytes()
    assert backlog > 400
    time.sleep(0.02)
    assert writer.lag_s(backlog) >= 0.02
    writer.start()
    until(lambda: writer.backlog_bytes() == 0)
    assert check_sums(tmp_path / "ledger.db")["picos"] == 3_900
    journal.close()


@pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="this system has no idle threads")
@pytest.mark.parametrize(("waiting", "idle"), [(0, True), (LITTLE_BYTES, True), (LITTLE_BYTES + 1, False)])
def test_a_little_is_booked_by_a_thread_that_gives_way_and_much_is_not(waiting, idle):
    class Writer:
        def waiting_bytes(self):
            return waiting

        def turn(self):
            return os.sched_getscheduler(0)

    with idle_thread() as thread:
        assert turn(Writer(), thread) == (os.SCHED_IDLE if idle else os.SCHED_OTHER)


def test_a_writer_that_starts_into_full_load_lags_since_it_was_last_caught_up(writer, tmp_path):
    journal = Journal.open(tmp_path / "journal", "worker-1")
    for number in range(4000):
        journal.intent(intent(f"{number:04}"))
        journal.settle(settlement(f"{number:04}"))
    began = writer.caught_up_at
    writer.start()
    seen = []
    until(lambda: seen.append(writer.caught_up_at) or seen[-1] > began)
    assert began > 0
    assert min(seen) >= began
    journal.close()


def test_a_stop_books_what_is_left(writer, tmp_path):
    journal = journalled(tmp_path)
    writer.start()
    for number in range(2000):
        journal.intent(intent(f"{number:04}"))
        journal.settle(settlement(f"{number:04}"))
    journal.close()
    writer.stop()
    assert check_sums(tmp_path / "ledger.db")["requests"] == 2000
    left = {path.name for path in (tmp_path / "journal").iterdir()}
    assert left == {"writer.lock", "writer.status"}


def test_killed_in_mid_work_it_is_started_again_and_nothing_is_lost_or_doubled(writer, tmp_path):
    journal = journalled(tmp_path)
    for number in range(3000):
        if number % 500 == 0:
            writer.start()
        if number % 500 == 250:
            until(lambda: writer._process.poll() is None and writer.backlog_bytes() < 100_000)
            writer._process.send_signal(signal.SIGKILL)
            writer._process.wait()
        journal.intent(intent(f"{number:04}"))
        journal.settle(settlement(f"{number:04}"))
    journal.close()
    writer.start()
    writer.stop()
    sums = check_sums(tmp_path / "ledger.db")
    assert (sums["requests"], sums["picos"]) == (3000, 3000 * 3_900)


A_GATEWAY = """
import sys, time
from pathlib import Path
from gateway.metering.journal import Journal
from gateway.metering.ledger import Ledger
from gateway.metering.ledger_process import LedgerProcess
sys.path.insert(0, sys.argv[2])
from tests.gateway.metering.records import intent, settlement
home = Path(sys.argv[1])
writer = LedgerProcess(home / "journal", Ledger.open(home / "ledger.db"))
writer.start()
journal = Journal.open(home / "journal", "worker-7", 200_000)
journal.intent(intent("a"))
journal.settle(settlement("a"))
journal.intent(intent("b"))
print(writer._process.pid, flush=True)
time.sleep(60)
"""


def test_a_gateway_that_is_killed_leaves_whole_books_and_no_process(tmp_path):
    gateway = subprocess.Popen(
        [sys.executable, "-c", A_GATEWAY, str(tmp_path), str(ROOT)], stdout=subprocess.PIPE, cwd=ROOT
    )
    assert gateway.stdout is not None
    writer = int(gateway.stdout.readline())
    gateway.kill()
    gateway.wait()
    gateway.stdout.close()
    until(lambda: not Path(f"/proc/{writer}/fd").exists() or not os.listdir(f"/proc/{writer}/fd"))
    outcomes = {row["id"]: row["outcome"] for row in ledger_rows(tmp_path / "ledger.db")}
    assert outcomes == {"a": "finished", "b": "unknown"}


def test_errors_are_told_across_processes(writer, tmp_path):
    journal = journalled(tmp_path)
    journal.intent(intent("a"))
    journal.settle(settlement("a", picos=2**70))
    writer.start()
    until(lambda: writer.errors == 1)
    journal.close()
    writer.stop()
    writer.recover()
    assert writer.errors == 1


def test_it_brings_nothing_of_the_server():
    code = "import sys, gateway.metering.ledger_process; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout.split()
    assert not {"fastapi", "uvicorn", "litellm", "asyncio", "prometheus_client", "diskcache"} & set(loaded)
