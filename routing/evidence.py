"""A clue: one thing the classifier looks for, what it gives away, and how far it moves the verdict.

Weights are log-odds, set by hand and by looking at where a labelled development set disagreed; positive speaks for the
code model, negative for the general one.
"""

from collections.abc import Sequence

from msgspec import Struct

from routing.types import InputKind, OutputKind

BIAS = -0.7
"""A turn that shows nothing is more often prose than code."""
DETAIL_WORDS = 3


class Clue(Struct, frozen=True):
    """One thing to look for. `shows` says which input kind it gives away, `asks` which output kind."""

    name: str
    weight: float
    shows: InputKind | None = None
    asks: OutputKind | None = None


class Sight(Struct, frozen=True):
    """A clue that was seen. `weight` is the clue's own, or more where it was seen in several words."""

    clue: Clue
    weight: float
    words: Sequence[str] = ()

    @property
    def detail(self) -> str:
        """The words it was seen in, some of them."""
        return ", ".join(sorted(self.words)[:DETAIL_WORDS])
