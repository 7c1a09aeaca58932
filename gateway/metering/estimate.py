"""What a request will probably cost, said before it is sent: as things stand, and if its cache were warm.

An estimate for headers, warnings and unsettled intents; the ledger's truth comes from the provider's own usage.
"""

from msgspec import Struct

from cache.types import Freshness, ThreadRecord
from gateway.metering.prices import PriceBook, Rates
from gateway.metering.types import PICOS_PER_USD

BYTES_PER_TOKEN = 4
"""The usual rule of thumb for English and code; also what Anthropic's own gateway bills aborted streams by."""
CACHED_FROM = 1024
"""OpenAI writes no shorter prompt to its cache ("Prompt caching", requirements)."""
_WRITES = {300.0: "cache_write_5m", 1800.0: "cache_write_30m", 3600.0: "cache_write_1h", 43200.0: "cache_write_12h"}
"""Kinds of writes by the lifetime in seconds that an answer granted."""


class Estimate(Struct, frozen=True):
    """Input-side dollars in pico-dollars; None where the model's price is not known."""

    picos: int | None
    picos_if_warm: int | None
    input_tokens: int

    def headers(self) -> list[tuple[bytes, bytes]]:
        """The two cost headers, each only where known."""
        named = ((b"x-pointsman-cost-estimate-usd", self.picos), (b"x-pointsman-cost-if-warm-usd", self.picos_if_warm))
        return [(name, b"%.6f" % (picos / PICOS_PER_USD)) for name, picos in named if picos is not None]


def estimate_before(
    prices: PriceBook,
    provider: str,
    model: str,
    size: int,
    record: ThreadRecord | None,
    freshness: Freshness,
    at: float,
) -> Estimate:
    """Estimate the input side: what is expected from the cache at the read price, the rest at the price of new input.

    `size` is the body in bytes. What the provider reported for the thread's known prefix counts as it is; only what came
    on top is guessed from bytes. Both sums follow the prompt's length where long prompts cost more.
    """
    whole = record is not None and record.boundaries and freshness.state != "broken"
    known_tokens = record.boundaries[-1].tokens if record is not None and whole else 0
    tokens = known_prefix(record if whole else None, size)
    expected = min(tokens, freshness.expected_read_tokens or 0)
    rates = prices.rates(provider, model, tokens, at)
    if rates is None:
        return Estimate(picos=None, picos_if_warm=None, input_tokens=tokens)
    new = rates.kinds.get(new_input(rates, tokens, record))
    if new is None:
        return Estimate(picos=None, picos_if_warm=None, input_tokens=tokens)
    flat = rates.fees.get("request", 0)
    read = rates.kinds.get("cache_read")
    if read is None:
        fresh = tokens * new + flat
        return Estimate(picos=fresh, picos_if_warm=fresh, input_tokens=tokens)
    return Estimate(
        picos=expected * read + (tokens - expected) * new + flat,
        picos_if_warm=known_tokens * read + (tokens - known_tokens) * new + flat,
        input_tokens=tokens,
    )


def known_prefix(record: ThreadRecord | None, size: int) -> int:
    """Tokens of a body of so many bytes: what was counted of its thread, and a guess at the rest."""
    if record is None or not record.boundaries:
        return size // BYTES_PER_TOKEN
    newest = record.boundaries[-1]
    return newest.tokens + max(0, size - newest.size) // BYTES_PER_TOKEN


def new_input(rates: Rates, tokens: int, record: ThreadRecord | None) -> str:
    """The kind that input is billed as which the cache does not hold.

    A thread whose last answer wrote its cache will write again. OpenAI's newer models write every prompt by themselves;
    their half-hour writes are told by a price that no vendor of five-minute writes has.
    """
    kinds = rates.kinds
    if record is not None and (written := _WRITES.get(record.cache_ttl_s)) is not None:
        return written if written in kinds else "input_uncached"
    itself = "cache_write_30m" in kinds and "cache_write_5m" not in kinds
    return "cache_write_30m" if itself and tokens >= CACHED_FROM else "input_uncached"
