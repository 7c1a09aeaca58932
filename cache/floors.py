"""Beginnings that many threads share: how many tokens of tools and system prompt were read, and when they were last used.

A thread that lost its own cache still reads what others of its kind keep warm.
"""

from collections import OrderedDict

KEPT_MAX = 4096
"""Beginnings remembered; about 150 bytes each."""


class Floors:
    """The newest beginnings."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
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
