"""Asks all workers for their metrics, and waits for as many as answer in time."""

import asyncio
import contextlib
from collections.abc import Iterable
from itertools import count

from gateway.workers.messages import Tell
from gateway.workers.staff import Hand

ANSWER_S = 0.2
"""How long a page waits for workers; one that does not answer is shown as it last reported."""


class RollCall:
    """The questions under way; there may be several."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._missing: dict[int, tuple[set[int], asyncio.Event]] = {}

    async def hold(self, hands: Iterable[Hand]) -> None:
        """Until all of these have reported or are gone, or the time is up."""
        number = next(self._numbers)
        asked = [hand for hand in hands if hand.ready]
        if not asked:
            return
        whole = asyncio.Event()
        self._missing[number] = {hand.column for hand in asked}, whole
        for hand in asked:
            hand.say(Tell(number=number))
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(whole.wait(), ANSWER_S)
        finally:
            del self._missing[number]

    def answered(self, number: int, column: int) -> None:
        """A worker has reported; 0 is the number of a report that nobody asked for."""
        if number in self._missing:
            missing, whole = self._missing[number]
            missing.discard(column)
            if not missing:
                whole.set()

    def gone(self, column: int) -> None:
        """A worker will not answer any more."""
        for number in self._missing:
            self.answered(number, column)
