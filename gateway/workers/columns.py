"""Numbers that all workers see: each adds in a column of its own, whoever wants the sum adds the columns up.

So no two processes ever write one number, and nothing is locked. A column is whole 64-bit numbers in shared memory; it
stays when its worker dies, and the next worker goes on in it. The supervisor has one too.
"""

from mmap import mmap

from msgspec import Struct

from cache.board import tag_of

NEAR = 32
"""Places a name may have; where all are taken, a sum of 0 gives way, else the one whose window began first."""
KNOWN_MAX = 100_000
"""Places remembered, so that most look-ups hash nothing."""
AMOUNT_MAX = 2**63 - 1
"""Nine million dollars, in one column and window; a sum stays there rather than turn negative."""


class Table(Struct, frozen=True):
    """One kind of sums: where in a column they begin, and how many there may be. Room that is unused is not taken."""

    start: int
    places: int

    @property
    def end(self) -> int:
        return self.start + _ENTRY * self.places


_INSIDE, _CLOSED, _NOTICED, _FIRST = 0, 1, 2, 3
_ENTRY = 3
"""Tag, window, sum."""
_NO_WINDOW = -1

SPENT = Table(_FIRST, 1 << 17)
"""What has been spent: kept when its worker dies."""
PACE = Table(SPENT.end, 1 << 16)
"""What has been asked for lately; apart, for it comes and goes by the minute."""
HELD = Table(PACE.end, 1 << 14)
"""What is held for requests under way: nothing, once their worker is dead."""
COLUMN = HELD.end


class Columns:
    """The numbers of `count` workers, and the one column in which this process writes."""

    def __init__(self, memory: mmap, count: int, mine: int) -> None:
        """`memory` has `size(count)` bytes, all zero when it is made."""
        self._cells = memoryview(memory).cast("q")
        self._inside = self._cells[_INSIDE::COLUMN]
        self._noticed = self._cells[_NOTICED::COLUMN]
        self._starts = [each * COLUMN for each in range(count)]
        self._mine = mine * COLUMN
        self._known: dict[tuple[int, str], tuple[int, int]] = {}

    @staticmethod
    def size(count: int) -> int:
        """Bytes of memory for so many workers."""
        return count * COLUMN * 8

    # requests under way

    @property
    def inside(self) -> int:
        """Requests under way in this worker."""
        return self._cells[self._mine + _INSIDE]

    @inside.setter
    def inside(self, count: int) -> None:
        self._cells[self._mine + _INSIDE] = count

    def inside_all(self) -> int:
        """Requests under way in all workers."""
        return sum(self._inside)

    # notices

    def notice(self) -> None:
        """From now on a notice may be in what clients send."""
        self._cells[self._mine + _NOTICED] = 1

    def noticed(self) -> bool:
        """Whether any worker has ever given one."""
        return any(self._noticed)

    # connections

    def close_one(self) -> None:
        """A connection handed to this worker is closed."""
        self._cells[self._mine + _CLOSED] += 1

    def closed(self, column: int) -> int:
        """How many of the connections handed to a worker are closed."""
        return self._cells[self._starts[column] + _CLOSED]

    def begin(self, column: int) -> None:
        """A new worker takes a column over: nothing is under way in it. What was spent stays."""
        start = self._starts[column]
        self._cells[start + _INSIDE] = 0
        self._cells[start + _CLOSED] = 0
        for at in range(start + HELD.start, start + HELD.end, _ENTRY):
            if self._cells[at + 2]:
                self._cells[at + 2] = 0

    # sums

    def add(self, table: Table, name: str, window: int, amount: int) -> int:
        """Add to a sum of this window (any number that names it; a new one begins at 0), and give the new total.

        Whoever adds first and looks then is let in at most once too often for each worker that asks at the same moment.
        """
        cells = self._cells
        at = self._place(self._mine + table.start, table, name, make=True)
        if cells[at + 1] != window:
            self._claim(at, cells[at], window)
        cells[at + 2] = max(-AMOUNT_MAX, min(AMOUNT_MAX, cells[at + 2] + amount))
        return self.total(table, name, window)

    def own(self, table: Table, name: str, window: int) -> int:
        """What this process has of a sum of this window."""
        at = self._place(self._mine + table.start, table, name, make=False)
        return self._cells[at + 2] if at >= 0 and self._cells[at + 1] == window else 0

    def total(self, table: Table, name: str, window: int) -> int:
        """A sum over all workers, as far as it belongs to this window."""
        cells = self._cells
        places = [self._place(start + table.start, table, name, make=False) for start in self._starts]
        return sum([cells[at + 2] for at in places if at >= 0 and cells[at + 1] == window])

    def _place(self, start: int, table: Table, name: str, make: bool) -> int:
        """Where a column keeps a sum, -1 where it has none. To make one, another near by may have to give way."""
        cells = self._cells
        known = self._known.get((start, name))
        if known is not None and cells[known[0]] == known[1]:
            return known[0]
        tag = tag_of(name.encode("utf-8", "surrogatepass"), 0) >> 1 or 1  # the cells are signed
        places = [start + (tag + step) % table.places * _ENTRY for step in range(NEAR)]
        at = next((each for each in places if cells[each] in (tag, 0)), -1)
        if at < 0 and make:
            at = min(places, key=lambda each: (cells[each + 2] != 0, cells[each + 1]))
        if at >= 0 and cells[at] != tag:
            if not make:
                return -1
            self._claim(at, tag, _NO_WINDOW)
        if at >= 0:
            if len(self._known) > KNOWN_MAX:
                self._known.clear()
            self._known[start, name] = at, tag
        return at

    def _claim(self, at: int, tag: int, window: int) -> None:
        """Begin a sum at 0, in an order in which no reader sees the old amount under the new name or window."""
        cells = self._cells
        cells[at + 1] = _NO_WINDOW
        cells[at + 2] = 0
        cells[at] = tag
        cells[at + 1] = window
