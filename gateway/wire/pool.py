"""The upstream side of the byte path: pooled HTTP/1.1 connections, driven by callbacks.

No task, queue or future per request or per chunk: a request is one write, an answer is parser callbacks into its
listener. Only opening a new connection takes a task. A connection carries one request at a time; idle ones are reused
newest first, so the oldest can age out. Measured against ready-made clients in docs/adr/0004.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Coroutine
from typing import Any

import httptools

from gateway.wire.types import Ended, Listener, Origin, Send

IDLE_MAX_S = 55.0
"""Idle connections are not reused after this: common load balancers close theirs at 60 s."""
WAITING_MAX = 4096
"""Requests that may queue for a connection to one origin; the in-flight limit of the gateway is as large."""
JOIN_MAX = 16 * 1024
"""Head and body go out in one write below this size; above it the copy would cost more than the second buffer."""
HEADER_BYTES_MAX = 128 * 1024
"""Bound on an answer's head; beyond it the upstream is not speaking HTTP to us."""
HEADER_LINES_MAX = 256


class Connection(asyncio.Protocol):
    """One HTTP/1.1 connection to an origin, idle or carrying one request."""

    def __init__(self, host: "Host") -> None:
        self.host = host
        self.transport: asyncio.Transport | None = None
        self.flight: PooledFlight | None = None
        self.idle_since = 0.0
        self.paused = False
        self._parser = httptools.HttpResponseParser(self)
        self._reset()

    def _reset(self) -> None:
        self._headers: list[tuple[bytes, bytes]] = []
        self._header_bytes = 0
        self._parts: list[bytes] = []
        self._status = 0
        self._started = False
        self._complete = False
        self._sized = False

    def send(self, flight: "PooledFlight") -> None:
        """Put a request on this idle connection."""
        assert self.transport is not None
        assert self.flight is None
        self.flight = flight
        flight.connection = self
        head, body = flight.request()
        if len(body) < JOIN_MAX:
            self.transport.write(head + body)
        else:
            self.transport.writelines((head, body))

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.flight is None:
            self.drop()
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail("cut", f"the upstream sent invalid HTTP ({type(error).__name__})")
            return
        self._deliver()

    def connection_lost(self, exc: Exception | None) -> None:
        self.host.forget(self)
        if self.flight is None:
            return
        if self._started and not self._sized and exc is None:
            self._complete = True  # RFC 9112 §6.3: without a length, the end of the connection ends the body
            self._deliver()
            return
        self._fail("cut", "the upstream closed the connection" if exc is None else type(exc).__name__)

    # httptools callbacks: they note, `_deliver` acts

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        self._header_bytes += len(name) + len(value)
        if len(self._headers) >= HEADER_LINES_MAX or self._header_bytes > HEADER_BYTES_MAX:
            raise ValueError("answer head too large")
        self._headers.append((name, value))
        if name == b"content-length" or (name == b"transfer-encoding" and value.lower().endswith(b"chunked")):
            self._sized = True

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status >= 200:
            self._status = status

    def on_body(self, body: bytes) -> None:
        self._parts.append(body)

    def on_message_complete(self) -> None:
        if not self._status:  # an interim 1xx answer: the real one follows
            self._headers = []
            self._sized = False
            return
        self._complete = True

    # acting

    def _deliver(self) -> None:
        """Tell the listener what one read brought: start, bytes, end. It may cancel in between."""
        flight = self.flight
        if self._status and not self._started and flight is not None:
            self._started = True
            if flight.send.method == "HEAD":
                self._complete = True
            flight.listener.upstream_started(self._status, self._headers)
        if self._parts and self.flight is not None and flight is not None:
            parts = self._parts
            self._parts = []
            flight.listener.upstream_bytes(parts[0] if len(parts) == 1 else b"".join(parts))
        if self._complete and self.flight is not None and flight is not None:
            reusable = self._sized and flight.send.method != "HEAD" and self._parser.should_keep_alive()
            self.flight = None
            self._reset()
            if reusable and self.transport is not None and not self.transport.is_closing():
                self.pause(False)
                self.host.release(self)
            else:
                self.drop()
            flight.listener.upstream_ended("complete", "")

    def _fail(self, how: Ended, detail: str) -> None:
        flight = self.flight
        self.flight = None
        self.drop()
        if flight is not None:
            flight.listener.upstream_ended(how, detail)

    def pause(self, paused: bool) -> None:
        """Stop or go on reading; asking twice changes nothing."""
        if self.transport is None or self.paused is paused:
            return
        self.paused = paused
        if paused:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def drop(self) -> None:
        """Close for good."""
        self.flight = None
        self.host.forget(self)
        if self.transport is not None:
            self.transport.abort()


