"""OpenAI's prompt cache since GPT-5.6: exact breakpoints, paid writes, and lifetimes that are a minimum.

Rules from the OpenAI API reference for `prompt_cache_options`: one implicit breakpoint at the newest user or tool message
plus the latest three explicit ones, or four explicit ones; the latest 80 breakpoints are matched and nothing shorter
in between; 30 minutes or 12 hours at least, then an entry may go at any time.
"""

from collections import OrderedDict
from random import Random

from msgspec import Struct

from gateway.simulator.clock import Clock
from gateway.simulator.prompt import Prompt, Refused, chain, mapping
from gateway.simulator.verdict import Verdict, totals

WINDOW = 80
WRITES_MAX = 4
MINIMUM_TOKENS = 1024
LIFETIME_S = {"30m": 1800.0, "12h": 43_200.0}
ENTRIES_MAX = 200_000
AFTERLIFE_S = 3600.0
"""Mean of the time an entry outlives its minimum; field reports saw entries of 30 minutes alive after 90."""


class _Entry(Struct):
    ttl: str
    expires_at: float


class BreakpointCache:
    """Entries of all accounts and models; bounded, the least recently used fall out first."""

    def __init__(self, clock: Clock, random: Random, afterlife_s: float = AFTERLIFE_S) -> None:
        self._clock = clock
        self._random = random
        self._afterlife_s = afterlife_s
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def evict(self) -> None:
        """Forget everything."""
        self._entries.clear()

    def look(self, prompt: Prompt, owner: str) -> Verdict:
        """Split the input of one request; raises `Refused` for options this generation does not take."""
        ttl, explicit_only = _options(prompt)
        sums = totals(prompt)
        if not sums or sums[-1] < MINIMUM_TOKENS:
            return Verdict(prompt.total_tokens)
        marked = [place for place, one in enumerate(prompt.blocks) if one.ttl]
        turns = [] if explicit_only else [place for place, one in enumerate(prompt.blocks) if one.turn_end]
        written = sorted({*turns[-1:], *marked[-(WRITES_MAX - len(turns[-1:])) :]})
        written = [place for place in written if sums[place] >= MINIMUM_TOKENS]
        keys = chain(_seed(prompt, owner), prompt.blocks)
        hit = self._longest(sorted({*marked, *turns})[-WINDOW:], keys)
        read = 0 if hit is None else sums[hit]
        end = max(read, sums[written[-1]] if written else 0)

        def commit() -> None:
            for place in [*written, *([] if hit is None else [hit])]:
                self._touch(keys[place], ttl)

        writes = {f"cache_write_{ttl}": end - read} if end > read else {}
        return Verdict(sums[-1] - end, read, writes, commit)

    def _longest(self, places: list[int], keys: list[bytes]) -> int | None:
        now = self._clock.now()
        for place in reversed(places):
            entry = self._entries.get(keys[place])
            if entry is not None:
                if entry.expires_at > now:
                    return place
                del self._entries[keys[place]]
        return None

    def _touch(self, key: bytes, ttl: str) -> None:
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = _Entry(ttl, 0.0)
            if len(self._entries) > ENTRIES_MAX:
                self._entries.popitem(last=False)
        afterlife_s = self._random.expovariate(1 / self._afterlife_s) if self._afterlife_s else 0.0
        entry.expires_at = self._clock.now() + LIFETIME_S[entry.ttl] + afterlife_s
        self._entries.move_to_end(key)


def _seed(prompt: Prompt, owner: str) -> bytes:
    return f"{owner}\0{prompt.model}\0".encode() + b"".join(prompt.scope.values())


def _options(prompt: Prompt) -> tuple[str, bool]:
    options = mapping(prompt.cache.get("options"))
    ttl = options.get("ttl") or "30m"
    mode = options.get("mode") or "implicit"
    if not isinstance(ttl, str) or ttl not in LIFETIME_S:
        raise Refused(400, "invalid_request_error", f"Invalid value: '{ttl}'. Supported values are: '30m' and '12h'.")
    if mode not in ("implicit", "explicit"):
        raise Refused(400, "invalid_request_error", f"Invalid value: '{mode}' for 'prompt_cache_options.mode'.")
    if prompt.model.startswith("gpt-6") and prompt.cache.get("retention") is not None:
        raise Refused(400, "invalid_request_error", "Unsupported parameter: 'prompt_cache_retention'.")
    return ttl, mode == "explicit"
