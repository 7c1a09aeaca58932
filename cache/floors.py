"""Beginnings that many threads share: how many tokens of tools and system prompt were read, and when they were last used.

A thread that lost its own cache still reads what others of its kind keep warm. Beginnings go too, at some age; at which, is
counted for every provider and lifetime, as nobody documents it.
"""

from collections import OrderedDict

AGES_MAX = 4096
"""Ages counted: some twenty for each lifetime of a provider's models."""
WEIGHT_MAX = 30.0
"""Observations that an age's count weighs at most, so that new ones can turn it."""

Age = tuple[str, float, int]
"""A provider's family, a lifetime, and how old a beginning is, as a bin of gaps."""

KEPT_MAX = 4096
"""Beginnings remembered; about 150 bytes each."""


class Floors:
    """The newest beginnings."""

    __slots__ = ("_ages", "_known")

    def __init__(self) -> None:
        self._ages: dict[Age, float] = {}
        """How much oftener a beginning of this age was read than not."""
        self._known: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def touched(self, beginning: str, read: int | None, now: float) -> None:
        """A prompt with this beginning was answered; `read` is what was read of the beginning alone, where that showed."""
        tokens = read if read is not None else self._known.get(beginning, (0, 0.0))[0]
        self._known[beginning] = (tokens, now)
        self._known.move_to_end(beginning)
        if len(self._known) > KEPT_MAX:
            self._known.popitem(last=False)

    def of(self, beginning: str) -> tuple[int, float]:
        """Tokens of a beginning and when it was last used; zeros where nothing is known."""
        return self._known.get(beginning, (0, 0.0))

    def met(self, age: Age, there: bool) -> None:
        """A prompt lost all but its beginning, which was of this age, and this was read or was not."""
        if age in self._ages or len(self._ages) < AGES_MAX:
            sum_ = self._ages.get(age, 0.0) + (1.0 if there else -1.0)
            self._ages[age] = max(-WEIGHT_MAX, min(WEIGHT_MAX, sum_))

    def lasts(self, age: Age) -> bool:
        """Whether a beginning of this age is mostly still there; taken to be where that was not seen."""
        return self._ages.get(age, 0.0) >= 0.0
