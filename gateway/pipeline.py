"""The line: seven stations in order, no way back. Read this file first.

    parse → identify → classify → decide → forward → meter → remember

`Pipeline.enter` takes a request through the first four and hands back a passage, which holds what they found; the passage
(`gateway/passage.py`) forwards, meters and remembers while the answer passes. Nothing here waits for anything.
"""

import logging
from collections.abc import Callable

import msgspec

from cache.fingerprint import Fingerprint
from cache.freshness import assess
from cache.providers import rules_for
from cache.types import Freshness, ThreadRecord
from cache.visits import with_model
from gateway.acquaintance import Acquaintance, Choice, owner_of
from gateway.budgets.budgets import Spent
from gateway.budgets.ease import eased
from gateway.budgets.rates import TooFast
from gateway.budgets.refusals import too_fast, used_up
from gateway.caution import caution
from gateway.config.compiled import Model, Snapshot
from gateway.dialects.ask import Ask, Endpoint, NotReadable, read
from gateway.dialects.endpoints import TRANSLATABLE, TRANSLATED, endpoint_of
from gateway.dialects.signals import signals
from gateway.dialects.turn import is_persons
from gateway.errors import Refusal, Refused, answer
from gateway.foresight import Foresight, foreseen
from gateway.gate import asks_by_rule, asks_first
from gateway.hinted import as_told
from gateway.house import House
from gateway.identify import Caller, identify
from gateway.metering.journal import JournalError
from gateway.metering.resume import resume_cost
from gateway.metering.types import PICOS_PER_USD
from gateway.passage import RequestPassage
from gateway.passthrough import owner
from gateway.scales import Turn, scales_for
from gateway.upstream.plan import Candidate
from gateway.wire.encoding import NotDecodable, TooLarge, decode
from gateway.wire.exchange import Answer, Passage
from gateway.wire.types import Head
from routing.classify import classify
from routing.decide import decide
from routing.stay import Scales
from routing.types import Asked, Decision, Dialect, Past, Pin, Signals, Workload

CACHED = ("warm", "cooling")
"""States in which a prompt is expected to be read from the cache."""
BUSY_WAIT_S = 1.0
"""What a client is asked to wait when the gateway is full or going down: Codex hangs silently on long waits."""

_log = logging.getLogger("pointsman.line")


