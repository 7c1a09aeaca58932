"""OpenAI's prompt cache up to GPT-5.5: prefixes in blocks of 128 tokens, on machines that forget from the end.

A request goes to the machine its first 256 tokens and `prompt_cache_key` point to, and to the next one when that is busy
(OpenAI, "Prompt caching": about 15 requests a minute). What stays alive how long follows 3,109 calls of a coding agent
observed in 2026: after five minutes half of the resumes still hit in full and most of the others an earlier turn.
"""

import itertools
import math
from collections import OrderedDict, deque
from collections.abc import Sequence
from random import Random
from typing import Literal

import xxhash
from msgspec import Struct

from gateway.simulator.clock import Clock
from gateway.simulator.prompt import Prompt, Refused
from gateway.simulator.tokens import BYTES_PER_TOKEN
from gateway.simulator.verdict import Verdict, totals

CHUNK_TOKENS = 128
MINIMUM_TOKENS = 1024
ROUTED_TOKENS = 256
MACHINES = 8
SPILL_PER_MINUTE = 15
CHUNKS_MAX = 40_000
"""Per machine: about five million tokens."""
ROUTES_MAX = 10_000

Retention = Literal["observed", "5m", "11m", "1h", "24h"]
RETENTION_S = {"5m": 300.0, "11m": 660.0, "1h": 3600.0, "24h": 86_400.0}
"""Eleven minutes are no vendor's: for whoever wants to see them learned."""

_FULL = ((1.0, 1.0), (10.0, 0.95), (134.0, 0.74), (424.0, 0.52), (1039.0, 0.35), (2545.0, 0.25), (5090.0, 0.0))
"""Seconds idle and the share of prefixes still whole; points lie in the middle of the observed bins."""
_ANY = ((1.0, 1.0), (10.0, 0.99), (134.0, 0.97), (1039.0, 0.88), (2545.0, 0.75), (5090.0, 0.25), (10_000.0, 0.0))
"""Seconds idle and the share of prefixes of which anything is left."""


class _Route(Struct):
    recent: deque[float]


class MachineCache:
    """Several machines, each with its own bounded store of prefix chunks."""

    def __init__(self, clock: Clock, random: Random, retention: Retention = "observed") -> None:
        self._clock = clock
        self._random = random
        self._retention = retention
        self._machines: list[OrderedDict[bytes, float]] = [OrderedDict() for _ in range(MACHINES)]
        self._routes: OrderedDict[bytes, _Route] = OrderedDict()
        self.overflow = 0
        """So many requests to come go to the next machine, as if their own were busy."""

    def __len__(self) -> int:
        return sum(len(machine) for machine in self._machines)

    def evict(self) -> None:
        """Forget everything."""
        for machine in self._machines:
            machine.clear()
        self._routes.clear()
        self.overflow = 0

    def look(self, prompt: Prompt, owner: str) -> Verdict:
        """Split the input of one request; raises `Refused` for options only later models take."""
        _check(prompt)
        total = prompt.total_tokens
        if total < MINIMUM_TOKENS:
            return Verdict(total)
        chunks = _chunks(prompt, owner)
        machine = self._machines[self._route(prompt, chunks)]
        now = self._clock.now()
        alive = 0
        for key in chunks:
            if machine.get(key, 0.0) <= now:
                break
            alive += 1
        cached = alive * CHUNK_TOKENS
        if cached < MINIMUM_TOKENS:
            cached = 0

        def commit() -> None:
            self._store(machine, chunks, prompt)

        return Verdict(total - cached, cached, {}, commit)

    def _route(self, prompt: Prompt, chunks: Sequence[bytes]) -> int:
        """Machine number: by prefix and key, moved on by one for each fifteen requests within the minute."""
        start = xxhash.xxh3_64(chunks[ROUTED_TOKENS // CHUNK_TOKENS - 1])
        start.update(prompt.scope["prompt_cache_key"])
        key = start.digest()
        route = self._routes.get(key)
        if route is None:
            route = self._routes[key] = _Route(deque(maxlen=SPILL_PER_MINUTE * MACHINES))
            if len(self._routes) > ROUTES_MAX:
                self._routes.popitem(last=False)
        self._routes.move_to_end(key)
        now = self._clock.now()
        while route.recent and route.recent[0] <= now - 60:
            route.recent.popleft()
        spilled = len(route.recent) // SPILL_PER_MINUTE
        route.recent.append(now)
        if self.overflow > 0:
            self.overflow -= 1
            spilled += 1
        return (start.intdigest() + spilled) % MACHINES

    def _store(self, machine: OrderedDict[bytes, float], chunks: Sequence[bytes], prompt: Prompt) -> None:
        whole_until, any_until, kept = self._draw(prompt)
        # The tail is touched first, so that within one prompt the least recently used chunk is its last.
        for place in range(len(chunks) - 1, -1, -1):
            key = chunks[place]
            # Drawn anew and not prolonged: what was observed is how long a prefix lives after its last use.
            machine[key] = any_until if place < kept else whole_until
            machine.move_to_end(key)
        while len(machine) > CHUNKS_MAX:
            machine.popitem(last=False)

    def _draw(self, prompt: Prompt) -> tuple[float, float, int]:
        """Until when the whole prefix lives, until when its older part does, and how many chunks that part has."""
        now = self._clock.now()
        asked = prompt.cache.get("retention")
        if self._retention != "observed":
            end = now + RETENTION_S["5m" if asked == "in_memory" else self._retention]
            return end, end, 0
        luck = self._random.random()
        ends = [total for total, one in zip(totals(prompt), prompt.blocks, strict=True) if one.turn_end][:-1]
        steps = 0
        while steps < len(ends) - 1 and self._random.random() < 0.5:
            steps += 1
        kept = ends[-1 - steps] // CHUNK_TOKENS if ends else 0
        return now + _age(_FULL, luck), now + _age(_ANY, luck), kept


def _age(curve: Sequence[tuple[float, float]], luck: float) -> float:
    """Seconds until the curve has fallen to `luck`, interpolated on the logarithm of time."""
    for (young_s, high), (old_s, low) in itertools.pairwise(curve):
        if luck >= low:
            part = (high - luck) / (high - low) if high > low else 0.0
            return young_s * math.pow(old_s / young_s, part)
    return curve[-1][0]


def _chunks(prompt: Prompt, owner: str) -> list[bytes]:
    """A chained digest for every whole block of 128 tokens."""
    stride = CHUNK_TOKENS * BYTES_PER_TOKEN
    data = memoryview(b"".join([one.data for one in prompt.blocks]))
    scope = prompt.scope
    state = xxhash.xxh3_128(f"{owner}\0{prompt.model}\0".encode())
    for name in ("tools", "text_format", "reasoning_effort", "verbosity", "service_tier"):
        state.update(scope[name])
    out = []
    for start in range(0, len(data) - stride + 1, stride):
        state.update(data[start : start + stride])
        out.append(state.digest())
    return out


def _check(prompt: Prompt) -> None:
    later = prompt.cache.get("options") or any(one.ttl for one in prompt.blocks)
    if later:
        raise Refused(
            400,
            "invalid_request_error",
            f"'prompt_cache_options' and 'prompt_cache_breakpoint' are not supported with {prompt.model}.",
        )
    if prompt.cache.get("retention") == "in_memory" and prompt.model.startswith("gpt-5.5"):
        raise Refused(400, "invalid_request_error", "prompt_cache_retention: only '24h' is supported with this model.")
