"""What a lost prompt cache cost: tokens the provider had, or should have had, and was paid again to read."""

from collections.abc import Mapping

from msgspec import Struct

from cache.types import Freshness
from gateway.metering.types import INPUT_KINDS

EXPIRED = "past_lifetime"
MISSED = frozenset(("miss", "partial"))
"""What the usage shows where something may have been rebuilt."""
PAID_KINDS = frozenset(INPUT_KINDS) - {"cache_read"}
"""Input that was not read from a cache."""
_BY_STATE = {"warm": "unexplained", "cooling": EXPIRED}
"""A cache that was promised and missed has no known reason; one that was not promised any more has run out."""
_BY_CAUSE = {"expired": EXPIRED, "broken": "unexplained"}
"""The learned cause in the words of the documented ones; what broke under an intact prompt cannot be seen."""


class Lost(Struct, frozen=True):
    """Tokens that were paid for anew, and what that cost above the price of a read; None where a price is not known."""

    tokens: int
    picos: int | None


class Rebuilt(Struct, frozen=True):
    """A part of a prompt that was paid for anew. `picos` is what that cost above the price of a read."""

    cause: str
    """`past_lifetime`, `tools_changed`, `system_changed`, `prefix_changed`, `compacted`, `model_changed`, `affinity` (lost
    within its promise, as when another machine answers) or `unexplained`."""
    tokens: int
    picos: int | None
    """Pico-dollars; None where a price is not known."""


def rebuilt(
    freshness: Freshness,
    known_tokens: int,
    observed: str,
    kinds: Mapping[str, int],
    by_kind: Mapping[str, int],
    read_rate: int | None,
) -> Rebuilt | None:
    """What was rebuilt of a thread's cached prefix; None where nothing was, or nothing is known.

    `known_tokens` a warm cache would have held, `observed` is what the usage showed, `read_rate` the price of a read token
    in pico-dollars. What was not read is priced at the mean of what the rest of the input was billed.
    """
    if observed not in MISSED or freshness.state == "unknown":
        return None
    found = lost(known_tokens, kinds, by_kind, read_rate)
    return None if found is None else Rebuilt(cause=cause_of(freshness), tokens=found.tokens, picos=found.picos)


def lost(
    known_tokens: int, kinds: Mapping[str, int], by_kind: Mapping[str, int], read_rate: int | None
) -> Lost | None:
    """What was paid for again of a prefix this long, in an answer that missed it; None where nothing was."""
    paid_tokens = paid = 0
    for kind, tokens in kinds.items():
        if kind in PAID_KINDS and tokens:
            paid_tokens += tokens
            if kind in by_kind:
                paid += by_kind[kind]
            else:
                read_rate = None
    read = kinds.get("cache_read", 0)
    tokens = min(known_tokens, paid_tokens + read) - read
    if tokens <= 0 or paid_tokens <= 0:
        return None
    picos = None if read_rate is None else max(0, tokens * paid // paid_tokens - tokens * read_rate)
    return Lost(tokens=tokens, picos=picos)


def cause_of(freshness: Freshness) -> str:
    """Why it was lost: what was seen of the prompt, else what was learned of the provider, else the documents' word."""
    seen = freshness.state == "broken" or freshness.reason in ("model_changed", "past_lifetime")
    if freshness.cause and not seen:
        return _BY_CAUSE.get(freshness.cause, freshness.cause)
    return _BY_STATE.get(freshness.state, freshness.reason)
