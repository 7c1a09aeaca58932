"""Carries requests to upstreams that do not speak the caller's dialect, by way of LiteLLM's translation.

An adapter, never the road: LiteLLM is imported when the first such request comes, in a thread with an event loop of its own,
so that neither its import (seconds) nor its work per request (milliseconds) holds up the byte path. It translates requests
and reads upstreams; the caller's events are written here, because their order is what clients live by.
"""

import asyncio
import contextlib
import inspect
import threading
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Protocol

from gateway.upstream.library import Library, quieten
from gateway.upstream.said import Said, Unwritable, said
from gateway.upstream.tools import names
from gateway.upstream.translate import Fields, NotTranslatable, decoded, readable, settings, settled, shape_of
from gateway.upstream.upstream_error import ended, is_unsent, told, untranslatable, upstreams_own
from gateway.upstream.write_chat import ChatWriter
from gateway.upstream.write_messages import MessagesWriter
from gateway.upstream.write_responses import ResponsesWriter
from gateway.wire.types import Headers, Listener, Send, Translate

AHEAD_MAX = 256 * 1024
"""Bytes that may wait for the gateway's loop; a loop that lags must not let a fast upstream fill the memory."""
LAG_S = 0.005
"""How often a flight that is too far ahead looks again."""
CLOSE_S = 5.0
"""How long closing waits for the thread; what it does then is closing sockets."""

