"""Remembers threads: the newest in this process, all of them in a store that is written behind.

A request recalls and remembers without waiting for a disk that writes: `remember` changes memory and leaves the record
for one background thread, which writes in batches. Of several versions of a thread only the newest is written. What a
crash loses is at most the last moment of hints, never money.
"""

import heapq
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from itertools import islice

import msgspec
from msgspec.structs import replace

from cache.fingerprint import Fingerprint
from cache.kept import ANYWHERE, holds
from cache.providers import CacheRules, rules_for
from cache.standing import Answered, after
from cache.stores.base import Store
from cache.types import Boundary, Freshness, ThreadRecord
from cache.visits import visits_after, with_model

BOUNDARIES_MAX = 8
"""Prefix ends kept per thread: the newest, and a few before it for edits and rewinds. About 60 bytes each."""
VERSION = b"\x01"
"""First byte of a stored record. Fields may be added under the same version; a change of meaning takes the next."""
BATCH_MAX = 500
"""Records per transaction: some 10 ms of disk, so that other processes get their turn."""
LINGER_S = 0.2
"""How long the writer waits for more before it writes."""
TEXT_MAX = 200
"""Characters kept of names that come from clients."""
RECENT_MAX = 1000
"""Most records `recent` returns or reads from the store."""

NEVER_CACHED = ("first_call", "below_minimum")
"""Reasons for which no read was to be had, so that none was missed."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(ThreadRecord).decode

Key = tuple[str, str]
"""Team, thread."""


class Threads:
    """The memory of threads. `recall` and `remember` belong to the request path, the rest to pages and shutdown."""

    def __init__(self, store: Store, capacity: int, forget_s: float, wall: Callable[[], float] = time.time) -> None:
        """Keep at most `capacity` threads in memory, and any of them for `forget_s` seconds after its last answer."""
        self._store = store
        self._capacity = capacity
        self._forget_s = forget_s
        self._wall = wall
        self._lock = threading.Lock()
        self._known: OrderedDict[Key, ThreadRecord] = OrderedDict()
        self._dirty: OrderedDict[Key, ThreadRecord] = OrderedDict()
        self._writing: dict[Key, ThreadRecord] = {}
        self._errors = 0
        self._dropped = 0
        self._closing = False
        self._some = threading.Event()
        self._hurry = threading.Event()
        self._idle = threading.Condition(self._lock)
        self._writer = threading.Thread(target=self._write_behind, name="threads-writer", daemon=True)
        self._writer.start()

    @property
    def errors(self) -> int:
        """Records that could not be read or written, and those of other programs."""
        return self._errors + self._store.errors

    @property
    def dropped(self) -> int:
        """Records that were never written because the store was too slow."""
        return self._dropped

    def recall(self, thread: str, team: str) -> ThreadRecord | None:
        """What is known of a thread; None where it is new, forgotten or unreadable."""
        key = (team, thread)
        with self._lock:
            record = self._known.get(key)
            if record is not None:
                self._known.move_to_end(key)
            else:
                record = self._dirty.get(key) or self._writing.get(key)
        if record is None:
            record = self._read(key)
            if record is None:
                return None
            with self._lock:
                record = self._known.setdefault(key, record)
                self._trim()
        return record if self._wall() - record.last_end <= self._forget_s else None

    def remember(self, record: ThreadRecord) -> None:
        """Replace what is known of a thread. Never waits for the store. Absurdly long thread names are not kept."""
        if len(record.thread) > TEXT_MAX:
            return
        key = (record.team, record.thread)
        with self._lock:
            self._known[key] = record
            self._known.move_to_end(key)
            self._trim()
            self._dirty[key] = record
            self._dirty.move_to_end(key)
            if len(self._dirty) > self._capacity:
                self._dirty.popitem(last=False)
                self._dropped += 1
        if not self._some.is_set():
            self._some.set()

    def recent(self, limit: int, team: str | None = None) -> list[ThreadRecord]:
        """The threads that were last active, newest first, of one team or of all; read from the store if need be."""
        limit = min(limit, RECENT_MAX)
        with self._lock:
            found = {**self._writing, **self._dirty, **self._known}
        fitting = [record for record in found.values() if self._fits(record, team)]
        if len(fitting) < limit:
            stored = self._stored(RECENT_MAX)
            fitting += [one for one in stored if (one.team, one.thread) not in found and self._fits(one, team)]
        return heapq.nlargest(limit, fitting, key=_last_end)

    def flush(self, timeout_s: float) -> bool:
        """Wait until everything remembered so far is with the store; False when the time is up first."""
        self._hurry.set()
        with self._idle:
            return self._idle.wait_for(lambda: not self._dirty and not self._writing, timeout_s)

    def close(self, timeout_s: float = 5.0) -> None:
        """Write what is left, then let go of the store. Later changes stay in memory."""
        self._closing = True
        self._some.set()
        self._hurry.set()
        self._writer.join(timeout_s)
        self._store.close()

    def _fits(self, record: ThreadRecord, team: str | None) -> bool:
        return (team is None or record.team == team) and self._wall() - record.last_end <= self._forget_s

    def _trim(self) -> None:
        while len(self._known) > self._capacity:
            self._known.popitem(last=False)

    def _read(self, key: Key) -> ThreadRecord | None:
        data = self._store.get(_address(key))
        record = self._decoded(data) if data is not None else None
        return record if record is not None and (record.team, record.thread) == key else None

    def _stored(self, limit: int) -> Iterable[ThreadRecord]:
        for address in self._store.newest(limit):
            data = self._store.get(address)
            if data is not None and (record := self._decoded(data)) is not None:
                yield record

    def _decoded(self, data: bytes) -> ThreadRecord | None:
        """A record from its bytes; None for other versions and for what cannot be read."""
        if data[:1] == VERSION:
            try:
                return _decode(memoryview(data)[1:])
            except (msgspec.DecodeError, UnicodeError):
                pass
        with self._lock:
            self._errors += 1
        return None

    def _encoded(self, records: Mapping[Key, ThreadRecord]) -> dict[bytes, bytes]:
        """What is written for these; one that cannot be (a lone surrogate in a name) does not hold up the others."""
        entries = {}
        for key, record in records.items():
            try:
                entries[_address(key)] = VERSION + _encode(record)
            except UnicodeError:
                with self._lock:
                    self._errors += 1
        return entries

    def _write_behind(self) -> None:
        while True:
            self._some.wait()
            if not self._closing:
                self._hurry.wait(LINGER_S)
            self._hurry.clear()
            self._some.clear()
            while self._write_batch():
                pass
            if self._closing:
                self._store.close()
                return

    def _write_batch(self) -> bool:
        """Write some of what is dirty; False when nothing is left."""
        with self._idle:
            self._writing = dict(islice(self._dirty.items(), BATCH_MAX))
            for key in self._writing:
                del self._dirty[key]
            if not self._writing:
                self._idle.notify_all()
                return False
        try:
            self._store.put(self._encoded(self._writing), self._forget_s)
        except Exception:  # the writer serves until the process ends; a store that fails in a new way is counted
            with self._lock:
                self._errors += 1
        return True


def remember(  # noqa: PLR0913 - a record has that many facts, and each is named where it is known
    record: ThreadRecord | None,
    *,
    thread: str,
    team: str,
    client: str,
    user: str,
    agent: str,
    session: str,
    parent: str,
    route: str,
    model: str,
    served: str,
    provider: str,
    upstream: str,
    dialect: str,
    fingerprint: Fingerprint,
    answered: Answered,
    window_number: int,
    now: float,
    picos: int,
    written: int | None = None,
) -> ThreadRecord:
    """The record after an answer, from the one before it. `now` is when the answer ended, in Unix seconds; `answered` is
    what the provider counted, `written` the tokens it reported as written, None where it did not.
    """
    total = answered.total
    so_far = record if record is None or record.model == model else with_model(record, model)
    same = so_far if so_far is not None and so_far.model == model else _NO_RECORD
    so_far = so_far or ThreadRecord(thread=thread, team=team, started_at=now, first_tokens=total)
    rules = rules_for(provider, served or model)
    granted_s = answered.granted_s or (same.cache_ttl_s if answered.read else 0.0)
    cached = _left_behind(rules, answered, written, granted_s)
    return replace(  # half as long as making one with as many names
        so_far,
        client=client[:TEXT_MAX],
        user=user[:TEXT_MAX],
        agent=agent,
        session=session[:TEXT_MAX],
        parent=parent[:TEXT_MAX],
        route=route,
        model=model[:TEXT_MAX],
        served=served[:TEXT_MAX],
        provider=provider,
        upstream=upstream,
        dialect=dialect,
        last_end=now,
        requests=so_far.requests + 1,
        course=so_far.course.after(answered.begins_turn, answered.suits),
        window_number=window_number,
        cache_ttl_s=granted_s,
        cached_tokens=cached,
        boundaries=_extended(same.boundaries, fingerprint, answered, rules is not None and rules.breakpoints in ANYWHERE),
        standing=after(same.standing, _told(answered, granted_s, cached, fingerprint)),
        picos=so_far.picos + picos,
        visits=visits_after(so_far, model),
        kept_at=0.0,
        warned_at=0.0,
        answer_id="",
    )


_NO_RECORD = ThreadRecord(thread="", team="")


def _told(answered: Answered, granted_s: float, cached: int, fingerprint: Fingerprint) -> Answered:
    """An answer with what only the whole of it and the prompt told."""
    tools, beginning = fingerprint.digests[0].hex(), fingerprint.digests[fingerprint.lead].hex()
    settings = fingerprint.settings
    return replace(
        answered, granted_s=granted_s, cached=cached, tools=tools, beginning=beginning, settings=settings
    )


def observed(freshness: Freshness, expected: int | None, read_tokens: int, input_tokens: int) -> str:
    """What the provider's numbers say happened: `hit`, `partial`, `miss`, or `unknown` where nothing could be read.

    `expected` are the tokens a warm cache would have held; the prompt may have become shorter. A hit may fall short by
    256 tokens or 2 %, for block sizes and a last unmarked message.
    """
    if not expected or freshness.reason in NEVER_CACHED:
        return "unknown"
    if not read_tokens:
        return "miss"
    whole = min(expected, input_tokens)
    return "hit" if read_tokens >= whole - max(256, whole // 50) else "partial"


def _left_behind(rules: CacheRules | None, answered: Answered, written: int | None, ttl_s: float) -> int:
    """Tokens the provider's cache holds after an answer: all of the input unless its usage says otherwise."""
    total, read = answered.total, answered.read
    if rules is None or not rules.writes_reported:
        return total
    if written is not None:
        return read + written
    return total if read or ttl_s else 0


def _extended(
    boundaries: tuple[Boundary, ...], fingerprint: Fingerprint, answered: Answered, anywhere: bool
) -> tuple[Boundary, ...]:
    """The boundaries with this prompt's end as the newest, where the provider counted a prompt we saw whole.

    The one that was read was used now, and what is used last is kept longest; of a provider that keeps blocks, so was all
    that lies before it.
    """
    if not fingerprint.whole or answered.total <= 0:
        return boundaries
    end = Boundary(fingerprint.digests[-1].hex(), fingerprint.sizes[-1], answered.total, answered.at)
    read, at = answered.read, answered.at
    rested, used = [], []
    for each in boundaries:
        if each.digest == end.digest:
            continue
        if each.tokens == read or (anywhere and each.tokens < read and holds(fingerprint, each)):
            used.append(Boundary(each.digest, each.size, each.tokens, at))
        else:
            rested.append(each)
    return (*rested, *used, end)[-BOUNDARIES_MAX:]


def _address(key: Key) -> bytes:
    """Where a thread lies in the store. Clients choose thread names, so the hash is one they cannot aim with."""
    return blake2b("\0".join(key).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _last_end(record: ThreadRecord) -> float:
    return record.last_end
