"""When a budget's window begins and ends: days, weeks and months by the wall clock of a place, daylight saving included."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from gateway.budgets.types import Span


class Window(Struct, frozen=True):
    """Unix seconds, `end` exclusive; both None for all time."""

    start: float
    end: float | None

    def holds(self, at: float) -> bool:
        return at >= self.start and (self.end is None or at < self.end)


def window(span: Span, zone: str, at: float) -> Window:
    """The window that holds a moment in Unix seconds."""
    if span == "total":
        return Window(start=0.0, end=None)
    midnight = datetime.fromtimestamp(at, ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if span == "day":
        start, end = midnight, midnight + timedelta(days=1)
    elif span == "week":
        start = midnight - timedelta(days=midnight.weekday())
        end = start + timedelta(days=7)
    else:
        start = midnight.replace(day=1)
        end = (start + timedelta(days=32)).replace(day=1)
    return Window(start=start.timestamp(), end=end.timestamp())
