"""Amounts of budgets and limits where several workers count: a sum of all columns, known to each."""

from gateway.budgets.counters import Key
from gateway.workers.columns import HELD, PACE, SPENT, Columns, Table

_BETWEEN = "\0"


class SharedCounters:
    """What `gateway.budgets.counters.Counters` asks for, in shared memory."""

    def __init__(self, columns: Columns, kept: Table, held: Table, parities: int) -> None:
        """Count in the table `kept`, what is reserved in `held`.

        A name has one window at a time. With two `parities`, the window before is there as well: a limit per minute looks
        at two.
        """
        self._columns = columns
        self._kept = kept
        self._held = held
        self._parities = parities

    @classmethod
    def of_budgets(cls, columns: Columns) -> "SharedCounters":
        """What was spent, and what is held."""
        return cls(columns, SPENT, HELD, 1)

    @classmethod
    def of_pace(cls, columns: Columns) -> "SharedCounters":
        """What was asked for in this minute and the one before."""
        return cls(columns, PACE, PACE, 2)

    def add(self, key: Key, amount: int) -> int:
        """Add, which may be negative, and give the new total."""
        table, name = self._named(key)
        return self._columns.add(table, name, key[3], amount)

    def total(self, key: Key) -> int:
        """What is there now."""
        table, name = self._named(key)
        return self._columns.total(table, name, key[3])

    def _named(self, key: Key) -> tuple[Table, str]:
        budget, team, who, window, what = key
        name = _BETWEEN.join((budget, team, who, what))
        if self._parities > 1:
            name += "\1" if window % self._parities else "\2"
        return (self._held if what == "reserved" else self._kept), name
