"""Drives one exchange over real transports: opens flights, keeps time, holds back-pressure.

A `Drive` stands between a client side (a server adapter) and upstream flights. It contains no decisions of its own: it
asks the exchange and does as told. Time is kept by one ticker per process, not by a timer per stream.
"""

import asyncio
import logging
from collections.abc import Callable
from time import perf_counter
from typing import Protocol

from gateway.wire.exchange import Answer, Begin, Exchange, Finish, Forward, State, Stations
from gateway.wire.types import Carrier, Ended, Flight, Head, Headers, Send

TICK_S = 1.0
"""Time-outs and keep-alives are seconds long; one look a second at every open exchange is enough."""
UNSENT_MAX = 64
"""Writes put off at a time: a few milliseconds of other requests' work."""
STUCK_MAX_S = 600.0
"""How long a client may leave its answer unread before we hang up: as long as SDKs wait for one."""

_log = logging.getLogger("pointsman.wire")


class Watched(Protocol):
    """What the ticker looks at about once a second."""

    def tick(self, passed_s: float) -> None: ...


class ClientSide(Protocol):
    """The server adapter's half: writes to one client, in order."""

    def answer(self, status: int, headers: Headers, body: bytes) -> None: ...

    def begin(self, status: int, headers: Headers, length: int | None) -> None: ...

    def write(self, data: bytes) -> None: ...

    def finish(self) -> None: ...

    def abort(self) -> None:
        """Break off so that the client can tell the answer is not whole."""


class Wires:
    """What the drives of one event loop share: its clock, the carriers, and the ticker that looks at each of them."""

    def __init__(self, loop: asyncio.AbstractEventLoop, pool: Carrier, translator: Carrier) -> None:
        self.loop = loop
        self.pool = pool
        self.translator = translator
        self.keepalive_s = 15.0
        self.drain_s = 60.0
        self.drain_bytes = 16 * 1024 * 1024
        self.now = loop.time
        self.open: set[Drive] = set()
        self.watched: set[Watched] = set()
        """Client connections that owe us the rest of a request, or have yet to take the rest of an answer."""
        self._held_s = 0.0
        self._unsent: list[Callable[[], None]] = []
        self._put_off: list[Callable[[], None]] = []
        self.due: list[Callable[[], None]] = []
        """What must be done before anything more is sent."""
        self._ticked_at = loop.time()
        self._ticker = loop.call_later(TICK_S, self._tick)

    def send_soon(self, flush: Callable[[], None]) -> None:
        """Have this written once the reads at hand are dealt with.

        Writes that follow each other wake a peer on this machine once; between writes it would fall asleep again. Nothing
        waits for more to come.
        """
        unsent = self._unsent
        unsent.append(flush)
        if len(unsent) == 1:
            self.loop.call_soon(self._send_all)
        elif len(unsent) >= UNSENT_MAX:
            self._send_all()

    def after_sending(self, work: Callable[[], None]) -> None:
        """Have this done once what is to be sent is sent, before anything new is read: nobody waits for it."""
        self._put_off.append(work)
        if not self._unsent and len(self._put_off) == 1:
            self.loop.call_soon(self._send_all)

    def before_sending(self, work: Callable[[], None]) -> None:
        """Have this done once the reads at hand are dealt with, yet before any of it is answered: who has the answer may
        ask somebody who must know of it. Like work follows like, which the processor's caches reward.
        """
        self.due.append(work)
        if not self._unsent and len(self.due) == 1:
            self.loop.call_soon(self._send_all)

    def _send_all(self) -> None:
        self.do_due()
        unsent, self._unsent = self._unsent, []
        for flush in unsent:
            flush()
        self._do_put_off()

    def _do_put_off(self) -> None:
        put_off, self._put_off = self._put_off, []
        _do(put_off)

    def do_due(self) -> None:
        """Whoever sends something out of turn calls this first."""
        due, self.due = self.due, []
        _do(due)

    def held_since(self, began: float) -> None:
        """One event has been dealt with that came at `began` (`time.perf_counter`): all others waited so long."""
        took = perf_counter() - began
        self._held_s = max(self._held_s, took)

    def longest_held_s(self) -> float:
        """The longest that one event held the loop since this was last asked."""
        longest, self._held_s = self._held_s, 0.0
        return longest

    def carrier(self, send: Send) -> Carrier:
        return self.pool if send.translate is None else self.translator

    def _tick(self) -> None:
        self._ticker = self.loop.call_later(TICK_S, self._tick)
        began = perf_counter()
        now = self.now()
        passed_s = now - self._ticked_at
        self._ticked_at = now
        for each in (*self.open, *self.watched):
            try:
                each.tick(passed_s)
            except Exception:  # a fault in one exchange must not stop the clock of all the others
                _log.exception("a time-out could not be handled")
        self.held_since(began)

    def close(self) -> None:
        """Stop the clock and break off what is still open, so that all of it is accounted for."""
        self._ticker.cancel()
        for drive in tuple(self.open):
            drive.cut()
        self.do_due()
        self._do_put_off()


