"""One HTTP/1.1 connection to an upstream, and one attempt on its way through it.

A request is one write, an answer is parser callbacks: they only note what one read brought, `_deliver` then tells the
listener in order, so that the listener may cancel at any point. What an upstream sends beyond the one answer it was asked
for is never taken for the next answer.
"""

import asyncio
import select
import ssl
from collections.abc import Callable
from time import perf_counter
from typing import Protocol

import httptools

from gateway.wire import framing
from gateway.wire.types import Ended, Listener, Send

JOIN_MAX = 16 * 1024
"""Head and body go out in one write below this size; above it the copy would cost more than the second buffer."""
HEADER_BYTES_MAX = 128 * 1024
"""Bound on an answer's head; beyond it the upstream is not speaking HTTP to us."""
HEADER_LINES_MAX = 256


class Owner(Protocol):
    """Keeps connections: takes back a free one, forgets a lost one, and knows attempts that still wait for one."""

    name: bytes
    """The origin as a Host header names it."""

    def release(self, connection: "Connection") -> None: ...

    def forget(self, connection: "Connection") -> None: ...

    def unqueue(self, flight: "PooledFlight") -> None: ...

    send_soon: Callable[[Callable[[], None]], None]
    """Has something written once the reads at hand are dealt with."""
    read_since: Callable[[float], None]
    """Told when a read began (`time.perf_counter`) that has been dealt with."""


class PooledFlight:
    """One attempt: waiting for a connection, or on one."""

    __slots__ = ("cancelled", "connection", "listener", "owner", "paused", "send")

    def __init__(self, send: Send, listener: Listener, owner: Owner) -> None:
        self.send = send
        self.listener = listener
        self.owner = owner
        self.connection: Connection | None = None
        self.paused = False
        self.cancelled = False

    def request(self) -> tuple[bytes, bytes]:
        """Head and body as they go on the wire."""
        send = self.send
        lines = [(b"host", self.owner.name), *send.headers]
        if send.body or send.method in ("POST", "PUT", "PATCH"):
            lines.append((b"content-length", b"%d" % len(send.body)))
        return framing.block(b"%b %b HTTP/1.1\r\n" % (send.method.encode(), send.target.encode()), lines), send.body

    def pause(self) -> None:
        self.paused = True
        self._apply()

    def resume(self) -> None:
        self.paused = False
        self._apply()

    def _apply(self) -> None:
        if self.connection is not None and self.connection.flight is self:
            self.connection.pause(self.paused)

    def cancel(self) -> None:
        self.cancelled = True
        connection = self.connection
        if connection is None:
            self.owner.unqueue(self)
        elif connection.flight is self:
            connection.drop()


