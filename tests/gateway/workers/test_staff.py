"""A worker as its supervisor sees it: what it holds, and that it is no longer there."""

import asyncio
import os
import signal
import socket

import pytest

from gateway.workers.share import Share
from tests.gateway.workers.rig import CHAT, ask, connected, settings, worker
from tests.line.rig import Upstream, answer


@pytest.fixture
def upstream():
    made = Upstream()
    made.script = lambda asked, wire: wire.sendall(answer(b"{}"))
    yield made
    made.close()


def test_open_connections_are_those_handed_and_not_closed(upstream, tmp_path):
    async def run():
        share = Share.make(2)
        async with worker(tmp_path, settings(upstream), share) as hand:
            assert hand.takes
            clients = [connected(hand) for _ in range(3)]
            assert hand.open_connections == 3
            assert ask(clients[0], b"POST /v1/chat/completions", CHAT).startswith(b"HTTP/1.1 200")
            assert ask(clients[1], b"GET /healthz").startswith(b"HTTP/1.1 200")
            for left in (2, 1, 0):
                clients.pop().close()
                for _ in range(200):
                    if hand.open_connections == left:
                        break
                    await asyncio.sleep(0.01)
                assert hand.open_connections == left

    asyncio.run(run())


def test_one_that_was_killed_takes_nothing_and_says_nothing(upstream, tmp_path):
    async def run():
        async with worker(tmp_path, settings(upstream), Share.make(2)) as hand:
            os.kill(hand.process.pid, signal.SIGKILL)
            while await hand.hear() is not None:
                pass
            assert hand.process.wait() == -signal.SIGKILL
            one, other = socket.socketpair()
            with one, other:
                assert not hand.hand(one)
            assert hand.open_connections == 0

    asyncio.run(run())
