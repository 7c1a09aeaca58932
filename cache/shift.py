"""Notices that a cache no longer behaves as it did: Page's cumulative sum over how surprising each answer was.

For every answer the chance that was given to a full read is compared with what it would be if the odds had fallen (or
risen) to a quarter (to four times). The sum of the logarithms, never below zero, hovers near zero while nothing changes and
climbs steadily once it does (Page 1954). A lifetime that is silently shortened shows after seven lost prompts on average.
"""

import math

ODDS = 4.0
"""The change looked for."""
ALARM = 9.0
"""Sum at which it is called: with calibrated chances about one false alarm in e**9, some eight thousand, answers."""
_SURE = 0.0005
"""Chances are not believed beyond this. One answer can add no more than the logarithm of `ODDS` in any case."""


class Shift:
    """Two sums: for the worse and for the better."""

    __slots__ = ("alarms", "better", "worse")

    def __init__(self, worse: float = 0.0, better: float = 0.0, alarms: int = 0) -> None:
        self.worse = worse
        self.better = better
        self.alarms = alarms

    def saw(self, chance: float, hit: bool, times: int = 1) -> bool:
        """Take answers whose full read had this chance; True when that makes it an alarm, and the sums begin anew."""
        chance = min(1.0 - _SURE, max(_SURE, chance))
        odds = chance / (1.0 - chance)
        self.worse = max(0.0, self.worse + times * _gain(odds / ODDS, chance, hit))
        self.better = max(0.0, self.better + times * _gain(odds * ODDS, chance, hit))
        if max(self.worse, self.better) < ALARM:
            return False
        self.worse = self.better = 0.0
        self.alarms += 1
        return True


def _gain(odds: float, chance: float, hit: bool) -> float:
    """Logarithm of how much better other odds would have foretold this."""
    other = odds / (1.0 + odds)
    return math.log(other / chance) if hit else math.log((1.0 - other) / (1.0 - chance))
