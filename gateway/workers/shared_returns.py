"""The life table of resting threads where several workers count: a thread is answered by one and taken up with another."""

from cache.returns import FULL
from gateway.workers.columns import SPENT, Columns

_BETWEEN = "\0"
_EVER = 0
"""These sums have no window."""


class SharedCounts:
    """What `cache.returns.Counts` asks for, in shared memory. Each worker halves its own part of what is full."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._seen: dict[tuple[str, int], tuple[float, float]] = {}
        """What was looked up since the last `refresh`: a look goes over all workers."""

    def add(self, team: str, stretch: int, back: bool) -> None:
        came, through = names = _name(team, stretch, True), _name(team, stretch, False)
        self._columns.add(SPENT, came if back else through, _EVER, 1)
        if sum(self._columns.total(SPENT, name, _EVER) for name in names) > FULL:
            for name in names:
                self._columns.add(SPENT, name, _EVER, -(self._columns.own(SPENT, name, _EVER) // 2))
        self._seen.pop((team, stretch), None)

    def seen(self, team: str, stretch: int) -> tuple[float, float]:
        known = self._seen.get((team, stretch))
        if known is None:
            came, through = (float(self._columns.total(SPENT, _name(team, stretch, back), _EVER)) for back in (True, False))
            known = self._seen[team, stretch] = came, through
        return known

    def refresh(self) -> None:
        self._seen.clear()


def _name(team: str, stretch: int, back: bool) -> str:
    return _BETWEEN.join(("returns", team, str(stretch), "back" if back else "through"))
