"""What was spent, from the ledger: totals for the metrics after a restart, and reports by whatever is asked.

Reports by team, route and model read the hourly sums; users, threads, clients and agents are only in the rows. Sums are
made in Python, so they cannot overflow; what is unpriced is counted and never added up as 0.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

from msgspec import Struct

from gateway.metering.ledger import Ledger
from gateway.metering.ledger_rows import HOUR_S
from gateway.metering.metrics import RequestRow, SpendRow
from gateway.metering.types import KINDS

By = Literal["team", "user", "client", "agent", "route", "model", "provider", "thread", "session"]
BY: tuple[By, ...] = ("team", "user", "client", "agent", "route", "model", "provider", "thread", "session")
_BY_HOUR = frozenset(("team", "route", "model", "provider"))
LINES_MAX = 10_000
"""Lines of one report; the smallest beyond it are left out and counted."""
_KINDS: tuple[str, ...] = KINDS
_UNITS = {"m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 7 * 86_400.0}


class Line(Struct):
    """One line of a report: a name, what it spent as far as known, and what is not known."""

    name: str
    requests: int = 0
    picos: int = 0
    unpriced: int = 0
    """Requests whose dollars are missing, whole or in part."""
    estimated: int = 0
    """Requests whose usage the provider did not report."""
    tokens: dict[str, int] = {}

    @property
    def usd(self) -> str:
        """Exact dollars."""
        return usd(self.picos)


class Report(Struct, frozen=True):
    """Spend since a moment, largest first."""

    by: By
    since: float
    """Unix seconds; 0 for the beginning."""
    lines: tuple[Line, ...]
    total: Line
    left_out: int = 0
    """Lines beyond `LINES_MAX`; they are in the total."""


def usd(picos: int) -> str:
    """Pico-dollars as an exact decimal."""
    return f"{Decimal(picos).scaleb(-12):f}"


def since(word: str, now: float) -> float:
    """Unix seconds of `90m`, `24h`, `7d`, `2w`, `today`, `month`, a date, or an ISO time (UTC where it names no zone).

    ValueError for anything else.
    """
    word = word.strip()
    if word[-1:] in _UNITS and word[:-1].isdigit():
        return max(0.0, now - int(word[:-1]) * _UNITS[word[-1]])
    today = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if word == "today":
        return today.timestamp()
    if word == "month":
        return today.replace(day=1).timestamp()
    try:
        moment = datetime.fromisoformat(word)
    except ValueError:
        raise ValueError(f"{word!r} is no time: write 24h, 7d, today, month, 2026-11-01 or an ISO time") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def report(ledger: Ledger, by: By, since_at: float = 0.0, team: str | None = None) -> Report:
    """Spend by one name since a moment, of one team or of all."""
    lines: dict[str, Line] = {}
    for name, requests, picos, unpriced, estimated, tokens in _parts(ledger, by, since_at, team):
        line = lines.get(name)
        if line is None:
            line = lines[name] = Line(name=name, tokens={})
        _add(line, requests, picos, unpriced, estimated, tokens)
    total = Line(name="total", tokens={})
    for line in lines.values():
        _add(total, line.requests, line.picos, line.unpriced, line.estimated, line.tokens)
    ordered = sorted(lines.values(), key=lambda line: (-line.picos, -line.requests, line.name))
    return Report(
        by=by, since=since_at, lines=tuple(ordered[:LINES_MAX]), total=total, left_out=max(0, len(ordered) - LINES_MAX)
    )


def totals_for_metrics(ledger: Ledger) -> Iterator[SpendRow]:
    """Tokens and dollars of all time by place and kind, for counters that go on after a restart."""
    sums: dict[tuple[str, ...], list[int]] = {}
    for row in ledger.rows("SELECT * FROM hours"):
        place = (row["team"], row["route"], row["model"], row["provider"])
        for kind in _KINDS:
            if row[f"tokens_{kind}"] or row[f"picos_{kind}"]:
                found = sums.setdefault((*place, kind), [0, 0])
                found[0] += row[f"tokens_{kind}"]
                found[1] += row[f"picos_{kind}"]
        if row["picos_fee"]:
            sums.setdefault((*place, "fee"), [0, 0])[1] += row["picos_fee"]
    for (team, route, model, provider, kind), (tokens, picos) in sums.items():
        yield team, route, model, provider, kind, tokens, picos


def requests_for_metrics(ledger: Ledger) -> Iterator[RequestRow]:
    """Requests of all time by place and status class."""
    query = (
        "SELECT team, route, model, provider, status_class, sum(requests) AS n FROM hours"
        " GROUP BY team, route, model, provider, status_class"
    )
    for row in ledger.rows(query):
        yield row["team"], row["route"], row["model"], row["provider"], row["status_class"], row["n"]


Part = tuple[str, int, int, int, int, Mapping[str, int]]
"""Name, requests, picos, unpriced, estimated, tokens by kind."""


def _parts(ledger: Ledger, by: By, since_at: float, team: str | None) -> Iterator[Part]:
    """Whole hours from the sums where they tell enough, the rest from the rows."""
    first_hour = -int(-since_at // HOUR_S)
    if by not in _BY_HOUR:
        yield from _from_rows(ledger, by, since_at, None, team)
        return
    yield from _from_hours(ledger, by, first_hour, team)
    if since_at < first_hour * HOUR_S:
        yield from _from_rows(ledger, by, since_at, float(first_hour * HOUR_S), team)


def _from_hours(ledger: Ledger, by: By, first_hour: int, team: str | None) -> Iterator[Part]:
    tokens = ", ".join(f"tokens_{kind}" for kind in _KINDS)
    query = f"SELECT {by} AS name, requests, picos, unpriced, {tokens} FROM hours WHERE hour >= ?"
    for row in ledger.rows(*_of_team(query, [first_hour], team)):
        counts = {kind: row[f"tokens_{kind}"] for kind in _KINDS if row[f"tokens_{kind}"]}
        yield row["name"], row["requests"], row["picos"], row["unpriced"], 0, counts


def _from_rows(ledger: Ledger, by: By, start: float, end: float | None, team: str | None) -> Iterator[Part]:
    query = (
        f"SELECT {by} AS name, picos, price_status, exact, {', '.join(_KINDS)} FROM requests"
        " WHERE settled_at IS NOT NULL AND settled_at >= ?"
    )
    parameters: list[Any] = [start]
    if end is not None:
        query += " AND settled_at < ?"
        parameters.append(end)
    for row in ledger.rows(*_of_team(query, parameters, team)):
        counts = {kind: row[kind] for kind in _KINDS if row[kind]}
        yield row["name"], 1, row["picos"] or 0, row["price_status"] != "priced", not row["exact"], counts


def _of_team(query: str, parameters: list[Any], team: str | None) -> tuple[str, list[Any]]:
    return (query, parameters) if team is None else (f"{query} AND team = ?", [*parameters, team])


def _add(line: Line, requests: int, picos: int, unpriced: int, estimated: int, tokens: Mapping[str, int]) -> None:
    line.requests += requests
    line.picos += picos
    line.unpriced += unpriced
    line.estimated += estimated
    for kind, count in tokens.items():
        line.tokens[kind] = line.tokens.get(kind, 0) + count
