"""Sums over the ledger's hours that cost the same after a month as after a minute.

What whole hours add up to is kept; asked again, only the running hour is added up. Requests that were booked late into an
hour that is over, as after a crash or a full disk, are noticed by their rows, corrections by theirs, and then everything
is added up anew.
"""

from collections import OrderedDict
from collections.abc import Sequence

from msgspec import Struct

from gateway.metering.ledger import Ledger, Row
from gateway.metering.spend import HOUR_S

KEPT_MAX = 64
"""Answers kept: two questions for everyone and for each team whose people look at the page; some 10 kB each."""
PIECES_MAX = 24
"""Hours that are put beside an answer as they end, until everything is added up anew."""


class _Kept(Struct):
    rows: Sequence[Row]
    until: int
    """The first hour that is not in it."""
    seen: int
    """The newest request that was looked at; rows are only ever appended."""
    corrected: float = 0.0
    """When the newest correction was made."""
    pieces: int = 0


class Sums:
    """Answers questions about hours from what is kept and the running hour. Any thread may ask."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._kept: OrderedDict[tuple[str, int, str | None], _Kept] = OrderedDict()

    def rows(self, select: str, group: str, first_hour: int, now: float, team: str | None) -> Sequence[Row]:
        """Rows of a grouped query over `hours_by_place`; a group may come several times, for several stretches of hours."""
        running = int(now // HOUR_S)
        key = (select, first_hour, team)
        newest = self.ledger.rows("SELECT max(rowid) AS n FROM requests")[0]["n"] or 0
        corrected = self.ledger.rows("SELECT max(at) AS at FROM corrections")[0]["at"] or 0.0
        kept = self._kept.get(key)
        if kept is not None and kept.corrected != corrected:
            kept = None
        if kept is None or kept.pieces > PIECES_MAX or running < kept.until or self._late(kept.seen, newest, kept.until):
            kept = _Kept(self._grouped(select, group, first_hour, running, team), running, newest, corrected)
        elif running > kept.until:
            more = self._grouped(select, group, kept.until, running, team)
            kept = _Kept([*kept.rows, *more], running, newest, corrected, kept.pieces + 1)
        else:
            kept = _Kept(kept.rows, running, newest, corrected, kept.pieces)
        self._kept[key] = kept
        while len(self._kept) > KEPT_MAX:
            self._kept.popitem(last=False)
        return [*kept.rows, *self._grouped(select, group, running, running + 1, team)]

    def _late(self, seen: int, newest: int, until: int) -> bool:
        """Whether a request was booked since into an hour that is kept."""
        query = "SELECT EXISTS (SELECT 1 FROM requests WHERE rowid > ? AND rowid <= ? AND settled_at < ?) AS late"
        return bool(self.ledger.rows(query, (seen, newest, until * HOUR_S))[0]["late"])

    def _grouped(self, select: str, group: str, start: int, end: int, team: str | None) -> Sequence[Row]:
        whose, values = ("", [start, end]) if team is None else (" AND team = ?", [start, end, team])
        query = f"SELECT {select} FROM hours_by_place WHERE hour >= ? AND hour < ?{whose} GROUP BY {group}"
        return self.ledger.rows(query, values)
