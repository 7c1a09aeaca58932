"""Carries requests to upstreams that do not speak the caller's dialect, by way of LiteLLM's translation.

An adapter, never the road: LiteLLM is imported when the first such request comes, in a thread with an event loop of its own,
so that neither its import (seconds) nor its work per request (milliseconds) holds up the byte path. Everything LiteLLM would
do beside translating is off: retries, callbacks, telemetry, caches, the download of its price map.
"""

import asyncio
import contextlib
import os
import sys
import threading
import warnings
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

from gateway.upstream.translate import arguments, event, last, refused, whole
from gateway.wire.types import Ended, Headers, Listener, Send

MESSAGE_MAX = 2000
"""Characters of an upstream's error that are passed on."""
_MCP_GATEWAY = "litellm.responses.mcp.litellm_proxy_mcp_handler"
_UNREACHED = frozenset(
    (
        "ConnectError", "ConnectTimeout", "ConnectionRefusedError", "ClientConnectorError", "ClientConnectorDNSError",
        "gaierror",
    )
)
"""Names of errors that mean nothing was sent."""

_JSON: Headers = ((b"content-type", b"application/json"),)
_SSE: Headers = ((b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache"))


class Translator:
    """A carrier; one per event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._litellm: Any = None
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
            self._thread.join(5)

    def _work(self, worker: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(worker)
        worker.set_exception_handler(lambda _loop, _context: None)  # LiteLLM's own background tasks may end untidily
        worker.run_forever()
        for task in asyncio.all_tasks(worker):
            task.cancel()
        with contextlib.suppress(RuntimeError):
            worker.run_until_complete(asyncio.sleep(0))

    def _import(self) -> Any:
        """LiteLLM, imported once, in the worker's thread."""
        if self._litellm is None:
            os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
            os.environ.setdefault("LITELLM_LOG", "CRITICAL")
            warnings.filterwarnings("ignore", module=r"(litellm|pydantic|openai|aiohttp|httpx)\b")
            sys.modules[_MCP_GATEWAY] = _without_mcp_gateway()
            import litellm

            litellm.telemetry = False
            litellm.suppress_debug_info = True
            litellm.drop_params = True
            litellm.num_retries = 0
            litellm.use_chat_completions_url_for_anthropic_messages = True
            for name in ("callbacks", "success_callback", "failure_callback", "_async_success_callback"):
                setattr(litellm, name, [])
            self._litellm = litellm
        return self._litellm


class TranslatedFlight:
    """One attempt: runs on the worker's loop, tells its listener on the gateway's."""

    def __init__(
        self,
        send: Send,
        listener: Listener,
        loop: asyncio.AbstractEventLoop,
        worker: asyncio.AbstractEventLoop,
    ) -> None:
        self.task: Any = None
        self._send = send
        self._listener = listener
        self._loop = loop
        self._worker = worker
        self._cancelled = False
        self._reads = asyncio.Event()
        self._reads.set()

    # called on the gateway's loop

    def pause(self) -> None:
        self._worker.call_soon_threadsafe(self._reads.clear)

    def resume(self) -> None:
        self._worker.call_soon_threadsafe(self._reads.set)

    def cancel(self) -> None:
        """Hang up; what is already on its way to the listener is dropped."""
        self._cancelled = True
        if self.task is not None:
            self.task.cancel()

    # on the worker's loop

    async def run(self, import_litellm: Callable[[], Any]) -> None:
        """Ask, and tell what came; every way out ends with `upstream_ended`, but for a cancelled one."""
        started = False
        try:
            litellm = import_litellm()
            result = await self._ask(litellm)
            streams = hasattr(result, "__aiter__")
            self._tell(self._listener.upstream_started, 200, _SSE if streams else _JSON)
            started = True
            if streams:
                await self._relay(result)
            else:
                self._tell(self._listener.upstream_bytes, whole(result))
            self._tell(self._listener.upstream_ended, "complete", "")
        except Exception as error:  # whatever LiteLLM or a vendor's SDK raises is this one request's failure
            self._fail(error, started)

    async def _ask(self, litellm: Any) -> Any:
        translate = self._send.translate
        assert translate is not None
        call, asked = arguments(translate, self._send.body, self._send.headers)
        asked["timeout"] = self._send.origin.first_byte_s
        if call == "messages":
            return await litellm.anthropic.messages.acreate(**asked)
        if call == "acompletion" and "messages" not in asked:
            asked = _as_chat(asked)
        return await getattr(litellm, call)(**asked)

    async def _relay(self, stream: Any) -> None:
        translate = self._send.translate
        assert translate is not None
        try:
            async for said in stream:
                self._tell(self._listener.upstream_bytes, event(said, translate.dialect))
                await self._reads.wait()
        finally:
            if (close := getattr(stream, "aclose", None)) is not None:
                with contextlib.suppress(Exception):
                    await close()
        if ending := last(translate.dialect):
            self._tell(self._listener.upstream_bytes, ending)

    def _fail(self, error: Exception, started: bool) -> None:
        """An upstream's error status becomes an answer in the caller's envelope; all else ends the attempt."""
        translate = self._send.translate
        assert translate is not None
        how: Ended = "cut" if started else _how(error)
        status = getattr(error, "status_code", None)
        text = str(getattr(error, "message", "") or type(error).__name__)[:MESSAGE_MAX]
        if started or how != "complete" or not isinstance(status, int):
            self._tell(self._listener.upstream_ended, how if how != "complete" else "cut", type(error).__name__)
            return
        code, lines, body = refused(status, text, translate.dialect, _retry_after_s(error))
        self._tell(self._listener.upstream_started, code, lines)
        self._tell(self._listener.upstream_bytes, body)
        self._tell(self._listener.upstream_ended, "complete", "")

    def _tell(self, what: Callable[..., None], *words: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the gateway's loop is gone: nobody is left to tell
            self._loop.call_soon_threadsafe(self._hear, what, words)

    def _hear(self, what: Callable[..., None], words: tuple[Any, ...]) -> None:
        if not self._cancelled:
            what(*words)


def _as_chat(asked: dict[str, Any]) -> dict[str, Any]:
    """A Responses body that came to the chat endpoint, as chat; what is no part of the body stays as it is."""
    from litellm.responses.litellm_completion_transformation.transformation import LiteLLMCompletionResponsesConfig

    ours = ("api_key", "api_base", "num_retries", "max_retries", "drop_params", "extra_headers", "timeout", "stream_options")
    named = (*ours, "model", "input", "custom_llm_provider", "stream")
    body = {name: value for name, value in asked.items() if name not in named}
    made = LiteLLMCompletionResponsesConfig.transform_responses_api_request_to_chat_completion_request(
        model=asked["model"],
        input=asked["input"],
        responses_api_request=body,  # type: ignore[arg-type]  # whatever the client sent
        custom_llm_provider=asked["custom_llm_provider"],
        stream=bool(asked.get("stream")),
    )
    return {**made, **{name: asked[name] for name in (*ours, "custom_llm_provider") if name in asked}}


def _without_mcp_gateway() -> ModuleType:
    """Stands where LiteLLM keeps its own MCP gateway, which it asks on every call with tools; its packages are not here."""
    module = ModuleType(_MCP_GATEWAY)
    nothing = SimpleNamespace(should_use_litellm_mcp_gateway=lambda tools: False)
    module.LiteLLM_Proxy_MCP_Handler = nothing  # type: ignore[attr-defined]
    return module


def _how(error: Exception) -> Ended:
    """`complete` where the upstream answered with an error of its own."""
    name = type(error).__name__
    if "Timeout" in name:
        return "timeout"
    if any(type(cause).__name__ in _UNREACHED for cause in _causes(error)):
        return "refused"
    return "complete" if isinstance(getattr(error, "status_code", None), int) and "Connection" not in name else "cut"


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    at: BaseException | None = error
    while at is not None and len(found) < 10:
        found.append(at)
        at = at.__cause__ or at.__context__
    return found


def _retry_after_s(error: Exception) -> float | None:
    own = getattr(error, "litellm_response_headers", None) or {}
    value = own.get("retry-after") or (getattr(getattr(error, "response", None), "headers", None) or {}).get("retry-after")
    try:
        return float(value) if value is not None else None
    except ValueError:
        return None