_JSON: Headers = ((b"content-type", b"application/json"),)
_SSE: Headers = ((b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache"))


class Writer(Protocol):
    """Writes an answer in the caller's dialect: chunk by chunk, or whole once all was taken."""

    @property
    def ended(self) -> bool: ...

    def take(self, said: Said) -> bytes: ...

    def end(self) -> bytes: ...

    def whole(self) -> bytes: ...


class Translator:
    """A carrier; one per event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._library: Library | None = None
        self._worker: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def open(self, send: Send, listener: Listener) -> "TranslatedFlight":
        """Start one attempt; the listener hears of it on the loop of this carrier."""
        if self._worker is None:
            self._worker = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._work, args=(self._worker,), name="translator", daemon=True)
            self._thread.start()
        flight = TranslatedFlight(send, listener, self._loop, self._worker)
        flight.task = asyncio.run_coroutine_threadsafe(flight.run(self._import), self._worker)
        return flight

    def close(self) -> None:
        """Stop the thread; flights under way are cancelled."""
        if self._worker is not None:
            self._worker.call_soon_threadsafe(self._worker.stop)
            assert self._thread is not None
            self._thread.join(CLOSE_S)

    def _work(self, worker: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(worker)
        worker.set_exception_handler(lambda _loop, _context: None)  # LiteLLM's own background tasks may end untidily
        worker.run_forever()
        worker.run_until_complete(self._clear(worker))
        worker.close()

    async def _clear(self, worker: asyncio.AbstractEventLoop) -> None:
        open_ = asyncio.all_tasks(worker) - {asyncio.current_task(worker)}
        for task in open_:
            task.cancel()
        await asyncio.gather(*open_, return_exceptions=True)
        if self._library is not None:
            await self._library.close()
        await worker.shutdown_asyncgens()
        await worker.shutdown_default_executor()

    def _import(self) -> Library:
        """LiteLLM, imported once, in the worker's thread."""
        if self._library is None:
            self._library = Library()
        quieten()
        return self._library


class TranslatedFlight:
    """One attempt: runs on the worker's loop, tells its listener on the gateway's."""

    def __init__(
        self,
        send: Send,
        listener: Listener,
        loop: asyncio.AbstractEventLoop,
        worker: asyncio.AbstractEventLoop,
    ) -> None:
        assert send.translate is not None
        self.task: Any = None
        self._send = send
        self._translate: Translate = send.translate
        self._listener = listener
        self._loop = loop
        self._worker = worker
        self._cancelled = False
        self._reads = asyncio.Event()
        self._reads.set()
        self._told = 0
        self._heard = 0

    # called on the gateway's loop

    def pause(self) -> None:
        self._on_worker(self._reads.clear)

    def resume(self) -> None:
        self._on_worker(self._reads.set)

    def cancel(self) -> None:
        """Hang up; what is already on its way to the listener is dropped."""
        self._cancelled = True
        if self.task is not None:
            self.task.cancel()

    def _on_worker(self, what: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the carrier is closed: nothing is under way any more
            self._worker.call_soon_threadsafe(what)

    # on the worker's loop

    async def run(self, library: Callable[[], Library]) -> None:
        """Ask, and tell what came; every way out ends with `upstream_ended`, but for a cancelled one."""
        started = False
        dialect = self._translate.dialect
        try:
            answer, writer = await self._ask(library())
            streams = self._translate.stream
            if not streams:
                writer.take(said(_plain(answer)))
                _see_ended(writer)
            self._tell(self._listener.upstream_started, 200, _SSE if streams else _JSON)
            started = True
            if streams:
                await self._relay(answer, writer)
            else:
                self._tell_bytes(writer.whole())
            self._tell(self._listener.upstream_ended, "complete", "")
        except (NotTranslatable, Unwritable) as no:
            self._fail(str(no), started, untranslatable(str(no), dialect))
        except Exception as error:  # whatever LiteLLM or a vendor's SDK raises is this one request's failure
            name = type(error).__name__
            if (own := upstreams_own(error)) is not None:
                self._fail(name, started, told(own, dialect))
            elif is_unsent(error):
                self._fail(name, started, untranslatable(f"this request cannot be translated ({name})", dialect))
            else:
                self._tell(self._listener.upstream_ended, "cut" if started else ended(error), name)

    async def _ask(self, library: Library) -> tuple[Any, Writer]:
        translate = self._translate
        called = settings(translate, self._send.headers)
        try:
            asked = decoded(self._send.body)
            body = readable(translate, asked)
            chat, renamed = library.as_chat(shape_of(translate, asked), body, called)
            request = settled(translate, chat, asked)
            writer = _writer(translate, {**asked, "tools": body.get("tools") or []}, renamed)
        except NotTranslatable:
            raise
        except Exception as error:  # a body of unheard-of shape trips the translation, in a new place each time
            raise NotTranslatable(f"this request cannot be translated ({type(error).__name__})") from error
        origin = self._send.origin
        return await library.complete(request, called, origin.first_byte_s, origin.connect_s), writer

    async def _relay(self, stream: AsyncIterator[Any], writer: Writer) -> None:
        try:
            async for chunk in stream:
                if data := writer.take(said(_plain(chunk))):
                    self._tell_bytes(data)
                await self._reads.wait()
                while self._told - self._heard > AHEAD_MAX:  # noqa: ASYNC110 - an event would cost a wake-up per chunk
                    await asyncio.sleep(LAG_S)
        finally:
            await _close(stream)
        _see_ended(writer)
        self._tell_bytes(writer.end())

    def _fail(self, detail: str, started: bool, error: tuple[int, Headers, bytes]) -> None:
        """An error in the caller's envelope; once the answer has begun, its end."""
        if started:
            self._tell(self._listener.upstream_ended, "cut", detail)
            return
        status, lines, body = error
        self._tell(self._listener.upstream_started, status, lines)
        self._tell_bytes(body)
        self._tell(self._listener.upstream_ended, "complete", "")

    def _tell_bytes(self, data: bytes) -> None:
        self._told += len(data)
        self._tell(self._hear_bytes, data)

    def _tell(self, what: Callable[..., None], *words: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the gateway's loop is gone: nobody is left to tell
            self._loop.call_soon_threadsafe(self._hear, what, words)

    # on the gateway's loop again

    def _hear(self, what: Callable[..., None], words: tuple[Any, ...]) -> None:
        if not self._cancelled:
            what(*words)

    def _hear_bytes(self, data: bytes) -> None:
        self._heard += len(data)
        self._listener.upstream_bytes(data)


def _writer(translate: Translate, asked: Fields, renamed: Mapping[str, str]) -> Writer:
    name = uuid.uuid4().hex
    if translate.dialect == "messages":
        return MessagesWriter(name, translate.model, renamed)
    if translate.dialect == "responses":
        return ResponsesWriter(name, int(time.time()), translate.model, asked, names(asked["tools"]))
    return ChatWriter(name, int(time.time()), translate.model)


def _plain(chunk: Any) -> Mapping[str, Any]:
    """Plain values of what LiteLLM gives: models of its own or a vendor's, or dictionaries that say nothing."""
    if isinstance(chunk, Mapping):
        return chunk
    plain: Mapping[str, Any] = chunk.model_dump(mode="json", exclude_none=True)
    return plain


def _see_ended(writer: Writer) -> None:
    if not writer.ended:
        raise EOFError("the upstream stopped before its answer did")


async def _close(stream: Any) -> None:
    """Hang up on an upstream that has not come to its end."""
    for name in ("aclose", "close"):
        if (close := getattr(stream, name, None)) is not None:
            with contextlib.suppress(Exception):
                done = close()
                if inspect.isawaitable(done):
                    await done
            return
