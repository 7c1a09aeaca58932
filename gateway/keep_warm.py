"""Keeps the prompt caches of resting threads warm, where that was asked for: holds their last requests, pings, and judges.

What decides is in `cache/keep_warm.py` and `cache/returns.py`, what is sent in `gateway/dialects/ping.py`. Bytes are held in
memory alone, by the worker that served the thread, the oldest giving way; they are let go as soon as a thread is taken up
again or its next ping is not worth it. A ping renews the cache's clock in the thread's record and nothing else.
"""

import heapq
import logging
from collections import OrderedDict
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from cache.keep_warm import Proof, due, is_worth
from cache.providers import CacheRules, rules_for
from cache.returns import Key, Returns
from cache.standing import FULL
from cache.types import ThreadRecord
from gateway.budgets.allowance import Allowance
from gateway.config.compiled import KeepWarm, Snapshot
from gateway.dialects.ask import Ask, NotReadable, read, splice
from gateway.dialects.edits import edits_for
from gateway.dialects.endpoints import must_translate
from gateway.dialects.ping import changed, ping_of
from gateway.foresight import resumed
from gateway.house import House
from gateway.identify import Caller
from gateway.metering.resume import resume_cost
from gateway.metering.types import WRITE_TTL_S, Settlement
from gateway.passage import RequestPassage
from gateway.ping import PingPassage
from gateway.upstream.plan import Candidate
from gateway.wire.types import Head

PROMISED = 0.9
"""Chance of a full read within the promise where too little was seen to know it."""
AGAIN_S = 1.0
"""How often a ping that the cap has no room for is looked at again, until it is too late for it."""
STILL_THERE = ("warm", "cooling")

_log = logging.getLogger("pointsman.keep_warm")


class Held(Struct):
    """A thread's last request, as it went to the upstream but for what `edits_for` changes."""

    ask: Ask
    head: Head
    caller: Caller
    candidate: Candidate
    effort: str
    read_at: float
    """Unix seconds at which its cache was last read, as the thread's record has it."""
    pings: int = 0
    underway: bool = False
    capped: bool = False
    """The day's cap had no room for its next ping when that was first due."""


