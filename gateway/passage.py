"""One accepted request on its way: forward, meter, remember.

Built by the pipeline when a request has been decided; driven by the byte path (`gateway/wire/exchange.py`), which calls it
in the order of that file's diagram. It holds the request's own copy of the configuration, so a reload in mid-answer
changes nothing for it.
"""

from functools import partial

import msgspec
from msgspec.structs import replace

from cache.breakers import set_of
from cache.fingerprint import Fingerprint
from cache.standing import Answered
from cache.threads import observed, remember
from cache.types import ThreadRecord
from gateway import headers
from gateway.books import intent_of
from gateway.breaker import breaker, tools_of
from gateway.budgets.budgets import Held
from gateway.budgets.channels import shown_by
from gateway.budgets.types import Account
from gateway.caution import Caution
from gateway.config.compiled import Snapshot, Upstream
from gateway.diagnoses import question, told
from gateway.dialects.ask import Ask, splice
from gateway.dialects.edits import edits_for, hides_usage, with_effort
from gateway.dialects.endpoints import NAMED, TRANSLATED, must_translate
from gateway.dialects.notice import Insertion
from gateway.dialects.relay import BodyRelay, StreamRelay
from gateway.dialects.sse import KEEPALIVE
from gateway.errors import Refusal, answer, stream_error
from gateway.foresight import Foresight, learn
from gateway.house import House
from gateway.identify import Caller
from gateway.metering.account import account, outcome
from gateway.metering.estimate import Estimate, estimate_before
from gateway.metering.journal import JournalError
from gateway.metering.rebuilt import EXPIRED, MISSED, rebuilt
from gateway.metering.tally import Tally, tally
from gateway.metering.types import Intent, Settlement, Usage, granted_ttl_s
from gateway.story import story
from gateway.upstream import plan
from gateway.upstream.plan import Attempt, Candidate
from gateway.wire.exchange import Answer, Begin, Forward
from gateway.wire.types import Ended, Head, Headers, Send, Translate
from routing.types import Decision

FREE = frozenset(("count_tokens",))
"""Endpoints no vendor bills."""