class Pipeline:
    """The stations of one house, in order."""

    def __init__(self, house: House) -> None:
        self.house = house

    def enter(self, head: Head, body: bytes, now: float) -> Passage | Answer:
        """Take a request to the point where it can be forwarded, or answer it here."""
        house = self.house
        snapshot = house.live.current
        request_id = house.ids.new(house.wall())
        endpoint, dialect = endpoint_of(head.method, head.path, head.first)
        try:
            met = self._admit(head, snapshot)
            body = _plain(head, body, snapshot)
            if endpoint == "other":
                return self._pass_through(request_id, head, body, dialect, met, snapshot, now)
            ask = _readable(body, endpoint, dialect)
            if house.notices.ever or snapshot.warnings_of(met.owner.team).inline:
                ask = house.notices.without(ask)
            caller = identify(head, ask, met.owner.team, met.owner.key_id, met.named)
            return self._route(request_id, head, ask, caller, met, snapshot, now)
        except Refused as no:
            refusal = no.refusal
        except Exception as error:  # a fault of ours in one request must not take the connection's other requests along
            _log.exception("request %s: %s", request_id, type(error).__name__)
            refusal = Refusal.of("bug", f"the gateway failed on this request; its log has it under {request_id}")
        house.metrics.refused(refusal.kind, refusal.status)
        status, headers, content = answer(refusal, dialect, request_id)
        return Answer(status=status, headers=headers, body=content)

    def _route(
        self, request_id: str, head: Head, ask: Ask, caller: Caller, met: Acquaintance, snapshot: Snapshot, now: float
    ) -> Passage | Answer:
        """Classify and decide, then say what the cache makes of it."""
        house = self.house
        wall = house.wall()
        print_ = house.prefixes.fingerprint(caller.team, caller.thread, ask.dialect, ask.fields, ask.body)
        caller = rooted(threaded(caller, ask.dialect, print_, house), house)
        record = house.threads.recall(caller.thread, caller.team) if caller.thread else None
        parent = origin(caller, house)
        choice = met.choice(ask, caller)
        if choice is None:
            choice = Choice(considered(head, ask, caller, print_, record or parent, snapshot, wall, house))
        decision = choice.decision
        standing = house.budgets.standing(caller, wall)
        if standing.accounts:
            decision = eased(decision, standing, ask.dialect, snapshot.policy)
        if decision.question and self._must_ask(decision, ask, caller, print_):
            asking = asks_by_rule(decision.question, ask, caller.client, request_id)
            house.metrics.refused("rule_asks", asking.status)
            return asking
        candidates = choice.candidates if decision is choice.decision else ()
        if not candidates:
            candidates = servable(decision, ask, caller, snapshot)
            if decision is choice.decision:
                met.keep(ask, caller, Choice(decision, candidates))
        there = None if record is None else with_model(record, candidates[0].model)
        foresight = foreseen(there, parent, print_, ask, candidates[0], snapshot, house.forecast, wall)
        foresight = as_told(foresight, there, caller, head.first)
        house.metrics.decided(decision.route, decision.source, decision.reasons[0].word, house.monotonic() - now)
        for shadow in decision.shadows:
            house.metrics.shadowed(shadow.rule, shadow.differs(decision))
        if record is not None and record.route and decision.route and record.route != decision.route:
            house.metrics.switched(record.route, decision.route, decision.source)
        told = caution(record if there is record else None, foresight.freshness, head, ask, caller, print_, house, wall)
        if told is not None and told.channel == "ask_first":
            asking = asks_first(told.cold, ask, caller.client, request_id)
            house.metrics.refused("cold_resume", asking.status)
            return asking
        passage = RequestPassage(
            house=house,
            snapshot=snapshot,
            request_id=request_id,
            head=head,
            ask=ask,
            caller=caller,
            decision=decision,
            candidates=candidates,
            fingerprint=print_,
            record=there,
            left=record,
            foresight=foresight,
            entered_at=now,
            wall=wall,
            account=standing.fullest,
            caution=told,
        )
        return self.admitted(passage, snapshot)

    def _must_ask(self, decision: Decision, ask: Ask, caller: Caller, print_: Fingerprint) -> bool:
        """Whether a rule's question is put now: to a person who has just said something, and once for each prompt."""
        return (
            caller.agent == "main"
            and is_persons(ask, print_.sizes)
            and self.house.asks(decision.asked_by, print_.digests[-1], caller.team)
        )

    def _pass_through(
        self, request_id: str, head: Head, body: bytes, dialect: Dialect, met: Acquaintance, snapshot: Snapshot, now: float
    ) -> Passage:
        """Everything under /v1 that is not a dialect goes untouched to the upstream that owns it."""
        house = self.house
        owned = owner(head, body, dialect, snapshot, house.minted_by)
        if owned is None:
            raise Refused(Refusal.of("unknown_path", f"no upstream serves {head.path[:100]}"))
        by = met.owner
        unread = Caller(team=by.team, key_id=by.key_id)
        passage = RequestPassage(
            house=house,
            snapshot=snapshot,
            request_id=request_id,
            head=head,
            ask=owned.ask,
            body=body,
            caller=identify(head, owned.ask, by.team, by.key_id, met.named) if owned.ask is not None else unread,
            decision=owned.decision,
            candidates=(owned.candidate,),
            fingerprint=None,
            record=None,
            foresight=Foresight(freshness=Freshness(state="unknown", reason="not_a_prompt")),
            entered_at=now,
            wall=house.wall(),
        )
        return self.admitted(passage, snapshot)

    def _admit(self, head: Head, snapshot: Snapshot) -> Acquaintance:
        """Whose request this is, by its head. Keys are checked before anything of the body is looked at."""
        house = self.house
        if house.draining:
            raise Refused(Refusal.of("draining", "the gateway is shutting down", retry_after_s=BUSY_WAIT_S))
        if house.full(snapshot.limits.inflight):
            raise Refused(Refusal.of("busy", "too many requests are under way", retry_after_s=BUSY_WAIT_S))
        letterhead = head.letterhead
        known = letterhead.known if letterhead is not None else None
        if isinstance(known, Acquaintance) and known.holds(snapshot, house.keys):
            return known
        met = Acquaintance(head, owner_of(head, snapshot, house.keys), snapshot, house.keys)
        if letterhead is not None:
            letterhead.known = met
        return met

    def admitted(self, passage: RequestPassage, snapshot: Snapshot) -> Passage:
        """Hold for what it may cost, then write the intent; from here on the request is in the books."""
        if self.house.budgets.watches:
            self._hold(passage)
        try:
            self.house.journal.intent(passage.intent)
        except JournalError as error:
            self.house.metrics.ledger_error()
            if snapshot.ledger_on_error == "refuse":
                if passage.held is not None:
                    self.house.budgets.release(passage.held)
                refusal = Refusal.of("busy", "the ledger cannot be written", retry_after_s=BUSY_WAIT_S)
                raise Refused(refusal) from error
        self.house.inside += 1
        self.house.metrics.started()
        return passage

    def _hold(self, passage: RequestPassage) -> None:
        """Reserve in every budget it falls under; what costs nothing needs none."""
        if not passage.is_metered():
            return
        caller, wall = passage.caller, passage.wall
        try:
            passage.held = self.house.budgets.hold(caller, passage.estimate, passage.model_name, wall)
        except Spent as no:
            raise Refused(used_up(no.account, caller.client, wall)) from None
        except TooFast as no:
            raise Refused(too_fast(no)) from None


