"""Stays and moves of threads by their reason, each with what the other choice was expected to cost more; from the ledger."""

from collections.abc import Iterator

from msgspec import Struct

from gateway.metering.ledger import Ledger, Row, exact_sum, total
from gateway.metering.spend import LINES_MAX

_AT_ONCE = "CASE WHEN moved_from = '' THEN 0 ELSE coalesce(if_stayed - picos, 0) END"


class Chosen(Struct, frozen=True):
    """One reason, for one model instead of another."""

    reason: str
    moved: bool
    """The thread went to another model; else it stayed where it was."""
    model: str
    instead: str
    """The model that was weighed and not taken; where nothing was weighed, the one that the thread was on."""
    requests: int
    expected: int
    """Pico-dollars that the other was expected to cost more over the turns looked ahead; negative where money was not the
    reason."""
    unknown: int
    """Requests without such a sum: nothing was weighed, or a price is not known."""
    at_once: int
    """Pico-dollars that these requests alone would have cost more on the model the thread was on; 0 for who stayed."""


class Choices(Struct, frozen=True):
    """Lines since a moment, those with most requests first."""

    since: float
    lines: tuple[Chosen, ...]
    requests: int
    expected: int
    at_once: int
    left_out: int = 0


def choices(ledger: Ledger, since_at: float, team: str | None = None) -> Choices:
    """What was chosen since a moment in Unix seconds, by one team or all."""
    lines = sorted(_lines(ledger, since_at, team), key=lambda each: (-each.requests, each.reason, each.model, each.instead))
    return Choices(
        since=since_at,
        lines=tuple(lines[:LINES_MAX]),
        requests=sum(each.requests for each in lines),
        expected=sum(each.expected for each in lines),
        at_once=sum(each.at_once for each in lines),
        left_out=max(0, len(lines) - LINES_MAX),
    )


def _lines(ledger: Ledger, since_at: float, team: str | None) -> Iterator[Chosen]:
    query = (
        "SELECT reason, moved_from, model, instead, count(*) AS requests,"
        f" {exact_sum('coalesce(instead_picos, 0)', 'expected')}, count(*) - count(instead_picos) AS unknown,"
        f" {exact_sum(_AT_ONCE, 'at_once')}"
        " FROM requests WHERE settled_at >= ? AND (instead != '' OR moved_from != '')"
        f"{'' if team is None else ' AND team = ?'} GROUP BY 1, 2, 3, 4"
    )
    for row in ledger.rows(query, [since_at, *([] if team is None else [team])]):
        yield _line(row)


def _line(row: Row) -> Chosen:
    left = row["moved_from"].partition("/")[2]
    return Chosen(
        reason=row["reason"],
        moved=bool(left),
        model=row["model"],
        instead=row["instead"] or left,
        requests=row["requests"],
        expected=total(row, "expected"),
        unknown=row["unknown"],
        at_once=total(row, "at_once"),
    )
