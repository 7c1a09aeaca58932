"""The byte path over real sockets: a scripted upstream, a plain passage, a line behind either adapter, a raw client."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import uvicorn
import uvloop

from gateway.wire.asgi import LineApp
from gateway.wire.drive import Wires
from gateway.wire.exchange import Answer, Begin, Forward
from gateway.wire.framing import HOP_BY_HOP
from gateway.wire.hot import HotProtocol
from gateway.wire.line import Line
from gateway.wire.pool import Pool
from gateway.wire.types import Origin, Send

BODY_MAX = 31 * 1024 * 1024


def run(scenario: Callable[[], Coroutine[Any, Any, None]], loop: str = "uvloop") -> None:
    """Run a scenario on the loop the gateway runs on, or on asyncio's own."""
    factory = uvloop.new_event_loop if loop == "uvloop" else asyncio.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(asyncio.wait_for(scenario(), 40))


async def until(probe: Callable[[], Any], within_s: float = 5.0) -> Any:
    """What the probe gives as soon as it gives something true."""
    deadline = asyncio.get_running_loop().time() + within_s
    while not (found := probe()):
        assert asyncio.get_running_loop().time() < deadline, "it did not come in time"
        await asyncio.sleep(0.01)
    return found


# upstream


@dataclass
class Asked:
    """One request as the upstream got it."""

    method: bytes
    target: bytes
    headers: dict[bytes, bytes]
    body: bytes
    connection: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def says(self, *parts: bytes, pause_s: float = 0.0) -> None:
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()
            await asyncio.sleep(pause_s)


Script = Callable[[Asked], Awaitable[None]]


