"""The simulator as an ASGI application: requests in, answers out at a pace, and a control room under `/__sim/`.

Cutting and resetting a connection need its transport, which ASGI does not offer. Under uvicorn the `send` of a request is
a method of an object that has it; under any other server a fault raises instead, which those take as a reason to hang up.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from gateway.simulator import control, envelope
from gateway.simulator.clock import Clock, RunningClock
from gateway.simulator.faults import Fault, parse
from gateway.simulator.generations import PROFILES, Caches, Profile
from gateway.simulator.outline import Piece, encode
from gateway.simulator.prices import PRICES
from gateway.simulator.prompt import Refused
from gateway.simulator.provider import Call, Job, Provider, owner_of
from gateway.simulator.say_responses import whole as whole_response

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

BODY_BYTES_MAX = 64 * 1024 * 1024
"""Twice what vendors take, so that it is the gateway's bound that is tested, not this one."""
JOINED_MAX = 64 * 1024
"""Without a pace, events go out in writes of up to this size, as a vendor's front end would send them."""
ENDPOINTS = {
    "/v1/chat/completions": "chat",
    "/v1/responses": "responses",
    "/v1/messages": "messages",
    "/v1/embeddings": "embeddings",
    "/v1/completions": "completions",
}


class Simulator:
    """One simulated provider behind an ASGI interface."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        assert scope["type"] == "http", "nothing else is offered"
        body = await _body(receive)
        headers = scope["headers"]
        path = scope["path"].replace("/v1/v1/", "/v1/")
        call = Call(scope["method"], path, scope["query_string"], dict(reversed(headers)), body or b"")
        if path.startswith("/__sim/"):
            status, told = control.answer(self.provider, call)
            await _whole(send, status, [(b"content-type", b"application/json")], encode(told))
            return
        self.provider.log.note(self.provider.clock.now(), call.method, path, call.query, headers, call.body)
        try:
            if body is None:
                raise Refused(413, "request_too_large", "the request is too large")
            await self._answer(call, receive, send)
        except Refused as refused:
            await self._refuse(call, send, refused)

    async def _answer(self, call: Call, receive: Receive, send: Send) -> None:
        endpoint = ENDPOINTS.get(call.path) if call.method == "POST" else None
        if endpoint is None:
            name = f"req_{self.provider.new_id()}"
            await _whole(send, 200, envelope.headers(call.headers, call.path, name, False), encode(self._other(call)))
            return
        job = self.provider.take(call, endpoint)
        self.provider.open += 1
        try:
            await Delivery(job, self.provider.pace_s, send).run(receive)
        finally:
            self.provider.open -= 1

    def _other(self, call: Call) -> object:
        """What is not billed: counts, lists and kept responses; refuses what is not there."""
        owner = owner_of(call.headers)
        if (call.method, call.path) == ("POST", "/v1/messages/count_tokens"):
            return {"input_tokens": self.provider.count(call)}
        if call.method == "GET" and call.path == "/v1/models":
            return _models(envelope.speaks_anthropic(call.headers, call.path))
        if call.method == "GET" and call.path in ("/v1/files", "/v1/batches"):
            return {"object": "list", "data": [], "has_more": False}
        return self._kept(call, owner)

    def _kept(self, call: Call, owner: str) -> object:
        """`/v1/responses/{id}` and what hangs below it."""
        prefix, _, rest = call.path.partition("/v1/responses/")
        name, _, below = rest.partition("/")
        stored = self.provider.stored
        outline = stored.outline(owner, name) if not prefix and name else None
        if outline is None:
            raise Refused(404, "invalid_request_error", f"No resource at {call.method} {call.path}.")
        if call.method == "DELETE" and not below:
            stored.drop(owner, name)
            return {"id": name, "object": "response", "deleted": True}
        if below == "input_items":
            data = outline.prompt.echo.get("input", [])
            return {"object": "list", "data": data if isinstance(data, list) else [data], "has_more": False}
        return whole_response(outline)

    async def _refuse(self, call: Call, send: Send, refused: Refused) -> None:
        name = f"req_{self.provider.new_id()}"
        headers = envelope.headers(call.headers, call.path, name, False)
        if refused.retry_after is not None:
            headers.append((b"retry-after", b"%g" % refused.retry_after))
        await _whole(send, refused.status, headers, envelope.error(call.headers, call.path, name, refused))


class Delivery:
    """One answer on its way out. However it ends, it is settled once, with what had been generated by then."""

    def __init__(self, job: Job, pace_s: float, send: Send) -> None:
        self._job = job
        self._pace_s = pace_s
        self._send = send
        self._fault = job.fault or Fault("")
        self._generated = 0
        self._reported = False
        self._sent = 0
        self._limit = _limit(job)

    async def run(self, receive: Receive) -> None:
        """Deliver until the end, the fault, or until the client has left."""
        outcome = "gone"
        gone = asyncio.ensure_future(_disconnected(receive))
        try:
            work = asyncio.ensure_future(self._deliver())
            await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                outcome = work.result()
            else:
                work.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await work
        finally:
            gone.cancel()
            if self._job.settle is not None:
                self._job.settle(self._generated, self._reported, outcome)

    async def _deliver(self) -> str:
        """Send all pieces; the outcome for the bill."""
        job = self._job
        if self._fault.kind == "reset":
            self._hang_up(hard=True)
            return "cut"
        if not job.streams:
            await asyncio.sleep(self._pace_s * job.pieces[-1][1])
        await self._begin()
        for data, generated, reported in self._paced():
            if self._pace_s and job.streams:
                await asyncio.sleep(self._pace_s * (generated - self._generated))
            if self._fault.kind == "slow":
                await asyncio.sleep(self._fault.pause_s)
            if not await self._write(data):
                return "cut"
            self._generated, self._reported = generated, reported
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        return "finished"

    def _paced(self) -> list[Piece]:
        """The pieces as they are written: one by one at a pace or under a fault, else joined."""
        if self._pace_s or self._job.fault is not None or len(self._job.pieces) == 1:
            return self._job.pieces
        joined: list[Piece] = []
        parts: list[bytes] = []
        size = 0
        for data, generated, reported in self._job.pieces:
            parts.append(data)
            size += len(data)
            if size >= JOINED_MAX:
                joined.append((b"".join(parts), generated, reported))
                parts, size = [], 0
        if parts:
            joined.append((b"".join(parts), generated, reported))
        return joined

    async def _begin(self) -> None:
        job = self._job
        headers = list(job.headers)
        if not job.streams:
            headers.append((b"content-length", b"%d" % sum(len(data) for data, _, _ in job.pieces)))
        await self._send({"type": "http.response.start", "status": job.status, "headers": headers})
        if job.begun is not None:
            job.begun()

    async def _write(self, data: bytes) -> bool:
        """Write one piece, whole or as far as the fault lets it; False when the fault has ended the answer."""
        if self._limit is not None and self._sent + len(data) > self._limit:
            head = data[: self._limit - self._sent]
            await self._send({"type": "http.response.body", "body": head, "more_body": True})
            if self._fault.kind == "cut":
                await asyncio.sleep(0)  # let the bytes go before the connection does
                self._hang_up(hard=False)
                return False
            await asyncio.sleep(self._fault.pause_s)
            data, self._limit = data[len(head) :], None
        for part in _inside_a_character(data) if self._fault.kind == "split_utf8" else (data,):
            await self._send({"type": "http.response.body", "body": part, "more_body": True})
            if self._fault.kind == "split_utf8":
                await asyncio.sleep(0.001)  # so that the parts leave in packets of their own
        self._sent += len(data)
        return True

    def _hang_up(self, hard: bool) -> None:
        """Break the connection: with a reset, or so that what was written still arrives."""
        transport = getattr(getattr(self._send, "__self__", None), "transport", None)
        if transport is None:
            raise ConnectionAbortedError("simulated fault")
        if hard:
            transport.abort()
        else:
            transport.close()


def create(
    profile: Profile = "mixed",
    *,
    seed: int = 0,
    pace_s: float = 0.0,
    clock: Clock | None = None,
    faults: str = "",
    **caches: Any,
) -> Simulator:
    """A simulated provider. `pace_s` are seconds per generated token, `faults` as in `gateway.simulator.faults.parse`,
    `caches` what `Caches` takes (`slack_s`, `afterlife_s`, `retention`). Raises ValueError for a wrong word.
    """
    if profile not in PROFILES:
        raise ValueError(f"unknown profile {profile!r}; there are {', '.join(PROFILES)}")
    clock = clock or RunningClock()
    provider = Provider(profile, seed, clock, pace_s, Caches(clock, seed, **caches))
    for fault in parse(faults) if faults else ():
        provider.faults.add(fault)
    return Simulator(provider)


def _limit(job: Job) -> int | None:
    """Bytes that get through before a fault strikes."""
    fault = job.fault
    if fault is None or fault.kind not in ("cut", "stall"):
        return None
    if fault.after_bytes is not None:
        return fault.after_bytes
    return sum(len(data) for data, _, _ in job.pieces) // 2


def _inside_a_character(data: bytes) -> list[bytes]:
    """The bytes cut after the first byte of every multi-byte character."""
    parts = []
    start = 0
    for place, byte in enumerate(data):
        if byte >= 0xC0:
            parts.append(data[start : place + 1])
            start = place + 1
    parts.append(data[start:])
    return parts


def _models(anthropic: bool) -> object:
    names = [name for name in PRICES if name.startswith("claude-") is anthropic]
    if anthropic:
        data = [{"type": "model", "id": name, "display_name": name, "created_at": "2026-01-01T00:00:00Z"} for name in names]
        return {"data": data, "has_more": False, "first_id": names[0], "last_id": names[-1]}
    return {"object": "list", "data": [{"id": name, "object": "model", "created": 0, "owned_by": "sim"} for name in names]}


async def _whole(send: Send, status: int, headers: envelope.Headers, body: bytes) -> None:
    lines = [*headers, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": body})


async def _body(receive: Receive) -> bytes | None:
    """The request's body, None when it is too large."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        parts.append(part)
        if size > BODY_BYTES_MAX:
            parts.clear()
        if not message.get("more_body", False):
            return b"".join(parts) if size <= BODY_BYTES_MAX else None


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


