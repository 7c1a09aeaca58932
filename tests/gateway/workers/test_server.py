"""A server whose connections are handed to it: what cannot be taken up is counted as closed, and all of it ends."""

import asyncio
import json
import socket

import pytest

from gateway.app import Gateway
from gateway.config.live import Live
from gateway.home import Home
from gateway.workers.server import HandedServer
from gateway.workers.share import Share
from tests.gateway.workers.rig import settings
from tests.line.rig import Upstream


@pytest.fixture
def upstream():
    made = Upstream()
    yield made
    made.close()


@pytest.fixture
def gateway(upstream, tmp_path):
    share = Share(Share.make(2).descriptors, 2, 0)
    live = Live(tmp_path / "none.yaml", {}, data=settings(upstream))
    return Gateway(live, Home(tmp_path / "home"), share=share), share


def test_a_connection_is_served_and_counted_when_it_closes(gateway):
    made, share = gateway

    async def run():
        ours, theirs = socket.socketpair()
        server = HandedServer(made, 5, theirs, share.columns)
        ready = asyncio.Event()
        server.on_ready = ready.set
        serving = asyncio.create_task(server.run_until_stopped([]))
        await ready.wait()
        client, wire = socket.socketpair()
        socket.send_fds(ours, [b"\0"], [wire.fileno()])
        wire.close()
        reader, writer = await asyncio.open_connection(sock=client)
        writer.write(b"GET /readyz HTTP/1.1\r\nhost: g\r\n\r\n")
        said = await reader.readuntil(b"}")
        closed_before = share.columns.closed(0)
        writer.close()
        dead, gone = socket.socketpair()
        dead.close()
        socket.send_fds(ours, [b"\0"], [gone.fileno()])  # nobody is at the other end any more
        gone.close()
        ours.send(b"\0")  # a byte whose descriptor was lost
        for _ in range(100):
            if share.columns.closed(0) == 3:
                break
            await asyncio.sleep(0.02)
        closed = share.columns.closed(0)
        ours.close()
        server.stop()
        assert await serving
        return said, closed_before, closed

    said, before, closed = asyncio.run(run())
    assert json.loads(said[said.index(b"{") :])["ready"] is True
    assert (before, closed) == (0, 3)
    assert made.house.draining
