"""What was paid to fill prompt caches again that had been there, by cause, client and team; from the rows of the ledger."""

from collections.abc import Iterator

from msgspec import Struct

from gateway.metering.ledger import Ledger, Row, exact_sum, total
from gateway.metering.spend import LINES_MAX


class Wasted(Struct, frozen=True):
    """One cause at one client of one team."""

    cause: str
    client: str
    team: str
    requests: int
    picos: int
    """Above the warm price of the same requests, where known."""
    unknown: int
    """Requests that missed, whose price is not known."""


class Waste(Struct, frozen=True):
    """Lines since a moment, dearest first."""

    since: float
    lines: tuple[Wasted, ...]
    picos: int
    requests: int
    left_out: int = 0


def waste(ledger: Ledger, since_at: float, team: str | None = None) -> Waste:
    """What was lost since a moment in Unix seconds, by one team or all."""
    lines = sorted(_lines(ledger, since_at, team), key=lambda each: (-each.picos, -each.requests, each.cause, each.client))
    return Waste(
        since=since_at,
        lines=tuple(lines[:LINES_MAX]),
        picos=sum(each.picos for each in lines),
        requests=sum(each.requests for each in lines),
        left_out=max(0, len(lines) - LINES_MAX),
    )


def _lines(ledger: Ledger, since_at: float, team: str | None) -> Iterator[Wasted]:
    query = (
        f"SELECT wasted_cause AS cause, client, team, count(*) AS requests, {exact_sum('wasted_picos', 'picos')},"
        " count(*) - count(wasted_picos) AS unknown FROM requests"
        f" WHERE settled_at >= ? AND wasted_cause != ''{'' if team is None else ' AND team = ?'} GROUP BY 1, 2, 3"
    )
    for row in ledger.rows(query, [since_at, *([] if team is None else [team])]):
        yield _line(row)


def _line(row: Row) -> Wasted:
    return Wasted(
        cause=row["cause"],
        client=row["client"],
        team=row["team"],
        requests=row["requests"],
        picos=total(row, "picos"),
        unknown=row["unknown"],
    )
