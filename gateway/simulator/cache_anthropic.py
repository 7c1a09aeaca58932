"""Anthropic's prompt cache: entries only where the caller put a marker, found by looking back, gone after their lifetime.

Rules from Anthropic, "Prompt caching": order tools, system, messages; at most four markers; a look-back of twenty
blocks from each; a minimum per model below which a marker does nothing; five minutes or an hour, renewed by each read;
parameters that change only the messages' part. Measured caches outlive their five minutes by up to half a minute.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from random import Random

from msgspec import Struct

from gateway.simulator.clock import Clock
from gateway.simulator.prompt import Prompt, chain
from gateway.simulator.verdict import Verdict, totals

LOOKBACK_BLOCKS = 20
"""Positions checked from a marker backwards, the marker itself included."""
LIFETIME_S = {"5m": 300.0, "1h": 3600.0}
ENTRIES_MAX = 200_000

_MINIMUM_DEFAULT = 1024
_MINIMUMS = (
    ("claude-opus-4-5", 4096),
    ("claude-opus-4-6", 4096),
    ("claude-opus-4-7", 2048),
    ("claude-opus-4", 1024),
    ("claude-opus-5", 512),
    ("claude-sonnet-5-5", 512),
    ("claude-haiku-4-5", 4096),
    ("claude-haiku-5-5", 512),
    ("claude-fable-5", 512),
    ("claude-mythos-5", 512),
)
"""Fewest tokens that are cached, by model (Anthropic, "Prompt caching", Cache limitations)."""


def minimum_tokens(model: str) -> int:
    """The shortest prefix this model caches."""
    return next((tokens for prefix, tokens in _MINIMUMS if model.startswith(prefix)), _MINIMUM_DEFAULT)


class _Entry(Struct):
    ttl: str
    expires_at: float


class AnthropicCache:
    """Entries of all accounts and models; bounded, the least recently used fall out first."""

    def __init__(self, clock: Clock, random: Random, slack_s: float = 30.0) -> None:
        self._clock = clock
        self._random = random
        self._slack_s = slack_s
        self.grants_hours = True
        """Whether an hour asked for is granted; else five minutes are, as has happened without notice."""
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def evict(self) -> None:
        """Forget everything."""
        self._entries.clear()

    def look(self, prompt: Prompt, owner: str) -> Verdict:
        """Split the input of one request into read, written and fresh tokens."""
        blocks = prompt.blocks
        if not any(one.ttl for one in blocks):
            return Verdict(prompt.total_tokens)
        seed = f"{owner}\0{prompt.model}\0".encode() + prompt.scope["speed"]
        keys = chain(seed, blocks, prompt.scope["messages"])
        sums = totals(prompt)
        least = minimum_tokens(prompt.model)
        markers = [place for place, one in enumerate(blocks) if one.ttl and sums[place] >= least]
        found = [hit for place in markers if (hit := self._back_from(place, keys)) is not None]
        read = sums[max(found)] if found else 0
        granted = {place: blocks[place].ttl if self.grants_hours else "5m" for place in markers}
        writes, end = _writes(granted, sums, read)

        def commit() -> None:
            for hit in found:
                self._renew(keys[hit])
            for place in markers:
                self._write(keys[place], granted[place])

        return Verdict(sums[-1] - end, read, writes, commit)

    def _back_from(self, place: int, keys: Sequence[bytes]) -> int | None:
        now = self._clock.now()
        for position in range(place, max(-1, place - LOOKBACK_BLOCKS), -1):
            entry = self._entries.get(keys[position])
            if entry is not None:
                if entry.expires_at > now:
                    return position
                del self._entries[keys[position]]
        return None

    def _renew(self, key: bytes) -> None:
        entry = self._entries.get(key)
        if entry is not None:
            entry.expires_at = self._end_of(entry.ttl)
            self._entries.move_to_end(key)

    def _write(self, key: bytes, ttl: str) -> None:
        if key in self._entries:
            self._renew(key)
            return
        self._entries[key] = _Entry(ttl, self._end_of(ttl))
        if len(self._entries) > ENTRIES_MAX:
            self._entries.popitem(last=False)

    def _end_of(self, ttl: str) -> float:
        return self._clock.now() + LIFETIME_S[ttl] + self._random.uniform(0.0, self._slack_s)


def _writes(granted: Mapping[int, str], sums: Sequence[int], read: int) -> tuple[dict[str, int], int]:
    """Tokens written by lifetime, and where the last write ends (Anthropic, "Mixing different TTLs": A, B and C)."""
    hour_end = max((sums[place] for place, ttl in granted.items() if ttl == "1h"), default=read)
    hour_end = max(hour_end, read)
    end = max((sums[place] for place in granted), default=hour_end)
    end = max(end, hour_end)
    writes = {"cache_write_1h": hour_end - read, "cache_write_5m": end - hour_end}
    return {kind: tokens for kind, tokens in writes.items() if tokens}, end