class PooledFlight:
    """One attempt on its way through the pool: waiting for a connection, or on one."""

    __slots__ = ("cancelled", "connection", "host", "listener", "send")

    def __init__(self, send: Send, listener: Listener, host: "Host") -> None:
        self.send = send
        self.listener = listener
        self.host = host
        self.connection: Connection | None = None
        self.cancelled = False

    def request(self) -> tuple[bytes, bytes]:
        """Head and body as they go on the wire."""
        send = self.send
        lines = [b"%b %b HTTP/1.1\r\nhost: %b\r\n" % (send.method.encode(), send.target.encode(), self.host.name)]
        lines += [b"%b: %b\r\n" % line for line in send.headers]
        if send.body or send.method in ("POST", "PUT", "PATCH"):
            lines.append(b"content-length: %d\r\n" % len(send.body))
        lines.append(b"\r\n")
        return b"".join(lines), send.body

    def pause(self) -> None:
        if self.connection is not None and self.connection.flight is self:
            self.connection.pause(True)

    def resume(self) -> None:
        if self.connection is not None and self.connection.flight is self:
            self.connection.pause(False)

    def cancel(self) -> None:
        self.cancelled = True
        connection = self.connection
        if connection is not None and connection.flight is self:
            connection.drop()


class Host:
    """All connections to one origin: the idle, the busy, and the requests that wait for one."""

    def __init__(self, pool: "Pool", origin: Origin) -> None:
        self.pool = pool
        self.origin = origin
        default = origin.port == (443 if origin.scheme == "https" else 80)
        name = f"[{origin.host}]" if ":" in origin.host else origin.host
        self.name = (name if default else f"{name}:{origin.port}").encode("ascii")
        self.idle: deque[Connection] = deque()
        self.open: set[Connection] = set()
        self.connecting = 0
        self.waiting: deque[PooledFlight] = deque()

    def carry(self, flight: PooledFlight) -> None:
        """Send on an idle connection, or open one, or wait for one."""
        now = self.pool.loop.time()
        while self.idle:
            connection = self.idle.pop()
            alive = connection.transport is not None and not connection.transport.is_closing()
            if alive and now - connection.idle_since < IDLE_MAX_S:
                connection.send(flight)
                return
            connection.drop()
        if len(self.open) + self.connecting < self.origin.max_connections:
            self.connecting += 1
            self.pool.spawn(self._connect(flight))
        elif len(self.waiting) < WAITING_MAX:
            self.waiting.append(flight)
        else:
            self.pool.loop.call_soon(self._refuse, flight, "too many requests wait for this upstream")

    def release(self, connection: Connection) -> None:
        """A connection has done its request and can take the next."""
        while self.waiting:
            flight = self.waiting.popleft()
            if not flight.cancelled:
                connection.send(flight)
                return
        connection.idle_since = self.pool.loop.time()
        self.idle.append(connection)

    def forget(self, connection: Connection) -> None:
        """A connection is gone; whoever waits may open a new one."""
        if connection not in self.open:
            return
        self.open.discard(connection)
        if connection in self.idle:
            self.idle.remove(connection)
        while self.waiting:
            flight = self.waiting.popleft()
            if not flight.cancelled:
                self.carry(flight)
                return

    async def _connect(self, flight: PooledFlight) -> None:
        origin = self.origin
        secure = origin.scheme == "https"
        connection = None
        problem = ""
        try:
            async with asyncio.timeout(origin.connect_s):
                _, connection = await self.pool.loop.create_connection(
                    lambda: Connection(self),
                    origin.host,
                    origin.port,
                    ssl=self.pool.tls() if secure else None,
                    server_hostname=origin.host if secure else None,
                )
        except TimeoutError:
            problem = f"no connection within {origin.connect_s:g} s"
        except (OSError, ssl.SSLError) as error:
            problem = f"cannot connect ({type(error).__name__})"
        self.connecting -= 1
        if connection is None:
            self._refuse(flight, problem)
            return
        self.open.add(connection)
        if flight.cancelled:
            self.release(connection)
        else:
            connection.send(flight)

    def _refuse(self, flight: PooledFlight, problem: str) -> None:
        if not flight.cancelled:
            flight.cancelled = True
            flight.listener.upstream_ended("refused", problem)


class Pool:
    """Carries attempts over HTTP/1.1; one per event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._hosts: dict[tuple[str, str, int], Host] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._tls: ssl.SSLContext | None = None

    def open(self, send: Send, listener: Listener) -> PooledFlight:
        """Start one attempt; the listener hears of it."""
        origin = send.origin
        key = (origin.scheme, origin.host, origin.port)
        host = self._hosts.get(key)
        if host is None:
            host = self._hosts[key] = Host(self, origin)
        elif host.origin is not origin:
            host.origin = origin
        flight = PooledFlight(send, listener, host)
        host.carry(flight)
        return flight

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def tls(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls

    def close(self) -> None:
        """Drop every connection; flights under way hear `cut`."""
        for host in self._hosts.values():
            for connection in tuple(host.open):
                if connection.transport is not None:
                    connection.transport.abort()