class Connection(asyncio.Protocol):
    """One connection to an origin, idle or carrying one attempt."""

    __slots__ = (
        "_complete", "_head_bytes", "_headers", "_parser", "_parts", "_read_since", "_reusable", "_sized", "_started",
        "_status", "_surplus", "flight", "idle_since", "opened_at", "owner", "paused", "transport",
    )  # fmt: skip

    def __init__(self, owner: Owner) -> None:
        self.owner = owner
        self._read_since = owner.read_since
        self.transport: asyncio.Transport | None = None
        self.flight: PooledFlight | None = None
        self.opened_at = 0.0
        self.idle_since = 0.0
        """When its newest answer was whole; 0 before the first."""
        self.paused = False
        self._parser = httptools.HttpResponseParser(self)
        self._reset()

    def _reset(self) -> None:
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_bytes = 0
        self._parts: list[bytes] = []
        self._status = 0
        self._started = False
        self._complete = False
        self._sized = False
        self._reusable = False
        self._surplus = False

    @property
    def alive(self) -> bool:
        return self.transport is not None and not self.transport.is_closing()

    def is_stale(self) -> bool:
        """Whether the far side of this idle connection has closed it, or sent what nobody asked for; nothing is read."""
        assert self.transport is not None
        wire = self.transport.get_extra_info("socket")
        if wire is None:
            return True
        look = select.poll()
        look.register(wire.fileno(), select.POLLIN | select.POLLRDHUP)
        seen = [event for _, event in look.poll(0)]
        asked_for = 0 if self.secured() is None else select.POLLIN  # under TLS it may be a ticket
        return bool(seen) and seen[0] & ~asked_for != 0

    def secured(self) -> ssl.SSLObject | None:
        """The TLS of this connection, None where it has none."""
        assert self.transport is not None
        found: ssl.SSLObject | None = self.transport.get_extra_info("ssl_object")
        return found

    def send(self, flight: PooledFlight) -> None:
        """Put a request on this free connection."""
        assert self.transport is not None
        assert self.flight is None
        self.flight = flight
        flight.connection = self
        self.pause(flight.paused)
        self.owner.send_soon(self._write)

    def _write(self) -> None:
        """Put the request on the wire, unless it was given up in between."""
        flight = self.flight
        if flight is None or self.transport is None:
            return
        head, body = flight.request()
        if len(body) < JOIN_MAX:
            self.transport.write(head + body)
        else:
            self.transport.writelines((head, body))

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvloop's is no subclass
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.flight is None:
            self.drop()
            return
        began = perf_counter()
        problem = self._feed(data)
        if problem:
            self._reusable = False
        self._deliver()
        if problem and self.flight is not None:
            self.fail("cut", problem)
        self._read_since(began)

    def connection_lost(self, exc: Exception | None) -> None:
        self.owner.forget(self)
        if self.flight is None:
            return
        if self._started and not self._sized and exc is None:
            self._complete = True  # RFC 9112 §6.3: without a length, the end of the connection ends the body
            self._deliver()
            return
        self.fail("cut", "the upstream closed the connection" if exc is None else type(exc).__name__)

    def _feed(self, data: bytes) -> str:
        """Let the parser see one read; what is wrong with it, if anything."""
        if not self._status:
            # The parser hands over whole header lines only and would collect one that never ends.
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            return f"the upstream sent invalid HTTP ({type(error).__name__})"
        except httptools.HttpParserUpgrade:
            return "the upstream changed the protocol unasked"
        if not self._status and self._head_bytes > HEADER_BYTES_MAX:
            return "the upstream's answer has too large a head"
        return ""

    # httptools callbacks: they note, `_deliver` acts

    def on_message_begin(self) -> None:
        if self._complete:
            self._surplus = True
            self._reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._status:
            return  # a trailer (RFC 9110 §6.5.1: never merged into the head), or an answer nobody asked for
        name = name.lower()
        if len(self._headers) >= HEADER_LINES_MAX:
            raise ValueError("answer head too large")
        self._headers.append((name, value))
        if name == b"content-length" or (name == b"transfer-encoding" and value.lower().endswith(b"chunked")):
            self._sized = True

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status >= 200 and not self._surplus:
            self._status = status

    def on_body(self, body: bytes) -> None:
        if not self._surplus:
            self._parts.append(body)

    def on_message_complete(self) -> None:
        if self._surplus:
            return
        if not self._status:  # an interim 1xx answer: the real one follows
            self._headers = []
            self._sized = False
            return
        self._complete = True
        self._reusable = self._parser.should_keep_alive()  # only here: afterwards the parser has forgotten the head

    # acting

    def _deliver(self) -> None:
        """Tell the listener what one read brought: start, bytes, end. It may cancel in between."""
        flight = self.flight
        assert flight is not None
        if not self._started and self._status:
            self._started = True
            if flight.send.method == "HEAD":
                self._complete = True
            flight.listener.upstream_started(self._status, self._headers)
        if self._parts and self.flight is flight:
            parts = self._parts
            self._parts = []
            flight.listener.upstream_bytes(parts[0] if len(parts) == 1 else b"".join(parts))
        if self._complete and self.flight is flight:
            self._let_go()
            flight.listener.upstream_ended("complete", "")

    def _let_go(self) -> None:
        """The answer is whole: keep the connection for the next request if nothing of this one is left on it."""
        transport = self.transport
        unsent = transport is None or transport.is_closing() or transport.get_write_buffer_size() > 0
        reusable = self._reusable and not unsent
        self.flight = None
        self._reset()
        if reusable:
            self.pause(False)
            self.owner.release(self)
        else:
            self.drop()

    def fail(self, how: Ended, detail: str) -> None:
        """Close, and tell whoever waits for an answer."""
        flight = self.flight
        self.drop()
        if flight is not None:
            flight.listener.upstream_ended(how, detail)

    def pause(self, paused: bool) -> None:
        """Stop or go on reading; asking twice changes nothing."""
        if not self.alive or self.paused is paused:
            return
        assert self.transport is not None
        self.paused = paused
        if paused:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def drop(self) -> None:
        """Close for good."""
        self.flight = None
        self.owner.forget(self)
        if self.transport is not None:
            self.transport.abort()
