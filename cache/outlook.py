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


HALFWAY = 0.5 - 1e-9
"""Where the median lies; chances sum to 1 but for rounding."""
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
    least: int = 0,
) -> Outlook:
    """The distribution in tokens. Reads are the second of `step` more than a multiple of the first, and `least` or none."""
    block, offset = step
    held = min(standing.cached, look.tokens) if look.kept is None else min(standing.cached, look.tokens, look.kept)
    floor = min(floor, look.tokens) if floor >= least else 0
    whole = max(floor, _blocks(held, block, offset)) if held >= least else floor
    turn = max(floor, min(whole, _blocks(standing.turn, block, offset)))
    between = max(floor, int(BETWEEN_SHARE * whole))
    first, second, third, fourth = chances
    falling = ((whole, first), (turn, second), (between, third), (floor, fourth))
    if between > turn:
        falling = ((whole, first), (between, third), (turn, second), (floor, fourth))
    full, half = FULL * standing.total, HALF * standing.total
    p_full = p_cold = mean = so_far = 0.0
    median = -1
    for read, chance in falling:
        mean += chance * read
        so_far += chance
        if read >= full:
            p_full = so_far
        elif read < half:
            p_cold += chance
        if median < 0 and so_far >= HALFWAY:
            median = read
    return Outlook(
        p_full=p_full,
        p_cold=p_cold,
        expected_read=median,
        mean_read=mean,
        cause=cause,
        evidence=evidence,
        broken=not look.whole,
    )


def _blocks(tokens: int, block: int, offset: int) -> int:
    """The most a provider that reads in blocks can read of so many tokens."""
    if block <= 1:
        return tokens
    return max(0, (tokens - offset) // block * block + offset)
