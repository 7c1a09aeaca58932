"""The byte path over real sockets, through both server adapters: a plain passage between a real client and a real upstream."""

import asyncio
import contextlib
import socket

import pytest
import uvicorn

from gateway.wire.asgi import LineApp
from gateway.wire.drive import Wires
from gateway.wire.exchange import Answer, Begin, Forward
from gateway.wire.hot import HotProtocol, Line
from gateway.wire.pool import Pool
from gateway.wire.types import Origin, Send


class PlainPassage:
    """Sends the body on and notes how it ended."""

    def __init__(self, head, body, port, settled):
        self.head, self.body, self.port, self.settled = head, body, port, settled

    def attempt(self):
        origin = Origin(scheme="http", host="127.0.0.1", port=self.port, connect_s=2.0)
        return Forward(
            send=Send(origin=origin, method=self.head.method, target=self.head.path, headers=[], body=self.body)
        )

    def failed(self, how, status, headers, detail, now):
        return None

    def started(self, status, headers, now):
        length = next((int(value) for name, value in headers if name == b"content-length"), None)
        return Begin(status=status, headers=[(b"content-type", b"text/plain")], length=length)

    def relay(self, data):
        return data

    def trailer(self):
        return b""

    def refuse(self, how, detail):
        return Answer(status=502, headers=[], body=how.encode())

    def broken(self, how):
        return b""

    def keepalive(self):
        return b""

    def drains(self):
        return False

    def settle(self, how, now):
        self.settled.append(how)


class PlainStations:
    def __init__(self, port):
        self.port = port
        self.settled = []

    def enter(self, head, body, now):
        if head.path == "/v1/refused":
            return Answer(status=401, headers=[(b"x-why", b"no")], body=b"refused")
        return PlainPassage(head, body, self.port, self.settled)


async def behind(scope, receive, send):
    """The app behind the line."""
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"6")]})
    await send({"type": "http.response.body", "body": b"behind"})


async def upstream(reader, writer):
    """Echoes bodies; `/v1/chunked` in chunks, `/v1/cut` breaks off, `/v1/hang` goes on until hung up on."""
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ")[1]
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            body = await reader.readexactly(length)
            if path == b"/v1/echo":
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
                continue
            writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            for _ in range(3 if path != b"/v1/hang" else 10_000):
                writer.write(b"5\r\nhello\r\n")
                await writer.drain()
                await asyncio.sleep(0.005)
            if path == b"/v1/cut":
                break
            writer.write(b"0\r\n\r\n")
    writer.close()


@contextlib.asynccontextmanager
async def line(adapter):
    loop = asyncio.get_running_loop()
    server = await asyncio.start_server(upstream, "127.0.0.1", 0)
    stations = PlainStations(server.sockets[0].getsockname()[1])
    pool = Pool(loop)
    wires = Wires(loop, pool, pool)
    the_line = Line(stations, wires, 1_000_000)
    listener = socket.create_server(("127.0.0.1", 0))
    app = behind if adapter == "hot" else LineApp(the_line, behind)
    config = uvicorn.Config(
        app, http=HotProtocol if adapter == "hot" else "httptools", lifespan="off", ws="none", log_level="critical"
    )
    gateway = uvicorn.Server(config)
    config.load()
    gateway.lifespan = config.lifespan_class(config)
    gateway.lifespan.state["line"] = the_line
    config.loaded = True
    await gateway.startup([listener])
    try:
        yield listener.getsockname()[1], stations
    finally:
        gateway.should_exit = True
        await gateway.shutdown([listener])
        wires.close()
        pool.close()
        server.close()


async def ask(port, path, body=b"hi", leave_after=None):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        b"POST %b HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % (path, len(body)) + body
    )
    answer = await (reader.read() if leave_after is None else reader.readuntil(leave_after))
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
    return answer


@pytest.mark.parametrize("adapter", ["hot", "asgi"])
def test_the_line_over_sockets(adapter):
    async def scenario():
        async with line(adapter) as (port, stations):
            big = b"x" * 900_000
            assert (await ask(port, b"/v1/echo")).endswith(b"\r\n\r\nhi")
            assert (await ask(port, b"/v1/echo", big)).endswith(big)
            assert (await ask(port, b"/v1/chunked")).count(b"hello") == 3
            assert (await ask(port, b"/other")).endswith(b"behind")
            refused = await ask(port, b"/v1/refused")
            assert b" 401 " in refused
            assert refused.endswith(b"refused")
            assert stations.settled == ["complete"] * 3
            with contextlib.suppress(ConnectionError):
                assert not (await ask(port, b"/v1/cut")).endswith(b"0\r\n\r\n"), "a cut must not look whole"
            assert stations.settled[3:] == ["cut"]
            await ask(port, b"/v1/hang", leave_after=b"hello")
            for _ in range(100):
                if len(stations.settled) == 5:
                    break
                await asyncio.sleep(0.02)
            assert stations.settled[4:] == ["gone"]

    asyncio.run(scenario())


@pytest.mark.parametrize("adapter", ["hot", "asgi"])
def test_no_upstream_is_our_own_answer(adapter):
    async def scenario():
        async with line(adapter) as (port, stations):
            with socket.create_server(("127.0.0.1", 0)) as unused:
                stations.port = unused.getsockname()[1]
            answer = await ask(port, b"/v1/echo")
            assert b" 502 " in answer
            assert answer.endswith(b"refused")
            assert stations.settled == ["refused"]

    asyncio.run(scenario())
