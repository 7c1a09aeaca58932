"""The simulator's time: real time that tests may push forward, or time that stands still until pushed."""

import time
from typing import Protocol

STEP_MAX_S = 10.0**9
"""Thirty years; no cache lives that long, and dates stay writable."""


class Clock(Protocol):
    """Where the simulator reads the time from; caches age by it."""

    def now(self) -> float:
        """Unix seconds."""

    def advance(self, seconds: float) -> None:
        """Move on by so many seconds; negative values are refused."""


class RunningClock:
    """Wall-clock time plus whatever was skipped with `advance`."""

    def __init__(self) -> None:
        self._skipped_s = 0.0

    def now(self) -> float:
        """Unix seconds."""
        return time.time() + self._skipped_s

    def advance(self, seconds: float) -> None:
        """Skip so many seconds; raises ValueError for a negative or absurd number."""
        self._skipped_s += _forward(seconds)


class StillClock:
    """Time that only moves when told to; for tests of what a cache does at an exact second."""

    def __init__(self, at: float = 1_790_000_000.0) -> None:
        self._at = at

    def now(self) -> float:
        """Unix seconds."""
        return self._at

    def advance(self, seconds: float) -> None:
        """Move on by so many seconds; raises ValueError for a negative or absurd number."""
        self._at += _forward(seconds)


def _forward(seconds: float) -> float:
    if not 0 <= seconds <= STEP_MAX_S:
        raise ValueError(f"a clock goes forward by 0 to {STEP_MAX_S:g} s at once, not by {seconds:g} s")
    return seconds
