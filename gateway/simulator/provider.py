"""The provider itself: takes one request, decides everything about its answer, and writes the bill when it is over."""

import hashlib
import time
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import msgspec
from msgspec import Struct

from gateway.simulator import answer as answers
from gateway.simulator import (
    envelope,
    read_chat,
    read_messages,
    read_responses,
    say_chat,
    say_embeddings,
    say_messages,
    say_responses,
)
from gateway.simulator.answer import Answer
from gateway.simulator.bill import Bill, Row
from gateway.simulator.clock import Clock
from gateway.simulator.diagnostics import Shapes
from gateway.simulator.faults import Fault, Standing, parse
from gateway.simulator.generations import Caches, Profile, has_breakpoints
from gateway.simulator.journal import Journal
from gateway.simulator.outline import DELTA_TOKENS, Outline, Piece, encode
from gateway.simulator.prices import PRICES, Price, charge, charged
from gateway.simulator.prompt import Prompt, Refused
from gateway.simulator.stored import Stored
from gateway.simulator.verdict import Verdict

PACE_MAX_S = 60.0
"""Seconds per token; slower than anything that still counts as answering."""
_decode = msgspec.json.Decoder().decode


class Call(Struct, frozen=True):
    """One request as it arrived, header names in lower case."""

    method: str
    path: str
    query: bytes
    headers: Mapping[bytes, bytes]
    body: bytes


class Job(Struct):
    """One answer to be delivered, and what to do when it begins and ends."""

    status: int
    headers: envelope.Headers
    pieces: list[Piece]
    streams: bool = False
    fault: Fault | None = None
    begun: Callable[[], None] | None = None
    """To be called once, with the first byte."""
    settle: Callable[[int, bool, str], None] | None = None
    """To be called once at the end with tokens generated, usage reported, outcome; None for what is not billed."""


