"""The fast server adapter: line requests are handled inside the HTTP protocol, everything else goes to the ASGI app.

A subclass of uvicorn's httptools protocol. Line requests (`/v1/…`) never become ASGI scopes, tasks or queues: the parser's
callbacks collect the body, a `Drive` takes it from there, and answers are written straight to the transport. uvicorn keeps
what it does well: sockets, TLS, keep-alive time-outs, graceful shutdown. What is overridden here touches uvicorn's
internals, so its version is pinned and `tests/gateway/wire/test_uvicorn_contract.py` says what we rely on.

Pipelined requests behind a line request are not served: the connection closes after the answer, as RFC 9112 §9.3.2
allows, and the client sends them again. No client of the recordings pipelines.
"""

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from gateway.wire import framing
from gateway.wire.drive import Drive, Wires
from gateway.wire.exchange import Stations
from gateway.wire.target import Target, head, locate
from gateway.wire.types import Headers


class Line:
    """What the adapter needs to know of the house: where the line begins, what it is driven with, and its bounds."""

    __slots__ = ("body_bytes_max", "stations", "wires")

    def __init__(self, stations: Stations, wires: Wires, body_bytes_max: int) -> None:
        self.stations = stations
        self.wires = wires
        self.body_bytes_max = body_bytes_max


class HotProtocol(HttpToolsProtocol):
    """One client connection."""

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
        self._target: Target | None = None
        self._parts: list[bytes] = []
        self._size = 0
        self._keep_alive = True
        self._chunked = False
        self._ignoring = False

    # parser callbacks

    def on_message_begin(self) -> None:
        if self.drive is not None or self._ignoring:
            self._ignoring = True
            self._keep_alive = False
            return
        super().on_message_begin()
        self._target = None

    def on_url(self, url: bytes) -> None:
        if not self._ignoring:
            self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._ignoring:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._ignoring:
            return
        busy = self.cycle is not None and not self.cycle.response_complete
        target = None if busy or self.parser.should_upgrade() else locate(self.url)
        if target is None or not takes(self.parser.get_method(), target):
            super().on_headers_complete()
            return
        self._target = target
        self._parts = []
        self._size = 0
        self._keep_alive = self.parser.should_keep_alive()
        if self.expect_100_continue:
            self.transport.write(framing.CONTINUE)

    def on_body(self, body: bytes) -> None:
        if self._ignoring:
            return
        if self._target is None:
            super().on_body(body)
            return
        self._size += len(body)
        if self._size <= self.line.body_bytes_max:
            self._parts.append(body)
        else:
            self._parts = []

    def on_message_complete(self) -> None:
        if self._ignoring:
            return
        target = self._target
        if target is None:
            super().on_message_complete()
            return
        body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts = []
        peer = self.client[0] if self.client else ""
        request = head(self.parser.get_method().decode("ascii"), target, self.headers, peer, self._size)
        self.drive = Drive(self.line.stations, self, self.line.wires)
        self.drive.begin(request, body)

    # transport callbacks

    def connection_lost(self, exc: Exception | None) -> None:
        drive = self.drive
        self.drive = None
        super().connection_lost(exc)
        if drive is not None:
            drive.client_gone()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self.drive is not None:
            self.drive.pause()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.drive is not None:
            self.drive.resume()

    def shutdown(self) -> None:
        if self.drive is not None:
            self._keep_alive = False
        else:
            super().shutdown()

    def _unsupported_upgrade_warning(self) -> None:
        """Codex asks for a WebSocket once a session and is answered 426; that is no news for the log."""

    # ClientSide

    def answer(self, status: int, headers: Headers, body: bytes) -> None:
        if self.drive is None:
            return
        bare = self.parser.get_method() == b"HEAD"
        self.transport.write(framing.head(status, headers, len(body), self._keep_alive) + (b"" if bare else body))
        self._done()

    def begin(self, status: int, headers: Headers, length: int | None) -> None:
        if self.drive is None:
            return
        self._chunked = length is None
        self.transport.write(framing.head(status, headers, length, self._keep_alive))

    def write(self, data: bytes) -> None:
        if self.drive is not None:
            self.transport.write(framing.chunk(data) if self._chunked else data)

    def finish(self) -> None:
        if self.drive is None:
            return
        if self._chunked:
            self.transport.write(framing.CHUNK_END)
        self._done()

    def abort(self) -> None:
        self.drive = None
        self.transport.abort()

    def _done(self) -> None:
        self.drive = None
        self._chunked = False
        if self._keep_alive:
            self.on_response_complete()
        else:
            self.server_state.total_requests += 1
            self.transport.close()


def takes(method: bytes, target: Target) -> bool:
    """Whether the line takes this request; the model list is made by the app."""
    return method != b"OPTIONS" and not (method in (b"GET", b"HEAD") and target.path == "/v1/models")
