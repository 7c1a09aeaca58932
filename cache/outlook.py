"""What the next request will read from the provider's cache: a distribution over the boundaries it may read up to.

The boundaries are the end of the last prompt, the beginning of the last turn, tools and system prompt, and nothing. Their
chances are learned (`cache.survival`); how many tokens each holds is known from what the provider reported.
"""

from msgspec import Struct

from cache.cause import Cause
from cache.curve import Chances
from cache.look import Look
from cache.standing import FULL, HALF, Standing
from cache.types import State

BETWEEN_SHARE = 0.75
"""Where a read ends that reached no known boundary: the middle of what `between` means."""
WARM_FROM = 0.9
"""Chance of a full read from which a cache is called warm."""


class Outlook(Struct, frozen=True):
    """A prediction, made before the request is sent."""

    p_full: float
    """That at least 90 % of the last prompt is read."""
    p_cold: float
    """That less than half of it is."""
    expected_read: int
    """The best single guess: the median of the distribution."""
    mean_read: float
    """Its mean, which costs follow."""
    cause: Cause
    """Why the cache will be lost, if it is."""
    evidence: float
    """Observations that the prediction stands on."""
    broken: bool
    """The prompt was seen to begin in another way, or must have lost something."""

    @property
    def state(self) -> State:
        """The prediction in a word."""
        if self.evidence < EVIDENCE_LEAST:
            return "unknown"
        if self.p_full >= WARM_FROM:
            return "warm"
        if self.broken and self.p_full < 0.5:
            return "broken"
        return "cold" if self.p_cold >= 0.5 else "cooling"


EVIDENCE_LEAST = 5.0
"""Observations below which nothing is claimed."""


def outlook(
    standing: Standing,
    look: Look,
    chances: Chances,
    floor: int,
    step: tuple[int, int],
    cause: Cause,
    evidence: float,
) -> Outlook:
    """The distribution in tokens. Reads are the second of `step` more than a multiple of the first."""
    block, offset = step
    held = min(standing.cached, look.tokens) if look.kept is None else min(standing.cached, look.tokens, look.kept)
    whole = _blocks(held, block, offset)
    turn = min(whole, _blocks(standing.turn, block, offset))
    floor = min(floor, whole)
    between = max(floor, int(BETWEEN_SHARE * whole))
    reads = (whole, turn, between, floor)
    full, half = FULL * standing.total, HALF * standing.total
    p_full = sum(chance for chance, read in zip(chances, reads, strict=True) if read >= full)
    p_cold = sum(chance for chance, read in zip(chances, reads, strict=True) if read < half)
    mean = sum(chance * read for chance, read in zip(chances, reads, strict=True))
    return Outlook(
        p_full=p_full,
        p_cold=p_cold,
        expected_read=_median(chances, reads),
        mean_read=mean,
        cause=cause,
        evidence=evidence,
        broken=not look.whole,
    )


def _median(chances: Chances, reads: tuple[int, int, int, int]) -> int:
    """The read below which half of the chances lie."""
    so_far = 0.0
    for read, chance in sorted(zip(reads, chances, strict=True), reverse=True):
        so_far += chance
        if so_far >= 0.5:
            return read
    return min(reads)


def _blocks(tokens: int, block: int, offset: int) -> int:
    """The most a provider that reads in blocks can read of so many tokens."""
    if block <= 1:
        return tokens
    return max(0, (tokens - offset) // block * block + offset)