class Keeper:
    """The pings of one process. Everything happens on the event loop, at the second of the byte path's clock."""

    def __init__(
        self, house: House, allowance: Allowance, send: Callable[[PingPassage], bool], returns: Returns | None = None
    ) -> None:
        """`send` puts a ping on its way; False where the books or the team's budgets do not let it. `returns` is how
        likely threads are taken up again, as all workers have seen it."""
        self._house = house
        self._allowance = allowance
        self._send = send
        self._held: OrderedDict[Key, Held] = OrderedDict()
        self._due: list[tuple[float, Key]] = []
        self._waits: set[Key] = set()
        """Threads with an entry in `_due`, which may be older than what is held."""
        self.bytes_held = 0
        self.returns = Returns() if returns is None else returns
        self.proof = Proof()

    # what passages tell

    def came(self, passage: RequestPassage) -> None:
        """A request is on its way: its thread rests no more."""
        key = (passage.caller.team, passage.caller.thread)
        self.drop(key)
        self.returns.came(key, passage.wall)

    def answered(self, passage: RequestPassage, settled: Settlement, after: ThreadRecord) -> None:
        """A request was answered and its thread remembered so: judge the pings before it, and hold it for the next."""
        before = passage.record
        if before is not None and before.kept_at:
            self._judge(passage, before, settled)
        policy = passage.snapshot.keep_warm
        caller, ask = passage.caller, passage.ask
        if caller.agent != "main" or ask is None or not policy.holds_for(caller.team):
            return
        key = (caller.team, caller.thread)
        self.returns.rests(key, settled.at)
        rules = rules_for(after.provider, after.served or after.model)
        candidate = passage.attempt_now.candidate
        if rules is None or not self._may_hold(passage, ask, after, rules, policy):
            return
        self.drop(key)
        self._held[key] = Held(
            ask=ask,
            head=passage.head,
            caller=caller,
            candidate=candidate,
            effort=passage.decision.effort,
            read_at=after.standing.at,
        )
        self.bytes_held += len(ask.body)
        while self.bytes_held > policy.memory_bytes:
            self.drop(next(iter(self._held)))
        self._wait(key, due(after.standing.at, rules.tier(after.cache_ttl_s).minimum_s))

    def _may_hold(self, passage: RequestPassage, ask: Ask, after: ThreadRecord, rules: CacheRules, policy: KeepWarm) -> bool:
        """Whether this thread's cache is large enough, lives by a promise that a read renews, and can be pinged."""
        return (
            after.cached_tokens >= max(policy.min_tokens, rules.minimum_tokens)
            and rules.refreshes
            and rules.tier(after.cache_ttl_s).minimum_s > 0
            and not must_translate(ask, passage.upstream.dialects)
            and changed(ask, rules.family) is not None
            and not self.proof.bars((after.upstream, after.model), after.last_end)
        )

    def _judge(self, passage: RequestPassage, before: ThreadRecord, settled: Settlement) -> None:
        """A thread that was kept warm is back: were the pings of use?"""
        place = (before.upstream, before.model)
        if settled.model != before.model or passage.freshness.state not in STILL_THERE:
            return
        if settled.cache_observed == "miss":
            self._useless(place, passage.wall)
            return
        lifetime_s = self._lifetime_s(before)
        if settled.cache_observed == "hit" and passage.wall - before.last_end > lifetime_s:
            self.proof.renewed(place)
            cost = resume_cost(before, self._house.prices, passage.wall)
            if cost.cold_picos is not None and cost.warm_picos is not None:
                self._house.metrics.kept_warm(before.team, max(0, cost.cold_picos - cost.warm_picos))

    def _lifetime_s(self, record: ThreadRecord) -> float:
        rules = rules_for(record.provider, record.served or record.model)
        return 0.0 if rules is None else rules.tier(record.cache_ttl_s).minimum_s

    # time

    def tick(self, passed_s: float) -> None:
        """About once a second: whatever is due is looked at."""
        now = self._house.wall()
        self.returns.tick(now, self._latest)
        while self._due and self._due[0][0] <= now:
            _, key = heapq.heappop(self._due)
            self._waits.discard(key)
            held = self._held.get(key)
            if held is None or held.underway or self._house.draining:
                continue
            record = self._house.threads.recall(key[1], key[0])
            if record is None or record.standing.at != held.read_at or record.model != held.candidate.model:
                self.drop(key)  # it went on with another worker or another model
                continue
            when = due(held.read_at, self._lifetime_s(record))
            if when > now:
                self._wait(key, when)
            elif not self._ping(key, held, record, now):
                self.drop(key)

    def _latest(self, key: Key) -> float:
        record = self._house.threads.recall(key[1], key[0])
        return record.last_end if record is not None else 0.0

    def _wait(self, key: Key, when: float) -> None:
        if key not in self._waits:
            self._waits.add(key)
            heapq.heappush(self._due, (when, key))

    # pinging

    def _ping(self, key: Key, held: Held, record: ThreadRecord, now: float) -> bool:
        """Send one if it is worth it, within the cap, and within what the provider still holds."""
        house, snapshot = self._house, self._house.live.current
        place = (record.upstream, record.model)
        most = self._price(held, record, now)
        circuit = house.circuits.get(record.upstream)
        if circuit is not None and circuit.open_until > house.monotonic():
            return False
        if most is None or self.proof.bars(place, now) or not snapshot.keep_warm.holds_for(key[0]):
            return False
        if not self._allowance.hold(most, snapshot.keep_warm.cap_picos, now):
            self._wait(key, now + AGAIN_S)  # others that are under way may give back what they hold
            if not held.capped:
                house.metrics.pinged(key[0], "capped", 0)
            held.capped = True
            return True
        passage = self._passage(key, held, record, most, now, snapshot)
        if passage is not None:
            held.underway = True
            if self._send(passage):
                return True
            house.metrics.pinged(key[0], "refused", 0)
        self._allowance.release(most, now)
        return False

    def _price(self, held: Held, record: ThreadRecord, now: float) -> int | None:
        """The most a ping can cost, in pico-dollars: the whole prompt written anew for the longest time.

        None where no ping is worth it, or it is too late for one.
        """
        freshness = resumed(record, self._house.forecast, now)
        cost = resume_cost(record, self._house.prices, now)
        warm, cold = cost.warm_picos, cost.cold_picos
        lifetime_s = self._lifetime_s(record)
        if freshness.state not in STILL_THERE or warm is None or cold is None or now > held.read_at + lifetime_s:
            return None
        idle_s = now - record.last_end
        chance = self.returns.chance(record.team, idle_s, idle_s + lifetime_s)
        intact = freshness.p_full if freshness.p_full is not None else PROMISED
        if not is_worth(chance * intact, warm, cold, held.pings):
            return None
        tokens = record.standing.total
        rates = self._house.prices.rates(record.provider, record.served or record.model, tokens, now)
        if rates is None:
            return None
        dearest = max(rates.kinds.get(kind, 0) for kind in ("input_uncached", *WRITE_TTL_S))
        return max(cold, tokens * dearest) + rates.kinds.get("output", 0)

    def _passage(
        self, key: Key, held: Held, record: ThreadRecord, most: int, now: float, snapshot: Snapshot
    ) -> PingPassage | None:
        """The ping of what is held, with the bytes its upstream got."""
        upstream = snapshot.upstreams.get(held.candidate.upstream)
        rules = rules_for(record.provider, record.served or record.model)
        if upstream is None or rules is None:
            return None
        edits, _ = edits_for(held.ask, held.candidate.upstream_name, upstream.provider, held.effort)
        try:
            sent = read(splice(held.ask.body, edits), held.ask.endpoint, held.ask.dialect)
            body = ping_of(sent, rules.family)
            ask = read(body, sent.endpoint, sent.dialect) if body is not None else None
        except NotReadable:
            return None
        if ask is None:
            return None

        def told(passage: PingPassage) -> None:
            self._ended(key, held, record, passage, most, now)

        return PingPassage(self._house, snapshot, held.head, ask, held.caller, held.candidate, told)

    def _ended(self, key: Key, held: Held, record: ThreadRecord, passage: PingPassage, most: int, held_at: float) -> None:
        """What came of a ping."""
        house, settled = self._house, passage.settled
        assert settled is not None
        picos = settled.picos or 0
        self._allowance.release(most, held_at)
        self._allowance.spend(picos if settled.exact and settled.picos is not None else most, held_at)
        held.underway = False
        held.pings += 1
        held.capped = False
        reads = settled.kinds.get("cache_read", 0) >= FULL * record.standing.cached
        if settled.status != 200 or not settled.exact:
            house.metrics.pinged(key[0], "failed", picos)
            self.drop(key)
            return
        house.metrics.pinged(key[0], "read" if reads else "missed", picos)
        if not reads:
            self._useless((record.upstream, record.model), settled.at)
            self.drop(key)
            return
        if held.pings > 1:  # the first finds what the thread itself left there
            self.proof.renewed((record.upstream, record.model))
        newest = house.threads.recall(key[1], key[0])
        if newest is None or newest.standing.at != held.read_at or self._held.get(key) is not held:
            return
        held.read_at = passage.read_at
        standing = replace(newest.standing, at=held.read_at)
        house.threads.remember(replace(newest, kept_at=held.read_at, standing=standing))
        self._wait(key, due(held.read_at, self._lifetime_s(newest)))

    def _useless(self, place: tuple[str, str], now: float) -> None:
        if self.proof.useless(place, now):
            _log.warning("keep-warm: pings renew nothing at upstream=%s model=%s; none for a day", *place)

    # letting go

    def drop(self, key: Key) -> None:
        """Hold a thread's request no longer."""
        held = self._held.pop(key, None)
        if held is not None:
            self.bytes_held -= len(held.ask.body)

    def clear(self) -> None:
        """Hold nothing any more: it was switched off."""
        self._held.clear()
        self._due.clear()
        self._waits.clear()
        self.bytes_held = 0
