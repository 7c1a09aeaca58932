"""What a request will probably cost, said before it is sent: as things stand, and if its cache were warm.

An estimate for headers, warnings and unsettled intents; the ledger's truth comes from the provider's own usage.
"""

from msgspec import Struct

from cache.types import Freshness, ThreadRecord
from gateway.metering.prices import PriceBook
from gateway.metering.types import PICOS_PER_USD

BYTES_PER_TOKEN = 4
"""The usual rule of thumb for English and code; also what Anthropic's own gateway bills aborted streams by."""


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
    on top is guessed from bytes.
    """
    known_tokens, known_size = 0, 0
    if record is not None and record.boundaries and freshness.state != "broken":
        newest = record.boundaries[-1]
        known_tokens, known_size = newest.tokens, newest.size
    tokens = known_tokens + max(0, size - known_size) // BYTES_PER_TOKEN
    fresh = prices.rate(provider, model, "input_uncached", at)
    if fresh is None:
        return Estimate(picos=None, picos_if_warm=None, input_tokens=tokens)
    read = prices.rate(provider, model, "cache_read", at)
    read = fresh if read is None else read
    expected = min(tokens, freshness.expected_read_tokens or 0)
    return Estimate(
        picos=expected * read + (tokens - expected) * fresh,
        picos_if_warm=known_tokens * read + (tokens - known_tokens) * fresh,
        input_tokens=tokens,
    )
