"""One real worker process, spoken to as its supervisor would."""

import contextlib
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path

from gateway.workers.messages import Ready, Start, Told
from gateway.workers.share import Share
from gateway.workers.staff import Hand
from tests.line.conftest import config
from tests.line.rig import Upstream

CHAT = b'{"model":"gpt-6-luna","messages":[{"role":"user","content":"hello there"}]}'


def settings(upstream: Upstream) -> bytes:
    return json.dumps({**config(upstream, upstream, upstream), "teams": {}}).encode()


@contextlib.asynccontextmanager
async def worker(folder: Path, data: bytes, share: Share) -> AsyncIterator[Hand]:
    """A worker that is ready; its config is on no disk."""
    start = Start(
        column=0, workers=2, config=str(folder / "none.yaml"), data=data, host=None, port=0, home=str(folder / "home"),
        drain_s=5, simulator="",
    )  # fmt: skip
    hand = Hand(0, share)
    try:
        await hand.open(start)
        while not isinstance(await hand.hear(), Ready):
            pass
        hand.ready = True
        yield hand
    finally:
        hand.process.kill()
        hand.process.wait()
        hand.close()


def connected(hand: Hand) -> socket.socket:
    """The client's end of a connection that was handed to the worker."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname(), timeout=10)
        wire, _ = listener.accept()
    with wire:
        assert hand.hand(wire)
    return client


def ask(client: socket.socket, head: bytes, body: bytes = b"") -> bytes:
    """One request, and the first read of what comes back."""
    length = b"content-type: application/json\r\ncontent-length: %d\r\n" % len(body) if body else b""
    client.sendall(head + b" HTTP/1.1\r\nhost: gateway\r\n" + length + b"\r\n" + body)
    return client.recv(65536)


async def told(hand: Hand) -> Told:
    """Its next report."""
    while not isinstance(message := await hand.hear(), Told):
        assert message is not None
    return message
