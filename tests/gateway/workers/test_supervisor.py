"""The supervisor, where a whole gateway cannot be made to show it: `tests/line/test_workers.py` has the rest."""

import asyncio
import http.client
import os
import signal
import subprocess
import sys
import time

import pytest

from gateway.commands.listen import listen
from gateway.config.live import Live
from gateway.home import Home
from gateway.workers import supervisor
from gateway.workers.supervisor import Plan, Supervisor
from tests.line.conftest import config
from tests.line.rig import Upstream, answer, gateway, wait_for
from tests.line.test_workers import CHAT, TWO, USED, Client, connections, workers
from tests.tidy.tree import ROOT


@pytest.fixture
def two(tmp_path):
    upstream = Upstream()
    upstream.script = lambda asked, wire: wire.sendall(answer(USED))
    with gateway(tmp_path, {**config(upstream, upstream, upstream), "teams": {}}, options=TWO) as running:
        yield running
    upstream.close()


def scraped(client: Client) -> tuple[str, float]:
    began = time.monotonic()
    client.wire.request("GET", "/metrics")
    return client.wire.getresponse().read().decode(), time.monotonic() - began


def test_a_worker_that_does_not_answer_is_shown_as_it_last_reported(two):
    first = Client(two)
    (stopped,) = wait_for(lambda: [each for each, held in connections(two).items() if held] or None)
    other = Client(two)
    wait_for(lambda: set(connections(two).values()) == {1} or None)
    assert (first.ask(CHAT).status, other.ask(CHAT).status) == (200, 200)
    assert 'pointsman_events_total{outcome="finished"} 2\n' in scraped(other)[0]
    os.kill(stopped, signal.SIGSTOP)
    try:
        other.ask(CHAT)
        page, took = scraped(other)
        assert 'pointsman_events_total{outcome="finished"} 3\n' in page
        assert 0.15 < took < 1.0
    finally:
        os.kill(stopped, signal.SIGCONT)
    page, took = scraped(other)
    assert 'pointsman_events_total{outcome="finished"} 3\n' in page
    assert len(workers(two)) == 2
    first.close()
    other.close()


def test_a_silent_worker_gets_no_connections_until_it_speaks(two):
    silent, other = workers(two)
    os.kill(silent, signal.SIGSTOP)
    try:
        time.sleep(3.5)
        wires = [Client(two) for _ in range(6)]
        assert {wire.ask(CHAT).status for wire in wires} == {200}
        assert connections(two)[other] == 6
    finally:
        os.kill(silent, signal.SIGCONT)
    time.sleep(1.0)
    more = [Client(two) for _ in range(6)]
    assert {wire.ask(CHAT).status for wire in more} == {200}
    assert connections(two) == {silent: 6, other: 6}
    for wire in wires + more:
        wire.close()


def test_it_needs_neither_web_framework_nor_litellm():
    code = (
        "import sys, gateway.workers.supervisor;"
        "found = {'fastapi', 'starlette', 'litellm', 'uvicorn'} & set(sys.modules); assert not found, found"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": str(ROOT)})


def test_a_worker_sent_away_is_replaced_and_nobody_is_turned_down(two):
    before = workers(two)
    os.kill(before[0], signal.SIGTERM)
    answers = []
    while before[0] in workers(two) or len(workers(two)) < 2:
        try:
            answers.append(two.ask("/v1/chat/completions", CHAT).status)
        except (http.client.RemoteDisconnected, ConnectionResetError):  # an idle connection of the one that leaves
            answers.append(0)
    assert answers.count(200) >= len(answers) - 1
    wait_for(lambda: two.metric("pointsman_workers") == 2 or None)


def test_a_process_that_cannot_be_started_now_is_tried_again(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(supervisor, "AGAIN_MAX_S", 0.05)
    tries = []

    class NoHand:
        def __init__(self, column, share):
            tries.append(column)
            raise BlockingIOError(11, "no more processes")

    kept = supervised(tmp_path, monkeypatch)
    monkeypatch.setattr(supervisor, "Hand", NoHand)
    kept._fresh.clear()

    async def run():
        asyncio.get_running_loop().call_later(0.5, kept.stop)
        return await kept.run(announce=lambda: None)

    assert asyncio.run(run()) == 0
    assert len(tries) > 2
    assert "cannot be started" in caplog.text


def test_a_fault_in_looking_after_a_worker_ends_the_gateway(tmp_path, monkeypatch, caplog):
    kept = supervised(tmp_path, monkeypatch)

    async def fault(self, column):
        raise KeyError(column)

    monkeypatch.setattr(Supervisor, "_keep", fault)
    assert asyncio.run(kept.run(announce=lambda: None)) == 1
    assert "no longer looked after" in caplog.text


def supervised(tmp_path, monkeypatch):
    """A supervisor whose workers are no processes."""
    monkeypatch.setattr(supervisor, "Hand", lambda column, share: None)
    live = Live.open(ROOT / "pointsman.yaml", {})
    plan = Plan(workers=2, drain_s=1, host=None, port=0, simulator="")
    return Supervisor(live, Home(tmp_path / "home"), listen("127.0.0.1", 0), plan)
