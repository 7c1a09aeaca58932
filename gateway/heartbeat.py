"""Watches the event loop from within: how late a timer is, that is how long everything waits."""

import asyncio

BEAT_S = 0.1
"""Ten times a second: a stall is seen if it lies on a beat, so one of a hundred milliseconds always, one of ten often."""


class Heartbeat:
    """Measures from the moment it is made until it is stopped."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._longest_s = 0.0
        self._due = loop.time() + BEAT_S
        self._timer = loop.call_at(self._due, self._beat)

    def longest_s(self) -> float:
        """The longest delay since this was last asked."""
        longest, self._longest_s = self._longest_s, 0.0
        return longest

    def stop(self) -> None:
        """Beat no more."""
        self._timer.cancel()

    def _beat(self) -> None:
        now = self._loop.time()
        self._longest_s = max(self._longest_s, now - self._due)
        self._due = now + BEAT_S
        self._timer = self._loop.call_at(self._due, self._beat)
