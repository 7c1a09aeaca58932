"""What identifies a price for good: the name of a row of the table and of one of its prices, as events keep it.

`2026-11-25/openai/gpt-5.6-sol;since=2026-08-21;tier=flex;over=272000` is the table's day, the row, the day its period began,
the service tier, and the input tokens it holds above; `;off_peak` ends one of the quiet hours.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from msgspec import Struct

from gateway.metering.price_table import STANDARD, Period, Table, periods

CONTRACT = "contract/"
"""How the names of agreed prices begin."""


class RowName(Struct, frozen=True):
    """The parts of a name."""

    table: str
    """Day the table was compiled, ISO."""
    row: str
    """`provider/model`."""
    since: str = ""
    """Day its period began, ISO; empty for the first."""
    tier: str = STANDARD
    over: int = 0
    off_peak: bool = False

    def __str__(self) -> str:
        parts = [f"{self.table}/{self.row}"]
        parts += [
            f"{key}={value}" for key, value in (("since", self.since), ("tier", self.tier), ("over", self.over)) if value
        ]
        return ";".join(parts + ["off_peak"] * self.off_peak)


def day_of(since: int) -> str:
    """A period's day, empty for the one from the beginning."""
    return f"{datetime.fromtimestamp(since, UTC):%Y-%m-%d}" if since else ""


def parsed(text: str) -> RowName | None:
    """A name as its parts; None for anything else."""
    head, *words = text.split(";")
    table, slash, row = head.partition("/")
    try:
        datetime.strptime(table, "%Y-%m-%d")
        known = dict(word.partition("=")[::2] for word in words)
        over = int(known.get("over", "0"))
    except ValueError:
        return None
    if not slash or not row or not known.keys() <= {"since", "tier", "over", "off_peak"}:
        return None
    return RowName(table, row, known.get("since", ""), known.get("tier", STANDARD), over, "off_peak" in known)


def period_of(table: Table, name: RowName) -> Period | None:
    """The period a name means; None where this table has it not, or is another day's."""
    row = table.rows.get(name.row)
    if row is None or name.table != table.as_of:
        return None
    return next((each for each in periods(row) if day_of(each.since) == name.since), None)


def listed(period: Period, chosen: str, over: int, off_peak: bool) -> Mapping[str, int] | None:
    """The prices of a band, before surcharges; None where the period has no such band."""
    if off_peak:
        return period.off_peak
    return next((band.kinds for band in period.tiers[chosen] if band.over == over), None)
