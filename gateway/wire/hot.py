"""The fast server adapter: line requests are handled inside the HTTP protocol, everything else goes to the ASGI app.

A subclass of uvicorn's httptools protocol. Line requests (`/v1/…`) never become ASGI scopes, tasks or queues: a `Drive`
takes what the parser collects, and answers are written straight to the transport. Sockets, TLS and graceful shutdown stay
uvicorn's, whose version is pinned: `tests/gateway/wire/test_uvicorn_contract.py` says what we rely on.

Pipelined requests behind a line request are not served: the connection closes after the answer, as RFC 9112 §9.3.2
allows, and the client sends them again. No client of the recordings pipelines.
"""

import asyncio
import socket
import struct
from time import perf_counter
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from gateway.wire import framing
from gateway.wire.delivery import Delivery, Overrun
from gateway.wire.drive import Drive
from gateway.wire.letterhead import Sheet, cut
from gateway.wire.line import Line, takes
from gateway.wire.reception import Reception
from gateway.wire.target import Target, head, locate
from gateway.wire.types import Head, Headers

PATIENCE_S = 60.0
"""For a head to come whole, for a silent body to go on, and for a written answer to leave; what nginx grants by default."""
WHOLE_MAX_S = 600.0
"""For a body to come whole: 32 MB at half a megabit a second."""
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER that makes a close a reset."""


class HotProtocol(HttpToolsProtocol):
    """One client connection."""

    __slots__ = (
        "_deaf", "_delivery", "_gathered", "_held", "_leaving", "_opening", "_quiet_s", "_ready", "_reception",
        "_since_s", "_target", "_turns_s", "drive", "line",
    )  # fmt: skip

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.line: Line = app_state["line"]
        self.drive: Drive | None = None
        self._reception = Reception(self.line.header_bytes_max, self.line.body_bytes_max)
        self._target: Target | None = None
        self._ready: tuple[Head, bytes] | None = None
        self._opening: Sheet | None = None
        """The head of the read that the parser sees, where it is worth keeping."""
        self._delivery = Delivery(b"", old=False, keep_alive=False)
        self._gathered: list[bytes] = []
        """What one turn of the loop gave to write: a head, its body. One write, once the reads at hand are dealt with."""
        self._deaf = False
        """What the client still sends is read and dropped; the connection closes after the answer."""
        self._held = False
        """Nothing is read until the answer before has left."""
        self._leaving = False
        self._quiet_s = 0.0
        self._since_s = 0.0
        self._turns_s = PATIENCE_S
        """How long the client may be silent between two requests."""

    # transport callbacks

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_more()

    def data_received(self, data: bytes) -> None:
        if self._gathered and self.drive is None:
            self._flush()  # whatever this read leads to comes after the answer before
        if self._deaf:
            return
        if self.drive is not None:
            self._stop_listening()
            return
        if self.timeout_keep_alive_task is not None:
            self._unset_keepalive_if_required()
        self._quiet_s = 0.0
        began = perf_counter()
        self._read(data)
        if self._ready is not None:
            self._start(*self._ready)
        elif not self._leaving:
            self._expect_more()
        self.line.wires.held_since(began)

    def connection_lost(self, exc: Exception | None) -> None:
        drive = self.drive
        self.drive = None
        self._gathered.clear()
        self.line.wires.watched.discard(self)
        super().connection_lost(exc)
        if drive is not None:
            drive.client_gone()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self.drive is not None:
            self.drive.pause()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._held:
            self._held = False
            self.flow.resume_reading()
        if self.drive is not None:
            self.drive.resume()

    def shutdown(self) -> None:
        if self.drive is not None:
            self._delivery.keep_alive = False
        else:
            self._flush()
            super().shutdown()

    def timeout_keep_alive_handler(self) -> None:
        self._leave()

    def tick(self, passed_s: float) -> None:
        """Called about once a second while the client owes us something (`Wires.watched`)."""
        self._quiet_s += passed_s
        self._since_s += passed_s
        if self._leaving or self.transport.is_closing():
            if self._since_s > PATIENCE_S:
                self.transport.abort()
            return
        if not self._reception.under_way:
            if self._since_s > self._turns_s:
                self._leave()
            return
        whole_s = WHOLE_MAX_S if self._reception.in_body else PATIENCE_S
        if self._quiet_s > PATIENCE_S or self._since_s > whole_s:
            self._refuse(408, b"the request did not come whole in time")

    # reading

    def _read(self, data: bytes) -> None:
        """One read: work for the parser, or a head that came before, or more of the body behind such a head."""
        reception = self._reception
        if reception.request is None:
            sheet = None if reception.under_way or self._busy() else cut(data)
            request = self.line.letterheads.find(sheet, self.line.body_bytes_max)
            if sheet is None or request is None:
                self._opening = self.line.letterheads.recurring(sheet)
                self._feed(data)
                return
            self._delivery = Delivery(request.method.encode(), False, True)
            self._since_s = 0.0
            reception.expect(request)
            data = data[sheet[2] :]
        if reception.fill(data):
            self._stop_listening()
        if not reception.under_way:
            assert reception.request is not None
            self._ready = reception.request, reception.taken()

    def _feed(self, data: bytes) -> None:
        """Let the parser see one read. A fault in what it reads ends the connection, after the answer under way."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            if self._reception.oversized:
                self._refuse(431, b"the request head is too large")
            else:
                self._refuse(400, b"this is not HTTP/1.1")
            return
        except httptools.HttpParserUpgrade as upgrade:
            if self._reception.upgrade:
                self._read_again(data[upgrade.args[0] :])
            return
        if not self._reception.more(len(data)):
            self._refuse(431, b"the request head is too large")

    def _read_again(self, rest: bytes) -> None:
        """Read a request as if it had not asked for a protocol we do not speak (RFC 9110 §7.8 lets us ignore that).

        Java's HTTP client asks for h2c on every first request, and the parser gives up a body behind such a head.
        """
        first = b"%b %b HTTP/%b\r\n" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())
        lines = [line for line in self.headers if line[0] not in (b"upgrade", b"connection", b"http2-settings")]
        again = framing.block(first, lines)
        self.parser = httptools.HttpRequestParser(self)
        self._feed(again + rest)

    def _start(self, request: Head, body: bytes) -> None:
        self._ready = None
        self.line.wires.watched.discard(self)
        self.drive = Drive(self.line.stations, self, self.line.wires)
        if self.flow.write_paused:  # an answer of the app has not left yet
            self.drive.pause()
        self.drive.begin(request, body)

    def _expect_more(self) -> None:
        """Watch this connection while it is the client's turn to send, and only then."""
        watched = self.line.wires.watched
        if self._busy() and not self.cycle.more_body:
            watched.discard(self)
        elif self not in watched:
            self._since_s = self._quiet_s = 0.0
            watched.add(self)

    def _busy(self) -> bool:
        """Whether the app behind has an answer under way."""
        return self.cycle is not None and not self.cycle.response_complete

    def _stop_listening(self) -> None:
        self._deaf = True
        self._delivery.keep_alive = False

    # parser callbacks

    def on_message_begin(self) -> None:
        if self._deaf or self._ready is not None or self.transport.is_closing():
            self._stop_listening()
            return
        super().on_message_begin()
        self._reception.begin()
        self._target = None
        self._since_s = 0.0

    def on_url(self, url: bytes) -> None:
        if not self._deaf:
            self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._deaf or self._reception.in_body:  # later ones are trailers, which must not pass for headers
            return
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        if self._deaf:
            return
        parser = self.parser
        self._reception.head_complete(self.url, self.headers)
        opening, self._opening = self._opening, None
        upgrade = self._get_upgrade() if parser.should_upgrade() else None
        if upgrade is not None and upgrade != b"websocket":
            self._reception.upgrade = True
            return
        target = None if self._busy() or parser.should_upgrade() else locate(self.url)
        if target is None or not takes(parser.get_method(), target):
            super().on_headers_complete()
            return
        self._target = target
        old = parser.get_http_version() != "1.1"
        self._delivery = Delivery(parser.get_method(), old, parser.should_keep_alive())
        if opening is not None and self._delivery.keep_alive and not self.expect_100_continue:
            self.line.letterheads.keep(opening, self._head(target), self.line.header_bytes_max)
        if self.expect_100_continue and not old:
            if self._reception.announces_too_much(self.headers):
                self._take(target)
            else:
                self.transport.write(framing.CONTINUE)

    def on_body(self, body: bytes) -> None:
        if self._deaf:
            return
        if self._target is None:
            self._reception.passed(len(body))
            super().on_body(body)
        elif not self._reception.body(body):
            self._take(self._target)

    def on_message_complete(self) -> None:
        if self._deaf or self._reception.upgrade:
            return
        self._reception.complete()
        if self._target is None:
            super().on_message_complete()
        else:
            self._take(self._target)

    def _take(self, target: Target) -> None:
        """The request is whole, or so large that nobody wants the rest of it."""
        if self._reception.under_way:
            self._stop_listening()
        self._ready = self._head(target), self._reception.taken()

    def _head(self, target: Target) -> Head:
        return head(self.parser.get_method().decode("ascii"), target, self.headers, self._reception.size)

    def _unsupported_upgrade_warning(self) -> None:
        """Codex asks for a WebSocket once a session and is answered 426; that is no news for the log."""

    # ClientSide

    def answer(self, status: int, headers: Headers, body: bytes) -> None:
        if self.drive is None:
            return
        delivery = self._delivery
        whole = delivery.head(status, headers, len(body))
        self.transport.write(whole + delivery.body(body) if body else whole)
        self._done()

    def begin(self, status: int, headers: Headers, length: int | None) -> None:
        if self.drive is not None:
            self._put(self._delivery.head(status, headers, length))

    def write(self, data: bytes) -> None:
        if self.drive is None:
            return
        try:
            piece = self._delivery.body(data)
        except Overrun:
            self.abort()
            return
        self._put(piece)

    def _put(self, piece: bytes) -> None:
        self._gathered.append(piece)
        if len(self._gathered) == 1:
            self.line.wires.send_soon(self._flush)

    def _flush(self) -> None:
        gathered, self._gathered = self._gathered, []
        if not gathered:
            return
        self.line.wires.do_due()
        if len(gathered) == 1:
            self.transport.write(gathered[0])
        else:
            self.transport.writelines(gathered)
        if self.drive is None and self.flow.write_paused and not self._held and not self._leaving:
            self._held = True
            self.flow.pause_reading()

    def finish(self) -> None:
        if self.drive is None:
            return
        if self._delivery.short:
            self.abort()
            return
        if end := self._delivery.end():
            self._put(end)
        if not self._delivery.keep_alive:
            self._flush()
        self._done()

    def abort(self) -> None:
        """What was written still arrives, unless only a reset can show that the body is not whole."""
        if self.drive is None:
            return
        self.drive = None
        self.server_state.total_requests += 1
        self._flush()
        if self._delivery.open_ended:
            self._reset()
        else:
            self._leave()

    # after an answer

    def _done(self) -> None:
        self.drive = None
        self.server_state.total_requests += 1
        if not self._delivery.keep_alive:
            self._leave()
            return
        self.flow.resume_reading()
        self._turns_s = self.timeout_keep_alive
        self._expect_more()
        if self.flow.write_paused:
            self._held = True
            self.flow.pause_reading()

    def _refuse(self, status: int, text: bytes) -> None:
        """Answer what cannot become a request, and close; an answer under way is left to itself."""
        self._stop_listening()
        if self._ready is not None:
            return
        if self._busy():
            if self.cycle.response_started or not self.cycle.more_body:
                self.cycle.keep_alive = False
                return
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        framed = framing.frame(status, len(text), b"", False)
        self.transport.write(framing.head(status, [(b"content-type", b"text/plain")], framed, False) + text)
        self._leave()

    def _leave(self) -> None:
        """Close once all that was written has left.

        While the client still sends, only our half is closed first: a close on unread bytes is a reset, and a reset
        takes our last words with it.
        """
        if self.transport.is_closing() or self._leaving:
            return
        self._flush()
        self._leaving = True
        self._since_s = 0.0
        self.line.wires.watched.add(self)
        if self._deaf and self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self._deaf = True
            self.transport.close()

    def _reset(self) -> None:
        """Close so that the client sees it was no orderly end."""
        wire: socket.socket | None = self.transport.get_extra_info("socket")
        if wire is not None:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.transport.abort()
