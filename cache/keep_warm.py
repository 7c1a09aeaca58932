"""Whether a resting thread's prompt cache is worth a ping, when it is due, and when pings are proven useless.

A ping reads the cached prompt once and so renews its lifetime. It costs a warm read, `warm`; if somebody comes back in the
lifetime it buys, it saves the difference to filling the cache anew, `cold - warm`. As long as the chance of coming back only
falls with time, looking one step ahead is optimal (the monotone case of optimal stopping: Chow, Robbins and Siegmund,
"Great Expectations", 1971, chapter 3): ping while the chance h exceeds warm / (cold - warm). For a prompt that is all cached
that is r / (w - r) of the prices of a read and a write: 0.087 for reads at a tenth and writes at 1.25, 0.042 where a read
costs a twentieth, 0.053 for an hour's writes at 2.
"""

from msgspec import Struct

AHEAD_SHARE, AHEAD_LEAST_S, AHEAD_MOST_S = 0.05, 10.0, 60.0
"""How long before the promised end a ping leaves: it has to arrive, and clocks differ."""
STRIKES = 2
"""Useless pings in a row that prove the point: one alone may be an eviction."""
BARRED_S = 86_400.0
"""After a day the provider gets another chance."""
PLACES_MAX = 1000

Place = tuple[str, str]
"""Upstream and model."""


def due(read_at: float, lifetime_s: float) -> float:
    """When to ping a prompt that was last read at a moment and lives so long."""
    return read_at + lifetime_s - min(AHEAD_MOST_S, max(AHEAD_LEAST_S, AHEAD_SHARE * lifetime_s))


def is_worth(chance: float, warm: int, cold: int, pings: int) -> bool:
    """Whether one more ping pays, after so many; prices of the whole prompt in any unit.

    However high the chance is thought to be, pings that cost as much as they could ever save are enough.
    """
    return chance * (cold - warm) > warm and (pings + 1) * warm <= cold - warm


class _Trial(Struct):
    strikes: int = 0
    barred_until: float = 0.0


class Proof:
    """What pings were seen to do, by upstream and model: where they renew nothing, none are sent."""

    def __init__(self) -> None:
        self._trials: dict[Place, _Trial] = {}

    def renewed(self, place: Place) -> None:
        """A cache was read that without pings would have been gone."""
        self._trials.pop(place, None)

    def useless(self, place: Place, now: float) -> bool:
        """A cache was gone in spite of a ping; True when that is proof."""
        if place not in self._trials and len(self._trials) >= PLACES_MAX:
            return False
        trial = self._trials.setdefault(place, _Trial())
        trial.strikes += 1
        if trial.strikes < STRIKES:
            return False
        trial.strikes, trial.barred_until = 0, now + BARRED_S
        return True

    def bars(self, place: Place, now: float) -> bool:
        """Whether no pings go there now."""
        trial = self._trials.get(place)
        return trial is not None and now < trial.barred_until