class Look:
    """What a request looks like, worked out once and only when something depends on it."""

    __slots__ = ("_ask", "_caller", "_print", "_signals", "_workload")

    def __init__(self, ask: Ask, caller: Caller, print_: Fingerprint) -> None:
        self._ask = ask
        self._caller = caller
        self._print = print_
        self._signals: Signals | None = None
        self._workload: Workload | None = None

    def signals(self) -> Signals:
        if self._signals is None:
            self._signals = signals(self._ask, self._print.turns)
        return self._signals

    def workload(self) -> Workload:
        if self._workload is None:
            caller = self._caller
            self._workload = classify(self.signals(), caller.agent, caller.client, caller.request_kind)
        return self._workload


def threaded(caller: Caller, dialect: Dialect, print_: Fingerprint, house: House | None) -> Caller:
    """The caller with a thread: where the client names none, the response it continues does, else what was said."""
    if caller.continues and house is not None:
        thread = house.thread_of(caller.continues, caller.team)
        if thread is not None:
            return msgspec.structs.replace(caller, thread=thread, rule="previous_response")
    if caller.thread or caller.rule != "content_chain" or not (first := print_.first_turn):
        return caller
    return msgspec.structs.replace(caller, thread=f"chain:{dialect}:{first.hex()}")


def rooted(caller: Caller, house: House) -> Caller:
    """The caller with its tree's session: of a worker's worker some programs name only the worker that started it."""
    if not caller.parent or caller.rule != "session_header":
        return caller
    parent = house.threads.recall(caller.parent, caller.team)
    if parent is None or not parent.session or parent.session == caller.session:
        return caller
    return msgspec.structs.replace(caller, session=parent.session)


def origin(caller: Caller, house: House | None) -> ThreadRecord | None:
    """What is remembered of the thread this one was forked from: it shares the prompt, so it shares the model."""
    return house.threads.recall(caller.forked_from, caller.team) if house is not None and caller.forked_from else None


def considered(
    head: Head,
    ask: Ask,
    caller: Caller,
    print_: Fingerprint,
    record: ThreadRecord | None,
    snapshot: Snapshot,
    wall: float,
    house: House | None,
) -> Decision:
    """Stations three and four; `pointsman explain` asks the same function, if need be without a house."""
    asked = Asked(
        model=ask.model,
        dialect=ask.dialect,
        path=head.path,
        team=caller.team,
        user=caller.user,
        client=caller.client,
        agent=caller.agent,
        headers=head.first,
        now=wall,
        past=None if record is None or not snapshot.policy.rules else _past(record, print_, wall, house),
    )
    pin = None
    if (
        record is not None
        and record.model
        and record.dialect == ask.dialect  # in another dialect it is another prompt
        and ask.model in snapshot.policy.aliases  # who names a model or a route is asked for no other
    ):
        pin = Pin(route=record.route, model=record.model, weigh=_weigh(record, ask, print_, snapshot, wall, house))
    look = Look(ask, caller, print_)
    return decide(asked, look.signals, look.workload, pin, snapshot.policy, snapshot.has)