class RequestPassage:
    """What the stations found out about one request, and what becomes of it."""

    __slots__ = (
        "_relay", "_tally", "account", "answered", "ask", "asked_why", "attempt_now", "body", "breaker", "caller",
        "candidates", "caution", "decision", "dialect", "endpoint", "entered_at", "estimate", "fingerprint", "first_byte_at",
        "foresight", "forwarded_at", "freshness", "head", "held", "hides_usage", "house", "id", "intent", "left",
        "record", "snapshot", "status", "upstream", "wall", "with_upstream",
    )  # fmt: skip

    def __init__(  # noqa: PLR0913 - what four stations found, each by its name
        self,
        *,
        house: House,
        snapshot: Snapshot,
        request_id: str,
        head: Head,
        ask: Ask | None,
        caller: Caller,
        decision: Decision,
        candidates: tuple[Candidate, ...],
        fingerprint: Fingerprint | None,
        record: ThreadRecord | None,
        foresight: Foresight,
        entered_at: float,
        wall: float,
        body: bytes = b"",
        account: Account | None = None,
        left: ThreadRecord | None = None,
        caution: Caution | None = None,
    ) -> None:
        self.house = house
        self.snapshot = snapshot
        self.id = request_id
        self.head = head
        self.ask = ask
        self.body = ask.body if ask is not None else body
        self.caller = caller
        self.decision = decision
        self.candidates = candidates
        self.fingerprint = fingerprint
        self.record = record  # as the thread stands with the model chosen
        self.left = left  # as it was left, perhaps with another
        self.foresight = foresight
        self.freshness = foresight.freshness
        self.caution = caution
        self.entered_at = entered_at
        self.wall = wall
        self.account = account  # the one nearest to its end
        self.held: Held | None = None  # what budgets reserve while this is under way
        self.dialect = ask.dialect if ask is not None else "chat"
        self.endpoint = ask.endpoint if ask is not None else "other"
        self.attempt_now: Attempt = plan.first(candidates, house.circuits, entered_at)
        self.upstream: Upstream = snapshot.upstreams[self.attempt_now.candidate.upstream]
        self.estimate: Estimate = estimate_before(house.prices, self.upstream.provider, self.model_name, self.size,
                                                  record, self.freshness, wall)
        self.breaker = self._breaker()
        self.intent: Intent = intent_of(self)
        """What goes into the books before the upstream is called."""
        self.with_upstream = False
        """An attempt is with the upstream, whose outcome is not known."""
        self.status = 0
        self.answered = False
        self.forwarded_at = 0.0
        self.first_byte_at: float | None = None
        self.hides_usage = False
        self.asked_why = ""  # the upstream that was asked why its cache missed
        self._tally: Tally | None = None
        self._relay: BodyRelay | StreamRelay = BodyRelay(None)

    @property
    def size(self) -> int:
        return len(self.body)

    @property
    def known_tokens(self) -> int:
        """Tokens a warm cache would hold of this thread."""
        return self.record.cached_tokens if self.record is not None else 0

    @property
    def model_name(self) -> str:
        """The model's name at the upstream of the present attempt."""
        return self.attempt_now.candidate.upstream_name

    # forward

    def attempt(self) -> Forward:
        """The first attempt."""
        metrics = self.house.metrics
        if self.endpoint in TRANSLATED:  # an embedding or a count has no prompt cache to predict
            metrics.cache_predicted(self.caller.team, self.upstream.provider, self.freshness.state, self.freshness.idle_s)
        if self.house.keeper is not None:
            self.house.keeper.came(self)
        first = self._forward()
        self.forwarded_at = self.house.monotonic()
        metrics.overhead(self.forwarded_at - self.entered_at)
        return first

    def failed(self, how: Ended, status: int, headers_: Headers, detail: str, now: float) -> Forward | None:
        """The plan's next attempt, or None; the upstream's health is noted either way."""
        failure = plan.failure_of(how, status, headers.retry_after_s(headers_))
        self.house.upstream_did(self.upstream.name, failure, now)
        again = plan.after(
            self.attempt_now,
            failure,
            self.candidates,
            self.snapshot.retry,
            self.house.circuits,
            now,
            self.house.chance(),
        )
        if again is None:
            return None
        self.with_upstream = False
        self.attempt_now = again
        self.upstream = self.snapshot.upstreams[again.candidate.upstream]
        return self._forward()

    def _forward(self) -> Forward:
        upstream = self.upstream
        ask = self.ask
        translate = None
        body = self.body
        self.hides_usage = False
        if ask is not None:
            effort = self.decision.effort
            if must_translate(ask, upstream.dialects):
                translate = Translate(
                    dialect=ask.dialect,
                    speaks="chat" if "chat" in upstream.dialects else "messages",
                    model=self.model_name,
                    base_url=upstream.base_url,
                    key=upstream.key,
                    stream=ask.stream,
                    provider=upstream.provider,
                )
                self.hides_usage = hides_usage(ask)
                body = with_effort(ask, effort) if effort else body
            else:
                edits, self.hides_usage = edits_for(ask, self.model_name, upstream.provider, effort)
                if upstream.diagnostics:
                    edits += question(self)
                body = splice(ask.body, edits) if edits else ask.body
        path = upstream.base_path + self.head.path.removeprefix("/v1")
        send = Send(
            origin=upstream.origin,
            method=self.head.method,
            target=f"{path}?{self.head.query}" if self.head.query else path,
            headers=headers.upstream(self.head, upstream.headers, self.id),
            body=body,
            translate=translate,
        )
        self.with_upstream = True
        return Forward(send=send, after_s=self.attempt_now.after_s)

    def started(self, status: int, headers_: Headers, now: float) -> Begin:
        """The client's head for the upstream's; from here on the meter looks on."""
        self.status, self.answered = status, True
        if status < 500:
            self.house.upstream_did(self.upstream.name, None, now)
        kind, encoded = b"", False
        for name, value in headers_:
            if name == b"content-type":
                kind = kind or value
            elif name == b"content-encoding":
                encoded = encoded or value != b"identity"
        insertion = None
        if status < 400 and not encoded and self.is_metered():
            self._tally = tally(self.dialect)
            insertion = self._insertion()
        asked = self.ask.model if self.ask is not None and self.ask.model != self.model_name else ""
        if kind.startswith(b"text/event-stream"):
            shown = msgspec.json.encode(asked) if asked and self.dialect == "responses" else None
            self._relay = StreamRelay(self._tally, self.hides_usage, shown, insertion)
        else:
            self._relay = BodyRelay(self._tally, insertion)
        lines, length = headers.client(headers_, asked)
        lines += self._story()
        return Begin(status=status, headers=lines, length=None if self._relay.changes else length)

    def _insertion(self) -> Insertion | None:
        """The notice that goes into this answer, where one does."""
        told = self.caution
        if told is None or told.channel != "inline":
            return None
        return Insertion(self.house.notices.make(told.cold.sentence, self.id), self.dialect)

    def relay(self, data: bytes) -> bytes:
        """The client's share of these bytes."""
        if self.first_byte_at is None:
            self.first_byte_at = self.house.monotonic()
        return self._relay.take(data)

    def trailer(self) -> bytes:
        rest = self._relay.rest()
        relay = self._relay
        if self.dialect == "responses" and isinstance(relay, StreamRelay) and not relay.spoke_last and self._tally:
            refusal = Refusal.of("upstream_failed", "the upstream ended the stream without completing the response")
            rest += stream_error(refusal, self.dialect, self.id)
        return rest

    def refuse(self, how: Ended, detail: str) -> Answer:
        """Our own error when no upstream answered."""
        kind = {"timeout": "upstream_timeout", "refused": "upstream_unreachable"}.get(how, "upstream_failed")
        refusal = Refusal.of(kind, f"upstream {self.upstream.name!r}: {detail or how}")
        self.status, lines, body = answer(refusal, self.dialect, self.id)
        return Answer(status=self.status, headers=[*lines, *self._story()], body=body)

    def broken(self, how: Ended) -> bytes:
        relay = self._relay
        if not isinstance(relay, StreamRelay) or not relay.at_boundary:
            return b""
        refusal = Refusal.of("upstream_failed", f"upstream {self.upstream.name!r} broke off in mid-answer ({how})")
        return stream_error(refusal, self.dialect, self.id)

    def keepalive(self) -> bytes:
        relay = self._relay
        if not isinstance(relay, StreamRelay) or not relay.at_boundary or not relay.events or self.endpoint == "other":
            return b""
        return KEEPALIVE[self.dialect]

    def drains(self) -> bool:
        return self.upstream.on_disconnect == "drain" and self.is_metered()

    def is_metered(self) -> bool:
        """Whether it can cost anything."""
        return self.head.method == "POST" and self.endpoint not in FREE

    # meter and remember

    def settle(self, how: str, now: float) -> None:
        """The end of it: count, price, write down, remember. Synchronous, so nothing can cancel it."""
        house = self.house
        if how != "complete":
            self._relay.rest()
        usage = self._usage(how)
        settled = self._settlement(usage, how, now)
        try:
            house.journal.settle(settled)
        except JournalError:
            house.metrics.ledger_error()
        house.inside -= 1
        house.metrics.ended()
        if house.budgets.watches or self.held is not None:
            house.budgets.settle(self.caller, self.held, settled)
        house.afterwards(partial(self._settled, settled, usage, now))

    def _settled(self, settled: Settlement, usage: Usage, now: float) -> None:
        """What is left to do once the books are right: count it for all to see, learn from it, remember it."""
        house = self.house
        house.metrics.settled(self.intent, settled)
        if settled.response_id and self.endpoint in NAMED:
            house.mint(settled.response_id, self.upstream.name, self.caller.team, self.caller.thread)
        if self.fingerprint is not None and self.caller.thread and usage.exact and usage.kinds:
            began = settled.at - (now - self.first_byte_at) if self.first_byte_at is not None else settled.at
            for name in learn(self.foresight, self.record, self.candidates[0], settled, house.forecast, self.wall):
                house.metrics.cache_shifted(house.provider_of(name))
            self._remember(settled, self.fingerprint, usage.input_tokens, began)

    def _breaker(self) -> str:
        if self.freshness.state != "broken" or self.ask is None or self.fingerprint is None:
            return ""
        return breaker(self.freshness, self.ask, self.fingerprint, self.record, self.wall)

    def _usage(self, how: str) -> Usage:
        billable = self.with_upstream and self.is_metered()
        prompt = self.fingerprint is not None
        status = self.status if self.answered else 0  # an error of ours says nothing of what the upstream did, and billed
        return account(self._tally, self._relay, self.dialect, self.size, how, status, billable, prompt)

    def _settlement(self, usage: Usage, how: str, now: float) -> Settlement:
        house = self.house
        at = house.wall()
        priced = house.prices.price(usage, self.upstream.provider, usage.model or self.model_name, at)
        observed_ = "unknown"
        if usage.exact and usage.kinds and self.known_tokens:
            read = usage.kinds.get("cache_read", 0)
            observed_ = observed(self.freshness, self.known_tokens, read, usage.input_tokens)
        ttft = self.first_byte_at
        return Settlement(
            id=self.id,
            at=at,
            outcome=outcome(how, self.status),
            status=self.status,
            kinds=usage.kinds,
            fees=usage.fees,
            picos=priced.picos,
            by_kind=priced.by_kind,
            price_status=priced.status,
            price_reason=priced.reason,
            price_rows=priced.rows,
            exact=usage.exact,
            model=self.attempt_now.candidate.model,
            upstream=self.upstream.name,
            provider=self.upstream.provider,
            served=usage.model,
            tier=usage.tier,
            response_id=usage.response_id,
            attempts=self.attempt_now.number,
            ttft_ms=None if ttft is None else (ttft - self.forwarded_at) * 1000,
            duration_ms=(now - self.entered_at) * 1000,
            bytes_out=self._relay.bytes_out,
            cache_observed=observed_,
            cause=told(self, usage) if usage.diagnosis else "",
        )

    def _remember(self, settled: Settlement, print_: Fingerprint, input_tokens: int, began: float) -> None:
        """What the thread's next request will want to know; only what the provider confirmed is remembered."""
        house, caller = self.house, self.caller
        kinds = settled.kinds
        house.metrics.cache_observed(settled.provider, self.freshness.state, settled.cache_observed)
        self._count_rebuilt(settled)
        read, out = kinds.get("cache_read", 0), kinds.get("output", 0) + kinds.get("reasoning", 0)
        begins_turn, suits = self.foresight.begins_turn, self.decision.suits
        answered = Answered(began, input_tokens, read, out, begins_turn, granted_ttl_s(kinds), suits=suits)
        after = remember(
            self.record,
            thread=caller.thread,
            team=caller.team,
            client=caller.client,
            user=caller.user,
            agent=caller.agent,
            session=caller.session,
            parent=caller.parent,
            route=self.decision.route,
            model=settled.model,
            served=settled.served,
            provider=settled.provider,
            upstream=settled.upstream,
            dialect=self.dialect,
            fingerprint=print_,
            answered=answered,
            window_number=caller.window_number,
            now=settled.at,
            picos=settled.picos or 0,
        )
        if self.upstream.diagnostics:
            after = replace(after, answer_id=settled.response_id)
        if self.record is None or self.record.standing.tools != after.standing.tools:
            after = replace(after, tool_set=set_of(None if self.ask is None else tools_of(self.ask)))
        house.threads.remember(after)
        if house.keeper is not None:
            house.keeper.answered(self, settled, after)

    def _count_rebuilt(self, settled: Settlement) -> None:
        """Money that went into a prompt the provider had cached before."""
        if settled.cache_observed not in MISSED:
            return
        metrics, caller = self.house.metrics, self.caller
        read_rate = self.house.prices.rate(settled.provider, settled.served or self.model_name, "cache_read", settled.at)
        found = rebuilt(
            self.freshness, self.known_tokens, settled.cache_observed, settled.kinds, settled.by_kind, read_rate
        )
        if found is None:
            return
        cause = settled.cause or found.cause
        metrics.rebuilt(caller.team, caller.client, settled.model, cause, found.picos, self.breaker)
        if cause == EXPIRED:
            metrics.stale(caller.team, caller.client)

    def _story(self) -> list[tuple[bytes, bytes]]:
        cold = self.caution.cold if self.caution is not None else None
        model = self.attempt_now.candidate.model
        lines = story(self.id, self.decision, model, self.freshness, self.estimate, cold)
        if self.account is not None:
            lines += shown_by(self.caller.client, self.account)
        return lines
