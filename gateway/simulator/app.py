"""The simulator as an ASGI application: requests in, answers out, and a control room under `/__sim/`."""

from collections.abc import Mapping
from typing import Any

from gateway.simulator import admin, control, envelope
from gateway.simulator.clock import Clock, RunningClock
from gateway.simulator.delivery import Delivery, Message, Receive, Send
from gateway.simulator.faults import parse
from gateway.simulator.generations import PROFILES, Profile, serves
from gateway.simulator.outline import Outline, encode
from gateway.simulator.prices import PRICES
from gateway.simulator.prompt import Refused, listing, mapping
from gateway.simulator.provider import Call, Provider, owner_of
from gateway.simulator.say_responses import whole as whole_response

BODY_BYTES_MAX = 64 * 1024 * 1024
"""Twice what vendors take, so that it is the gateway's bound that is tested, not this one."""
ENDPOINTS = {
    "/v1/chat/completions": "chat",
    "/v1/responses": "responses",
    "/v1/messages": "messages",
    "/v1/embeddings": "embeddings",
    "/v1/completions": "completions",
}
_LISTS = ("/v1/files", "/v1/batches")


class Simulator:
    """One simulated provider behind an ASGI interface."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        assert scope["type"] == "http", "nothing else is offered"
        body = await _body(receive)
        if body is None:
            return
        headers = scope["headers"]
        path = scope["path"].replace("/v1/v1/", "/v1/")
        call = Call(scope["method"], path, scope["query_string"], dict(reversed(headers)), body)
        if path.startswith("/__sim/"):
            status, told = control.answer(self.provider, call)
            await _whole(send, status, [(b"content-type", b"application/json")], encode(told))
            return
        self.provider.log.note(self.provider.clock.now(), call.method, path, call.query, headers, body)
        try:
            await self._answer(call, receive, send)
        except Refused as refused:
            await self._refuse(call, send, refused)
        except RecursionError:  # before anything was sent: only reading and writing JSON goes deep
            await self._refuse(call, send, Refused(400, "invalid_request_error", "The request is nested too deeply."))

    async def _answer(self, call: Call, receive: Receive, send: Send) -> None:
        if len(call.body) > BODY_BYTES_MAX:
            raise Refused(413, "request_too_large", "the request is too large")
        if not serves(self.provider.profile, call.path):
            raise _nothing_at(call)
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
        if call.method == "GET" and (report := admin.report(self.provider, call)) is not None:
            return report
        owner = owner_of(call.headers)
        if (call.method, call.path) == ("POST", "/v1/messages/count_tokens"):
            return {"input_tokens": self.provider.count(call)}
        if call.path == "/v1/responses":
            # Codex falls back to plain HTTP at once on this status, and only after several tries on any other.
            raise Refused(426, "invalid_request_error", "There is no WebSocket here; POST instead.")
        if call.method == "GET" and (call.path + "/").startswith("/v1/models/"):
            anthropic = self.provider.profile == "anthropic" or envelope.speaks_anthropic(call.headers, call.path)
            return _models(anthropic, call)
        if call.method == "GET" and call.path in _LISTS:
            return {"object": "list", "data": [], "has_more": False}
        return self._kept(call, owner)

    def _kept(self, call: Call, owner: str) -> object:
        """`/v1/responses/{id}` and what hangs below it."""
        prefix, _, rest = call.path.partition("/v1/responses/")
        name, _, below = rest.partition("/")
        stored = self.provider.stored
        outline = stored.outline(owner, name) if not prefix and name else None
        if outline is None:
            raise _nothing_at(call)
        if (call.method, below) == ("DELETE", ""):
            stored.drop(owner, name)
            return {"id": name, "object": "response", "deleted": True}
        if (call.method, below) == ("GET", "input_items"):
            return _input_items(outline)
        if (call.method, below) in (("GET", ""), ("POST", "cancel")):
            return whole_response(outline)
        raise _nothing_at(call)

    async def _refuse(self, call: Call, send: Send, refused: Refused) -> None:
        name = f"req_{self.provider.new_id()}"
        headers = envelope.headers(call.headers, call.path, name, False)
        if refused.retry_after is not None:
            headers.append((b"retry-after", b"%g" % refused.retry_after))
        await _whole(send, refused.status, headers, envelope.error(call.headers, call.path, name, refused))


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
    `caches` what `Caches` takes (`slack_s`, `afterlife_s`, `retention`). Raises ValueError for a wrong word or number.
    """
    if profile not in PROFILES:
        raise ValueError(f"unknown profile {profile!r}; there are {', '.join(PROFILES)}")
    provider = Provider(profile, seed, clock or RunningClock(), caches)
    provider.set_pace(pace_s)
    for fault in parse(faults) if faults else ():
        provider.faults.add(fault)
    return Simulator(provider)


def _nothing_at(call: Call) -> Refused:
    return Refused(404, "invalid_request_error", f"No resource at {call.method} {call.path}.")


def _models(anthropic: bool, call: Call) -> Mapping[str, object]:
    """The list of models that have a price here, or the one the path names."""
    names = [name for name in PRICES if name.startswith("claude-") is anthropic]
    wanted = call.path.removeprefix("/v1/models").strip("/")
    if wanted:
        if wanted not in names:
            raise _nothing_at(call)
        return _model(anthropic, wanted)
    data = [_model(anthropic, name) for name in names]
    if anthropic:
        return {"data": data, "has_more": False, "first_id": names[0], "last_id": names[-1]}
    return {"object": "list", "data": data}


def _model(anthropic: bool, name: str) -> Mapping[str, object]:
    if anthropic:
        return {"type": "model", "id": name, "display_name": name, "created_at": "2026-01-01T00:00:00Z"}
    return {"id": name, "object": "model", "created": 1_767_225_600, "owned_by": "simulator"}


def _input_items(outline: Outline) -> Mapping[str, object]:
    """What a kept response was asked, each item with an id."""
    given = outline.prompt.echo.get("input")
    if isinstance(given, str):
        given = [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": given}]}]
    tail = outline.id.removeprefix("resp_")
    data = [{"id": f"item_{tail}_{place}", **mapping(one)} for place, one in enumerate(listing(given))]
    ids = [one["id"] for one in data] or [None]
    return {"object": "list", "data": data, "has_more": False, "first_id": ids[0], "last_id": ids[-1]}


async def _whole(send: Send, status: int, headers: envelope.Headers, body: bytes) -> None:
    lines = [*headers, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": body})


async def _body(receive: Receive) -> bytes | None:
    """The request's body, one that is too large cut off just above the bound; None when the client left over it."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part = message.get("body", b"")
        if size <= BODY_BYTES_MAX:
            parts.append(part[: BODY_BYTES_MAX + 1 - size])
            size += len(parts[-1])
        if not message.get("more_body", False):
            return b"".join(parts)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