def _weigh(
    record: ThreadRecord, ask: Ask, print_: Fingerprint, snapshot: Snapshot, wall: float, house: House | None
) -> Callable[[str, str, Workload], Scales] | None:
    """What it would cost to leave the thread's model for another; None in the middle of a turn, where nothing moves."""
    if house is None or not is_persons(ask, print_.sizes):
        return None

    def weigh(route: str, model: str, work: Workload) -> Scales:
        turn = Turn(ask=ask, print_=print_, image=work.input == "image")
        return scales_for(record, route, model, turn, snapshot, house.prices, house.forecast, wall)

    return weigh


def _past(record: ThreadRecord, print_: Fingerprint, wall: float, house: House | None) -> Past:
    """What rules may ask of a thread's past."""

    def freshness() -> str:
        return assess(record, print_, record.model, rules_for(record.provider, record.served or record.model), wall).state

    def resume_usd() -> float:
        if house is None:
            return 0.0
        cost = resume_cost(record, house.prices, wall)
        return ((cost.warm_picos if freshness() in CACHED else cost.cold_picos) or 0) / PICOS_PER_USD

    idle_s = wall - record.last_end
    return Past(age_s=wall - record.started_at, idle_s=idle_s, freshness=freshness, resume_usd=resume_usd)


def servable(decision: Decision, ask: Ask, caller: Caller, snapshot: Snapshot) -> tuple[Candidate, ...]:
    """The decision's model and its fallbacks, as far as their upstreams can serve this endpoint and the team may.

    Raises `Refused` when nothing is left.
    """
    if decision.refusal:
        raise Refused(Refusal.of("rule_refused", decision.refusal))
    if not decision.model:
        raise Refused(Refusal.of("unknown_model", f"no model is called {ask.model!r}", param="model"))
    names = (decision.model, *decision.fallbacks) if decision.fallbacks else (decision.model,)
    models = [model for name in names if (model := snapshot.model(name)) is not None]
    found = [model.candidate for model in models if _serves(snapshot, model, ask)]
    if not found:
        text = f"the upstream of {decision.model!r} does not serve {ask.endpoint}"
        raise Refused(Refusal.of("unknown_model", text, param="model"))
    if decision.source == "override" and not decision.route and not snapshot.allows(caller.team, decision.model):
        text = f"team {caller.team!r} may not use {decision.model!r}"
        raise Refused(Refusal.of("not_allowed", text, param="model"))
    return tuple(found)


def _plain(head: Head, body: bytes, snapshot: Snapshot) -> bytes:
    """The body without its content encoding, within the bound."""
    limit = snapshot.limits.body_bytes
    if head.size > limit:
        raise Refused(_too_large(limit))
    encoding = head.first.get(b"content-encoding")
    if encoding is None:
        return body
    try:
        return decode(body, encoding, limit)
    except TooLarge:
        raise Refused(_too_large(limit)) from None
    except NotDecodable as error:
        raise Refused(Refusal.of("unsupported_encoding", str(error))) from None


def _too_large(limit: int) -> Refusal:
    return Refusal.of("body_too_large", f"the request body exceeds {limit // (1024 * 1024)} MB")


def _readable(body: bytes, endpoint: Endpoint, dialect: Dialect) -> Ask:
    try:
        return read(body, endpoint, dialect)
    except NotReadable as error:
        raise Refused(Refusal.of("not_readable", str(error))) from None


def _serves(snapshot: Snapshot, model: Model, ask: Ask) -> bool:
    dialects = snapshot.upstreams[model.upstream].dialects
    if ask.endpoint in dialects:
        return True
    if ask.endpoint == "count_tokens":
        return "messages" in dialects
    return ask.endpoint in TRANSLATED and not dialects.isdisjoint(TRANSLATABLE)