class Provider:
    """State of one simulated provider: its bill, its prompt caches, its log, its waiting faults."""

    def __init__(self, profile: Profile, seed: int, clock: Clock, caches: Mapping[str, Any]) -> None:
        """`caches` is what `Caches` takes; raises ValueError for a seed or a cache setting that cannot be."""
        self.profile = profile
        self.clock = clock
        self.pace_s = 0.0
        """Seconds between two generated tokens."""
        self.cache = Caches(clock, _seed(seed), **caches)
        self.bill = Bill()
        self.prices: dict[str, Price] = dict(PRICES)
        self.log = Journal()
        self.faults = Standing(Random(seed))
        self.stored = Stored()
        self.open = 0
        """Billed requests being answered right now."""
        self._seed = seed
        self._shapes = Shapes()
        self._count = 0
        # Ids must not repeat when the simulator is restarted under a client that remembers them.
        self._run = f"{time.time_ns() & 0xFFFFFFFFFF:010x}"

    def reseed(self, seed: int) -> None:
        """Start all chances over from this seed; what was cached, billed or waits to fail stays."""
        self._seed = _seed(seed)
        self.cache.reseed(seed)
        self.faults.reseed(seed)

    def set_pace(self, seconds_per_token: float) -> None:
        """From now on generate at this pace, 0 for as fast as possible; raises ValueError for what is no pace."""
        if not 0 <= seconds_per_token <= PACE_MAX_S:
            raise ValueError(f"a pace is between 0 and {PACE_MAX_S:g} seconds per token")
        self.pace_s = seconds_per_token

    def reset(self) -> None:
        """Be as new: empty caches, bill, journal and store, no faults, all chances from the seed. The clock goes on."""
        self.cache.evict()
        self.bill.clear()
        self.prices = dict(PRICES)
        self.log.clear()
        self.faults.clear()
        self.stored.clear()
        self._shapes.clear()
        self.reseed(self._seed)

    def new_id(self) -> str:
        """A fresh identifier without a prefix."""
        self._count += 1
        return f"{self._run}{self._count:010x}"

    def take(self, call: Call, endpoint: str) -> Job:
        """Decide the answer to a billed request; raises `Refused` for an error answer."""
        owner = owner_of(call.headers)
        body = _body(call.body)
        fault = self._fault(call, str(body.get("model", "")))
        if fault is not None and fault.status is not None:
            text = f"simulated fault: {fault.kind}"
            raise Refused(fault.status, "server_error", text, retry_after=fault.retry_after)
        if endpoint == "embeddings":
            return self._embeddings(call, owner, read_chat.read_embedding(body))
        prompt = self._read(endpoint, body, owner)
        verdict, paid_writes = self._look(endpoint, prompt, owner)
        spoken = answers.answer(
            prompt,
            self._seed,
            _number(call.headers, b"x-simulate-output-tokens"),
            _number(call.headers, b"x-simulate-reasoning-tokens") or 0,
            fault is not None and fault.kind == "split_utf8",
        )
        outline = self._outline(endpoint, prompt, verdict, spoken, paid_writes, owner)
        if endpoint == "responses":
            self.stored.keep(owner, outline, len(call.body))
        if fault is not None and fault.kind == "no_usage":
            outline = msgspec.structs.replace(outline, reports=False)
        if fault is not None and fault.kind == "no_cached_tokens":
            outline = msgspec.structs.replace(outline, hides_cache=True)
        return self._job(call, endpoint, owner, outline, verdict, fault)

    def count(self, call: Call) -> int:
        """Input tokens of a Messages request, for nothing."""
        return read_messages.read({"max_tokens": 1, **_body(call.body)}).total_tokens

    def _read(self, endpoint: str, body: Mapping[str, object], owner: str) -> Prompt:
        if endpoint == "messages":
            if body.get("max_tokens") is None:
                raise Refused(400, "invalid_request_error", "max_tokens: Field required")
            return read_messages.read(body)
        if endpoint == "chat":
            return read_chat.read(body)
        if endpoint == "completions":
            return read_chat.read_completion(body)
        previous = body.get("previous_response_id")
        earlier = self.stored.blocks(owner, previous) if isinstance(previous, str) else ()
        if earlier is None:
            message = f"Previous response with id '{previous}' not found."
            raise Refused(400, "invalid_request_error", message, "previous_response_not_found")
        return read_responses.read(body, earlier)

    def _look(self, endpoint: str, prompt: Prompt, owner: str) -> tuple[Verdict, bool]:
        """How the input splits, and whether this model bills cache writes the way OpenAI does."""
        if endpoint == "messages":
            return self.cache.anthropic.look(prompt, owner), False
        if endpoint == "completions":
            return Verdict(prompt.total_tokens), False
        if self.profile == "anthropic":
            return Verdict(prompt.total_tokens), False  # its OpenAI-compatible endpoint caches nothing
        if has_breakpoints(prompt.model, self.profile):
            return self.cache.breakpoints.look(prompt, owner), True
        return self.cache.machines.look(prompt, owner), False

    def _outline(
        self, endpoint: str, prompt: Prompt, verdict: Verdict, spoken: Answer, paid_writes: bool, owner: str
    ) -> Outline:
        name = {"messages": "msg_", "chat": "chatcmpl-", "completions": "cmpl-"}.get(endpoint, "resp_") + self.new_id()
        explain = self._shapes.anthropic if endpoint == "messages" else self._shapes.openai
        outline = Outline(
            id=name,
            created=int(self.clock.now()),
            prompt=prompt,
            answer=spoken,
            kinds=_with_output(verdict.kinds, spoken, spoken.output_tokens),
            paid_writes=paid_writes,
            diagnostics=explain(prompt, owner, verdict.read) if prompt.compare else None,
            delta_tokens=1 if self.pace_s else DELTA_TOKENS,
        )
        self._shapes.keep(name, owner, prompt)
        return outline

    def _job(
        self, call: Call, endpoint: str, owner: str, outline: Outline, verdict: Verdict, fault: Fault | None
    ) -> Job:
        streams = outline.prompt.stream
        whole, stream = _WRITERS[endpoint]
        total = outline.answer.output_tokens
        pieces = stream(outline) if streams else [(encode(whole(outline)), total, outline.reports)]

        def settle(generated: int, reported: bool, outcome: str) -> None:
            kinds = _with_output(verdict.kinds, outline.answer, generated)
            self._charge(call, endpoint, owner, outline.prompt.model, outline.id, kinds, reported, outcome)

        heads = envelope.headers(call.headers, call.path, f"req_{self.new_id()}", streams)
        return Job(200, heads, pieces, streams, fault, verdict.commit, settle)

    def _embeddings(self, call: Call, owner: str, prompt: Prompt) -> Job:
        kinds = {"input_uncached": prompt.total_tokens}
        piece = (encode(say_embeddings.whole(prompt)), 0, True)
        name = f"embd-{self.new_id()}"

        def settle(generated: int, reported: bool, outcome: str) -> None:
            self._charge(call, "embeddings", owner, prompt.model, name, kinds, reported, outcome)

        heads = envelope.headers(call.headers, call.path, f"req_{self.new_id()}", False)
        return Job(200, heads, [piece], settle=settle)

    def _charge(
        self,
        call: Call,
        endpoint: str,
        owner: str,
        model: str,
        answer_id: str,
        kinds: Mapping[str, int],
        reported: bool,
        outcome: str,
    ) -> None:
        request_id = call.headers.get(b"x-pointsman-request-id")
        self.bill.add(
            Row(
                id=answer_id,
                key=owner,
                model=model,
                endpoint=endpoint,
                kinds=kinds,
                picos=charge(model, kinds, self.prices),
                by_kind=charged(model, kinds, self.prices),
                reported=reported,
                outcome=outcome,
                at=self.clock.now(),
                request_id=None if request_id is None else request_id.decode("latin-1"),
            )
        )

    def _fault(self, call: Call, model: str) -> Fault | None:
        asked = call.headers.get(b"x-simulate-fault")
        if asked is None:
            return self.faults.next_for(model)
        try:
            return parse(asked.decode("latin-1"))[0]
        except ValueError as error:
            raise Refused(400, "invalid_request_error", f"x-simulate-fault: {error}") from None


