"""The plain ASGI adapter: the same line for tests and for servers other than ours.

It may be slower than the fast adapter: it has a task per request and an event per pause. What it must not be is
different: the same tests run through both.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from gateway.wire.drive import STUCK_MAX_S, Drive
from gateway.wire.framing import one_line
from gateway.wire.line import Line, takes
from gateway.wire.target import head, locate
from gateway.wire.types import Headers

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
SendMessage = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, SendMessage], Awaitable[None]]

BUFFER_MAX = 64 * 1024
"""Bytes that may wait for a slow client before the upstream is asked to pause; asyncio's own high-water mark."""


class LineApp:
    """An ASGI app that takes line requests and hands everything else to the app behind it."""

    def __init__(self, line: Line, behind: App) -> None:
        self.line = line
        self.behind = behind

    async def __call__(self, scope: Scope, receive: Receive, send: SendMessage) -> None:
        target = None
        if scope["type"] == "http":
            raw = scope.get("raw_path") or scope["path"].encode()
            url = raw + b"?" + scope["query_string"] if scope["query_string"] else raw
            target = locate(url)
            websocket = any(name == b"upgrade" and value.lower() == b"websocket" for name, value in scope["headers"])
            if target is not None and (websocket or not takes(scope["method"].encode(), target)):
                target = None
        if target is None:
            await self.behind(scope, receive, send)
            return
        body, size, whole = await _body(receive, self.line.body_bytes_max)
        if not whole:
            return
        client = AsgiClient(send)
        drive = Drive(self.line.stations, client, self.line.wires)
        client.drive = drive
        drive.begin(head(scope["method"], target, list(scope["headers"]), size), body)
        gone = asyncio.ensure_future(_gone(receive))
        try:
            await client.run(gone)
        finally:
            gone.cancel()
            if not client.ended:
                drive.client_gone()


async def _body(receive: Receive, limit: int) -> tuple[bytes, int, bool]:
    """The body, its size (which may exceed the limit, the body then being empty), and whether it came whole."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"", size, False
        part = message.get("body", b"")
        size += len(part)
        if size <= limit:
            parts.append(part)
        else:
            parts.clear()
        if not message.get("more_body", False):
            return b"".join(parts), size, True


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class AsgiClient:
    """The client's side of one exchange over ASGI: writes are queued here and sent by the request's own task."""

    def __init__(self, send: SendMessage) -> None:
        self.drive: Drive | None = None
        self.ended = False
        self._send = send
        self._messages: deque[MutableMapping[str, Any]] = deque()
        self._waiting_bytes = 0
        self._paused = False
        self._wake = asyncio.Event()
        self._aborted = False

    async def run(self, gone: "asyncio.Future[None]") -> None:
        """Send what is queued until the answer ends or the client leaves."""
        while not (self.ended and not self._messages):
            if not self._messages:
                wake = asyncio.ensure_future(self._wake.wait())
                await asyncio.wait((wake, gone), return_when=asyncio.FIRST_COMPLETED)
                wake.cancel()
                self._wake.clear()
                if gone.done() and not self._messages and not self.ended:
                    return
                continue
            message = self._messages.popleft()
            async with asyncio.timeout(STUCK_MAX_S):
                await self._send(message)
            self._waiting_bytes -= len(message.get("body", b""))
            if self._paused and self._waiting_bytes < BUFFER_MAX // 2 and self.drive is not None:
                self._paused = False
                self.drive.resume()
        if self._aborted:
            raise ConnectionAbortedError("the upstream broke off in mid-answer")

    # ClientSide

    def answer(self, status: int, headers: Headers, body: bytes) -> None:
        self.begin(status, headers, len(body))
        self.write(body)
        self.finish()

    def begin(self, status: int, headers: Headers, length: int | None) -> None:
        lines = [(name, one_line(value)) for name, value in headers]
        if length is not None:
            lines.append((b"content-length", b"%d" % length))
        self._put({"type": "http.response.start", "status": status, "headers": lines})

    def write(self, data: bytes) -> None:
        self._waiting_bytes += len(data)
        self._put({"type": "http.response.body", "body": data, "more_body": True})
        if not self._paused and self._waiting_bytes > BUFFER_MAX and self.drive is not None:
            self._paused = True
            self.drive.pause()

    def finish(self) -> None:
        self.ended = True
        self._put({"type": "http.response.body", "body": b"", "more_body": False})

    def abort(self) -> None:
        self.ended = True
        self._aborted = True
        self._wake.set()

    def _put(self, message: MutableMapping[str, Any]) -> None:
        self._messages.append(message)
        self._wake.set()