def _do(works: list[Callable[[], None]]) -> None:
    for work in works:
        try:
            work()
        except Exception:  # a fault in one request's books must not take the others' along
            _log.exception("what was put off could not be done")


class Drive:
    """One exchange under way."""

    __slots__ = ("_flight", "_paused", "_quiet_s", "_send", "_stuck_s", "_timer", "_waited_s", "client", "exchange", "wires")

    def __init__(self, stations: Stations, client: ClientSide, wires: Wires) -> None:
        self.exchange = Exchange(stations)
        self.client = client
        self.wires = wires
        self._flight: Flight | None = None
        self._send: Send | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._paused = False
        self._quiet_s = 0.0
        self._waited_s = 0.0
        self._stuck_s = 0.0

    def begin(self, head: Head, body: bytes) -> None:
        """The request is whole: start its way."""
        self.wires.open.add(self)
        self._do(self.exchange.begin(head, body, self.wires.now()))

    # the upstream's half (Listener)

    def upstream_started(self, status: int, headers: Headers) -> None:
        self._quiet_s = 0.0
        self._do(self.exchange.upstream_started(status, headers, self.wires.now()))

    def upstream_bytes(self, data: bytes) -> None:
        self._quiet_s = 0.0
        share = self.exchange.upstream_bytes(data)
        if share:
            self.client.write(share)

    def upstream_ended(self, how: Ended, detail: str) -> None:
        self._flight = None
        self._do(self.exchange.upstream_ended(how, detail, self.wires.now()))

    # the client's half

    def client_gone(self) -> None:
        """The client hung up."""
        if not self.exchange.client_gone(self.wires.now(), self._flight is not None):
            self._leave()
            self.wires.open.discard(self)
        else:
            self._quiet_s = self._waited_s = 0.0
            self.resume()

    def pause(self) -> None:
        """The client reads slower than the upstream writes."""
        self._paused = True
        if self._flight is not None:
            self._flight.pause()

    def resume(self) -> None:
        """The client has caught up."""
        self._paused = False
        self._stuck_s = 0.0
        if self._flight is not None:
            self._flight.resume()

    def cut(self) -> None:
        """The gateway stops now."""
        self._leave()
        self.wires.open.discard(self)
        self.exchange.abandon(self.wires.now())
        self.client.abort()

    # time

    def tick(self, passed_s: float) -> None:
        """Called about once a second while the exchange is open."""
        if self._paused:
            self._stuck_s += passed_s
            if self._stuck_s > STUCK_MAX_S:
                self.client.abort()
                self.client_gone()
            return
        if self._send is None:
            return
        self._quiet_s += passed_s
        self._waited_s += passed_s
        state = self.exchange.state
        if state is State.DRAINING:
            if self._waited_s > self.wires.drain_s or self.exchange.bytes_drained > self.wires.drain_bytes:
                self._leave()
                self.exchange.abandon(self.wires.now())
                self.wires.open.discard(self)
        elif self._flight is None:
            return
        elif state is State.WAITING and self._quiet_s > self._send.origin.first_byte_s:
            self._give_up("timeout")
        elif state is State.RELAYING and self._quiet_s > self._send.origin.idle_s:
            self._give_up("stalled")
        elif state is State.RELAYING and self._quiet_s >= self.wires.keepalive_s:
            self._keep_alive()

    def _keep_alive(self) -> None:
        assert self.exchange.passage is not None
        interval = self.wires.keepalive_s
        if self._quiet_s % interval < TICK_S and (event := self.exchange.passage.keepalive()):
            self.client.write(event)

    def _give_up(self, how: Ended) -> None:
        self._leave()
        self.upstream_ended(how, "the upstream was silent for too long")

    # doing as told

    def _do(self, action: Forward | Answer | Begin | Finish | None) -> None:
        if isinstance(action, Begin):
            self.client.begin(action.status, action.headers, action.length)
            return
        if isinstance(action, Forward):
            self._leave()
            self._quiet_s = 0.0
            if action.after_s > 0:
                self._timer = self.wires.loop.call_later(action.after_s, lambda: self._open(action.send))
            else:
                self._open(action.send)
            return
        if self.exchange.state is State.DONE:
            self.wires.open.discard(self)
        if isinstance(action, Answer):
            self.client.answer(action.status, action.headers, action.body)
        elif isinstance(action, Finish):
            if action.data:
                self.client.write(action.data)
            if action.clean:
                self.client.finish()
            else:
                self.client.abort()

    def _open(self, send: Send) -> None:
        self._timer = None
        self._send = send
        self._flight = self.wires.carrier(send).open(send, self)
        if self._paused:
            self._flight.pause()

    def _leave(self) -> None:
        """Hang up on whatever is under way."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._flight is not None:
            self._flight.cancel()
            self._flight = None