_WRITERS: Mapping[str, tuple[Callable[[Outline], dict[str, object]], Callable[[Outline], list[Piece]]]] = {
    "chat": (say_chat.whole, say_chat.stream),
    "completions": (say_chat.whole_completion, say_chat.stream_completion),
    "responses": (say_responses.whole, say_responses.stream),
    "messages": (say_messages.whole, say_messages.stream),
}


def owner_of(headers: Mapping[bytes, bytes]) -> str:
    """Whose account a request is on: a digest of its key and workspace; refuses a request without a key."""
    key = headers.get(b"x-api-key") or headers.get(b"authorization", b"").removeprefix(b"Bearer ")
    if not key.strip():
        raise Refused(401, "authentication_error", "no API key was provided", "invalid_api_key")
    workspace = headers.get(b"x-simulate-workspace", b"")
    return hashlib.sha256(key + workspace).hexdigest()[:12]


def _seed(seed: int) -> int:
    """The seed if it fits into the eight bytes that answers are drawn from."""
    if not -(2**63) <= seed < 2**63:
        raise ValueError("a seed is a whole number of at most 64 bits")
    return seed


def _with_output(kinds: Mapping[str, int], spoken: Answer, generated: int) -> dict[str, int]:
    """Input kinds plus what was generated so far; reasoning comes before the text."""
    reasoning = min(generated, spoken.reasoning)
    made = {"output": generated - reasoning, "reasoning": reasoning}
    return {**kinds, **{kind: tokens for kind, tokens in made.items() if tokens}}


def _body(raw: bytes) -> Mapping[str, object]:
    try:
        body = _decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refused(400, "invalid_request_error", "We could not parse the JSON body of your request.") from None
    if not isinstance(body, dict):
        raise Refused(400, "invalid_request_error", "The request body must be a JSON object.")
    return body


def _number(headers: Mapping[bytes, bytes], name: bytes) -> int | None:
    value = headers.get(name)
    if value is None:
        return None
    if not value.isdigit():
        raise Refused(400, "invalid_request_error", f"{name.decode()} must be a whole number")
    return min(int(value), answers.TOKENS_MAX)
