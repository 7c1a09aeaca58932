"""Learns in what steps a provider reports its reads.

Documents say multiples of 128; what was seen are steps of 512 that begin at 384. So the step is taken from the reads
themselves: the largest power of two that all of them agree on, with what they have left over.
"""

SIZES = (1024, 512, 256, 128, 64)
"""Steps that are tried, the largest first."""
AGREED = 12
"""Reads that must agree before a step is believed: by chance that happens once in 64**11 at the very least."""

MODELS_MAX = 1024
"""Models whose reads are watched; clients choose names."""


class Blocks:
    """Per model: what its reads left over for each step, and how many in a row agreed."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: dict[str, list[tuple[int, int]]] = {}

    def saw(self, model: str, read: int) -> None:
        """Take a read of at least one token."""
        seen = self._seen.get(model)
        if seen is None:
            if len(self._seen) >= MODELS_MAX:
                return
            seen = self._seen[model] = [(0, 0)] * len(SIZES)
        for place, size in enumerate(SIZES):
            rest, run = seen[place]
            left = read % size
            seen[place] = (left, run + 1 if left == rest else 1)

    def of(self, model: str, documented: int) -> tuple[int, int]:
        """Step and offset of a model's reads; the documented step where reads have not agreed on another."""
        for size, (rest, run) in zip(SIZES, self._seen.get(model, ()), strict=False):
            if run >= AGREED and size >= documented:
                return size, rest
        return documented, 0
