"""What sending a remembered prompt again would cost: from the cache, without it, compacted first, and as a new thread."""

from msgspec import Struct

from cache.types import ThreadRecord
from gateway.metering.prices import PriceBook
from gateway.metering.types import WRITE_TTL_S

WRITES = {ttl_s: kind for kind, ttl_s in WRITE_TTL_S.items()}
"""The kind a prompt is written as, by the lifetime in seconds that the last answer granted."""
COMPACTED_SHARE = 0.125
"""Of a prompt that is left after compaction: Codex was seen to turn 216,000 to 241,000 tokens into 20,000 to 30,000."""
SUMMARY_TOKENS = 2_000
"""Of output that a summary takes; a guess, and at most a tenth of the price it is part of."""


class ResumeCost(Struct, frozen=True):
    """Pico-dollars for the prompt alone; None where a price is not known."""

    warm_picos: int | None
    cold_picos: int | None
    fresh_picos: int | None
    """A new thread: about what the first prompt of this one cost."""
    compact_picos: int | None = None
    """Reading the cold prompt once more, writing a summary, and the first prompt after it."""
    compact_saves_picos: int | None = None
    """What every request after that costs less than the whole prompt read warm."""


def resume_cost(record: ThreadRecord, prices: PriceBook, now: float) -> ResumeCost:
    """The prices of a thread's known prompt at a moment in Unix seconds, dearer where long prompts are."""
    total = record.boundaries[-1].tokens if record.boundaries else record.cached_tokens
    model = record.served or record.model
    rates = prices.rates(record.provider, model, total, now)
    if rates is None:
        return ResumeCost(warm_picos=None, cold_picos=None, fresh_picos=None)
    fresh, read = rates.kinds.get("input_uncached"), rates.kinds.get("cache_read")
    kind = WRITES.get(record.cache_ttl_s)
    write = rates.kinds.get(kind) if kind else fresh
    held = min(record.cached_tokens, total)
    warm = None if read is None or fresh is None else held * read + (total - held) * fresh
    if write is None:
        return ResumeCost(warm_picos=warm, cold_picos=None, fresh_picos=None)
    left = max(record.standing.floor, int(COMPACTED_SHARE * total))
    out = rates.kinds.get("output")
    return ResumeCost(
        warm_picos=warm,
        cold_picos=total * write,
        fresh_picos=record.first_tokens * write if record.first_tokens else None,
        compact_picos=None if out is None or left >= total else (total + left) * write + SUMMARY_TOKENS * out,
        compact_saves_picos=None if read is None else max(0, total - left) * read,
    )
