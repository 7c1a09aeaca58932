"""Where amounts are counted: two calls, so that several processes may count in one place.

`add` must be atomic and tell the new total: a request is let in by adding first and looking then, which is what bounds an
overshoot when many ask at once.
"""

from collections import OrderedDict
from typing import Protocol

Key = tuple[str, str, str, int, str]
"""Budget or limit, team, who, start of the window in Unix seconds, and what is counted."""


class Counters(Protocol):
    """Whole numbers by key; a key nobody has added to stands at 0."""

    def add(self, key: Key, amount: int) -> int:
        """Add, which may be negative, and give the new total."""

    def total(self, key: Key) -> int:
        """What is there now."""


class LocalCounters:
    """The counters of one process, bounded: beyond `keys_max` the one longest untouched is forgotten, and begins again."""

    def __init__(self, keys_max: int) -> None:
        self._totals: OrderedDict[Key, int] = OrderedDict()
        self._keys_max = keys_max

    def add(self, key: Key, amount: int) -> int:
        totals = self._totals
        after = totals.get(key, 0) + amount
        if after == 0:
            totals.pop(key, None)
            return 0
        totals[key] = after
        totals.move_to_end(key)
        if len(totals) > self._keys_max:
            totals.popitem(last=False)
        return after

    def total(self, key: Key) -> int:
        return self._totals.get(key, 0)

    def __len__(self) -> int:
        return len(self._totals)
