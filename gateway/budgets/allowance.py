"""What may be spent a day of something that nobody asked for: held before it is sent, settled after, never overshot.

A day is a day in UTC. Held is the most that a thing can cost, so the limit stands even where an estimate would not.
"""

from gateway.budgets.counters import Counters, Key

DAY_S = 86_400


class Allowance:
    """One sum a day, over all workers of a gateway. Amounts are pico-dollars."""

    def __init__(self, name: str, counters: Counters) -> None:
        self._name = name
        self._counters = counters

    def spent(self, at: float) -> int:
        """What was spent on the day of a moment in Unix seconds."""
        return self._counters.total(self._key(at, "spent"))

    def hold(self, most: int, limit: int, at: float) -> bool:
        """Hold the most a thing can cost; False where the day's limit has no room for it."""
        held = self._counters.add(self._key(at, "reserved"), most)
        if held + self.spent(at) <= limit:
            return True
        self.release(most, at)
        return False

    def release(self, most: int, at: float) -> None:
        """Give back what was held at a moment."""
        self._counters.add(self._key(at, "reserved"), -most)

    def spend(self, amount: int, at: float) -> None:
        """Count what was spent; at the start, what the ledger says."""
        if amount:
            self._counters.add(self._key(at, "spent"), amount)

    def _key(self, at: float, what: str) -> Key:
        return (f"allowance/{self._name}", "", "", int(at // DAY_S) * DAY_S, what)