@dataclass
class Upstream:
    """Hands each request to its script; a script that raises ends the connection."""

    script: Script
    reads_bodies: bool = True
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    open: int = 0
    hung_up: int = 0
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        number = self.connections
        try:
            while True:
                asked = await self._request(number, reader, writer)
                self.asked.append(asked)
                await self.script(asked)
        except (ConnectionError, EOFError):
            self.hung_up += 1
        finally:
            self.open -= 1
            writer.close()

    async def _request(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Asked:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head[:-4].split(b"\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
        method, target, _ = first.split(b" ")
        length = int(headers.get(b"content-length", 0)) if self.reads_bodies else 0
        return Asked(method, target, headers, await reader.readexactly(length), number, reader, writer)


@contextlib.asynccontextmanager
async def upstream(script: Script, **options: Any) -> AsyncIterator[Upstream]:
    """An upstream on a free port."""
    made = Upstream(script, **options)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, limit=64 * 1024 * 1024)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        await until(lambda: made.open == 0)


def whole(body: bytes, status: bytes = b"200 OK", *lines: bytes) -> bytes:
    """An answer with its length."""
    head = b"".join(line + b"\r\n" for line in lines)
    return b"HTTP/1.1 %b\r\n%bcontent-length: %d\r\n\r\n%b" % (status, head, len(body), body)


CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def echo(asked: Asked) -> None:
    await asked.says(whole(asked.body, b"200 OK", b"x-target: " + asked.target))


async def hang(asked: Asked) -> None:
    """Answer nothing until hung up on."""
    await asked.reader.read()
    raise EOFError


# the line


class PlainPassage:
    """Sends the body on and notes how it ended."""

    def __init__(self, head, body, stations):
        self.head, self.body, self.stations = head, body, stations

    def attempt(self):
        send = Send(
            origin=self.stations.origin(),
            method=self.head.method,
            target=self.head.path,
            headers=[line for line in self.head.headers if line[0].startswith(b"x-")],
            body=self.body,
        )
        return Forward(send=send)

    def failed(self, how, status, headers, detail, now):
        return None

    def started(self, status, headers, now):
        length = next((int(value) for name, value in headers if name == b"content-length"), None)
        lines = [line for line in headers if line[0] not in HOP_BY_HOP and line[0] != b"content-length"]
        return Begin(status=status, headers=lines + self.stations.extra, length=length)

    def relay(self, data):
        return self.stations.relay(data)

    def trailer(self):
        return b""

    def refuse(self, how, detail):
        return Answer(status=502, headers=[], body=how.encode() + b": " + detail.encode())

    def broken(self, how):
        return b""

    def keepalive(self):
        return b""

    def drains(self):
        return False

    def settle(self, how, now):
        self.stations.settled.append(how)
        self.stations.on_settled()


class PlainStations:
    """A line of one upstream. `/v1/refused` is refused, and so is a body over the bound."""

    def __init__(self, port):
        self.port = port
        self.settled = []
        self.on_settled = lambda: None
        self.heads = []
        self.extra = []
        self.relay = lambda data: data
        self.connections_max = 512

    def origin(self):
        return Origin(
            scheme="http", host="127.0.0.1", port=self.port, connect_s=2.0, max_connections=self.connections_max
        )

    def enter(self, head, body, now):
        self.heads.append(head)
        if head.path == "/v1/refused":
            return Answer(status=401, headers=[(b"x-why", b"no")], body=b"refused")
        if head.size > BODY_MAX:
            return Answer(status=413, headers=[], body=b"too large")
        return PlainPassage(head, body, self)


async def behind(scope, receive, send):
    """The app behind the line."""
    if scope["type"] != "http":
        return
    body = b""
    while (message := await receive())["type"] == "http.request":
        body += message["body"]
        if not message.get("more_body"):
            break
    answer = b"behind " + scope["method"].encode() + b" " + scope["path"].encode()
    length = (b"content-length", b"%d" % len(answer))
    await send({"type": "http.response.start", "status": 200, "headers": [length, (b"x-body", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": answer})


@dataclass
class Rig:
    """A running line."""

    port: int
    stations: PlainStations
    wires: Wires
    pool: Pool
    server: uvicorn.Server
    line: Line

    @property
    def settled(self) -> list[str]:
        return self.stations.settled


@contextlib.asynccontextmanager
async def line(adapter: str, port: int, **options: Any) -> AsyncIterator[Rig]:
    """A gateway of nothing but the byte path, behind the fast adapter (`hot`) or the plain one (`asgi`)."""
    loop = asyncio.get_running_loop()
    stations = PlainStations(port)
    pool = Pool(loop)
    wires = Wires(loop, pool, pool)
    the_line = Line(stations, wires, BODY_MAX, 16 * 1024)
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        behind if adapter == "hot" else LineApp(the_line, behind),
        http=HotProtocol if adapter == "hot" else "httptools",
        lifespan="off",
        ws="none",
        log_level="critical",
        timeout_graceful_shutdown=1,
        **options,
    )
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    server.lifespan.state["line"] = the_line
    await server.startup([listener])
    try:
        yield Rig(listener.getsockname()[1], stations, wires, pool, server, the_line)
    finally:
        server.should_exit = True
        await server.shutdown([listener])
        wires.close()
        pool.close()
        await asyncio.sleep(0.01)


# client


def post(path: bytes, body: bytes = b"hi", *lines: bytes) -> bytes:
    """A request with its length."""
    head = b"".join(line + b"\r\n" for line in (b"host: x", *lines))
    return b"POST %b HTTP/1.1\r\n%bcontent-length: %d\r\n\r\n%b" % (path, head, len(body), body)


@dataclass
class Reply:
    status: int
    headers: dict[bytes, bytes]
    body: bytes
    interim: int = 0


class Client:
    """A connection that sends what it is told and reads answers as HTTP says."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def to(cls, port: int, receive_buffer: int = 0) -> "Client":
        wire = socket.socket()
        if receive_buffer:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        wire.setblocking(False)
        await asyncio.get_running_loop().sock_connect(wire, ("127.0.0.1", port))
        return cls(*await asyncio.open_connection(sock=wire, limit=64 * 1024))

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        with contextlib.suppress(ConnectionError):
            await self.writer.drain()

    async def reply(self, bare: bool = False) -> Reply:
        """The next answer; IncompleteReadError when it breaks off."""
        interim = 0
        while True:
            head = await self.reader.readuntil(b"\r\n\r\n")
            first, *lines = head[:-4].split(b"\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (each.partition(b":") for each in lines)}
            status = int(first.split(b" ")[1])
            if status >= 200:
                break
            interim += 1
        return Reply(status, headers, b"" if bare or status in (204, 304) else await self._body(headers), interim)

    async def _body(self, headers: dict[bytes, bytes]) -> bytes:
        if b"content-length" in headers:
            return await self.reader.readexactly(int(headers[b"content-length"]))
        if headers.get(b"transfer-encoding") != b"chunked":
            return await self.reader.read()
        parts = []
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            parts.append(await self.reader.readexactly(size))
            assert await self.reader.readexactly(2) == b"\r\n"
        assert await self.reader.readexactly(2) == b"\r\n"
        return b"".join(parts)

    async def at_end(self, within_s: float = 5.0) -> bool:
        """Whether the other side closes, without another byte."""
        try:
            return await asyncio.wait_for(self.reader.read(), within_s) == b""
        except ConnectionError:
            return True

    async def leave(self) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


async def ask(port: int, request: bytes) -> Reply:
    """One request on a connection of its own."""
    client = await Client.to(port)
    await client.send(request)
    try:
        return await client.reply()
    finally:
        await client.leave()


# upstream connections alone


class Listener:
    """Notes what it hears."""

    def __init__(self):
        self.status, self.headers, self.body, self.ended = 0, [], b"", None

    def upstream_started(self, status, headers):
        assert not self.status
        self.status, self.headers = status, list(headers)

    def upstream_bytes(self, data):
        assert self.status
        self.body += data

    def upstream_ended(self, how, detail):
        assert self.ended is None
        self.ended = (how, detail)


def attempt(port, body=b"hi", method="POST", **origin):
    at = Origin(**{"scheme": "http", "host": "127.0.0.1", "port": port, "connect_s": 2.0, **origin})
    return Send(origin=at, method=method, target="/v1/x", headers=[(b"x-a", b"1")], body=body)


@contextlib.asynccontextmanager
async def pooled():
    made = Pool(asyncio.get_running_loop())
    yield made
    made.close()
    await asyncio.sleep(0.01)


async def carried(pool, wanted):
    """One attempt to its end."""
    listener = Listener()
    pool.open(wanted, listener)
    await until(lambda: listener.ended)
    return listener
