"""What sending a remembered prompt again would cost: from the cache, without it, and as a new thread."""

from msgspec import Struct

from cache.types import ThreadRecord
from gateway.metering.prices import PriceBook
from gateway.metering.types import WRITE_TTL_S

WRITES = {ttl_s: kind for kind, ttl_s in WRITE_TTL_S.items()}
"""The kind a prompt is written as, by the lifetime in seconds that the last answer granted."""


class ResumeCost(Struct, frozen=True):
    """Pico-dollars for the prompt alone; None where a price is not known."""

    warm_picos: int | None
    cold_picos: int | None
    fresh_picos: int | None
    """A new thread: about what the first prompt of this one cost."""


def resume_cost(record: ThreadRecord, prices: PriceBook, now: float) -> ResumeCost:
    """The three prices of a thread's known prompt at a moment in Unix seconds."""
    model = record.served or record.model
    total = record.boundaries[-1].tokens if record.boundaries else record.cached_tokens
    fresh = prices.rate(record.provider, model, "input_uncached", now)
    read = prices.rate(record.provider, model, "cache_read", now)
    write_kind = WRITES.get(record.cache_ttl_s)
    write = prices.rate(record.provider, model, write_kind, now) if write_kind else fresh
    held = min(record.cached_tokens, total)
    warm = None if read is None or fresh is None else held * read + (total - held) * fresh
    cold = None if write is None else total * write
    anew = None if write is None or not record.first_tokens else record.first_tokens * write
    return ResumeCost(warm_picos=warm, cold_picos=cold, fresh_picos=anew)
