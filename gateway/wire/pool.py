"""The upstream side of the byte path: pooled HTTP/1.1 connections, driven by callbacks.

No task, queue or future per request or per chunk; only opening a new connection takes a task. A connection carries one
request at a time; idle ones are reused newest first, so the oldest can age out. Measured against ready-made clients in
docs/adr/0004.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from gateway.wire.connection import Connection, PooledFlight
from gateway.wire.tls import ResumingContext, client_context
from gateway.wire.types import Listener, Origin, Send

IDLE_MAX_S = 55.0
"""Idle connections are not reused after this: common load balancers close theirs at 60 s."""
LIFE_MAX_S = 300.0
"""A busy connection is closed after its answer at this age, so that a host's new addresses are found (each connection asks
the resolver anew) and a new balancer behind them gets its share."""
LOOK_AFTER_S = 0.5
"""A connection idle for so long is looked at before it is used: the far side may have closed it since the loop last read."""
WAITING_MAX = 4096
"""Requests that may queue for a connection to one origin; the in-flight limit of the gateway is as large."""
STOPPING = "the gateway is stopping"


class Host:
    """All connections to one origin: the idle, the busy, and the requests that wait for one."""

    def __init__(self, pool: "Pool", origin: Origin) -> None:
        self.pool = pool
        self.origin = origin
        default = origin.port == (443 if origin.scheme == "https" else 80)
        name = f"[{origin.host}]" if ":" in origin.host else origin.host
        self.name = (name if default else f"{name}:{origin.port}").encode("ascii")
        self.read_since = pool.held_since
        self.send_soon = pool.send_soon
        self.idle: deque[Connection] = deque()
        self.open: set[Connection] = set()
        self.connecting: set[PooledFlight] = set()
        self.waiting: deque[PooledFlight] = deque()

    def carry(self, flight: PooledFlight) -> None:
        """Send on an idle connection, or open one, or wait for one."""
        now = self.pool.loop.time()
        while self.idle:
            connection = self.idle.pop()
            idle_s = now - connection.idle_since
            if connection.alive and idle_s < IDLE_MAX_S and (idle_s < LOOK_AFTER_S or not connection.is_stale()):
                connection.send(flight)
                return
            connection.drop()
        if len(self.open) + len(self.connecting) < self.origin.max_connections:
            self.connecting.add(flight)
            self.pool.spawn(self._connect(flight))
        elif len(self.waiting) < WAITING_MAX:
            self.waiting.append(flight)
        else:
            self.pool.loop.call_soon(self.refuse, flight, "too many requests wait for this upstream")

    def release(self, connection: Connection) -> None:
        """A connection has done its request and can take the next."""
        now = self.pool.loop.time()
        if not connection.idle_since:
            self._keep_session(connection)
        if now - connection.opened_at > LIFE_MAX_S:
            connection.drop()
            return
        connection.idle_since = now
        if self.waiting:
            connection.send(self.waiting.popleft())
            return
        self.idle.append(connection)
        while now - self.idle[0].idle_since >= IDLE_MAX_S:
            self.idle.popleft().drop()

    def _keep_session(self, connection: Connection) -> None:
        secured = connection.secured()
        if secured is not None:
            self.pool.tls().keep(self.origin.host, secured)

    def forget(self, connection: Connection) -> None:
        """A connection is gone; whoever waits may open a new one."""
        if connection not in self.open:
            return
        self.open.discard(connection)
        if connection in self.idle:
            self.idle.remove(connection)
        self._next()

    def unqueue(self, flight: PooledFlight) -> None:
        """A flight was cancelled that may still have been waiting here."""
        if flight in self.waiting:
            self.waiting.remove(flight)

    def _next(self) -> None:
        if self.waiting:
            self.carry(self.waiting.popleft())

    async def _connect(self, flight: PooledFlight) -> None:
        connection = None
        problem = STOPPING
        try:
            connection, problem = await self._opened()
        finally:  # also when the pool closes and this task is cancelled
            self.connecting.discard(flight)
            if connection is None:
                self.refuse(flight, problem)
                self._next()
        if connection is None:
            return
        connection.opened_at = self.pool.loop.time()
        self.open.add(connection)
        if flight.cancelled:
            self.release(connection)
        else:
            connection.send(flight)

    async def _opened(self) -> tuple[Connection | None, str]:
        """A new connection, or why there is none."""
        origin = self.origin
        secure = origin.scheme == "https"
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
            return None, f"no connection within {origin.connect_s:g} s"
        except (OSError, ValueError) as error:  # ValueError: a host name that IDNA cannot encode
            return None, f"cannot connect ({type(error).__name__})"
        if not connection.alive:  # lost before this task had its turn: `connection_lost` came too early to be heard
            return None, "the upstream closed the connection at once"
        return connection, ""

    def refuse(self, flight: PooledFlight, problem: str) -> None:
        """Tell a flight that it gets no connection."""
        if not flight.cancelled:
            flight.cancelled = True
            flight.listener.upstream_ended("refused", problem)

    def close(self) -> None:
        """Drop everything; whoever waits or is under way is told."""
        unserved = (*self.waiting, *self.connecting)
        self.waiting.clear()
        for flight in unserved:
            self.refuse(flight, STOPPING)
        for connection in tuple(self.open):
            connection.fail("cut", STOPPING)


def _at_once(flush: Callable[[], None]) -> None:
    """Nobody gathers writes."""
    flush()


def _nobody_asks(_: float) -> None:
    """The loop is not watched."""


class Pool:
    """Carries attempts over HTTP/1.1; one per event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._hosts: dict[tuple[str, str, int], Host] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._tls: ResumingContext | None = None
        self._closed = False
        self.send_soon: Callable[[Callable[[], None]], None] = _at_once
        self.held_since: Callable[[float], None] = _nobody_asks
        """Told after each read when it began, by whoever watches the loop."""

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
        if self._closed:
            self.loop.call_soon(host.refuse, flight, STOPPING)
        else:
            host.carry(flight)
        return flight

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def tls(self) -> ResumingContext:
        if self._tls is None:
            self._tls = client_context()
        return self._tls

    def close(self) -> None:
        """Drop every connection and open no more; flights under way hear `cut`, waiting ones `refused`."""
        self._closed = True
        for host in self._hosts.values():
            host.close()
        for task in self._tasks:
            task.cancel()
