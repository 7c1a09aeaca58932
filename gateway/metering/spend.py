"""What was spent, from the ledger: totals for the metrics after a restart, and reports by whatever is asked.

Whole hours come from the hourly sums wherever they tell enough; threads and sessions are only in the rows. What is unpriced
is counted and never added up as 0.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from msgspec import Struct

from gateway.metering.ledger import Ledger, Row, exact_sum, total
from gateway.metering.ledger_schema import CALLER, PLACE
from gateway.metering.metrics import RequestRow, SpendRow
from gateway.metering.types import KINDS, usd

By = Literal["team", "user", "client", "agent", "route", "model", "provider", "thread", "session", "agent_tree"]
BY: tuple[By, ...] = get_args(By)
COLUMNS: Mapping[By, str] = {by: "session" if by == "agent_tree" else by for by in BY}
"""The column each stands for: a tree goes by the name of its session."""
HOUR_S = 3600
LINES_MAX = 10_000
"""Lines of one report; the smallest beyond it are left out and counted."""
_UNITS = {"m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 7 * 86_400.0}


class Line(Struct):
    """One line of a report: a name, what it spent as far as known, and what is not known."""

    name: str
    requests: int = 0
    picos: int = 0
    """The known part."""
    unpriced: int = 0
    """Requests whose dollars are missing, whole or in part."""
    estimated: int = 0
    """Requests whose usage the provider did not report."""
    tokens: dict[str, int] = {}

    @property
    def usd(self) -> str | None:
        """Exact dollars of the known part; None where nothing is known, which is not the same as 0."""
        return None if self.unpriced == self.requests != 0 and not self.picos else usd(self.picos)

    def add(self, other: "Line") -> None:
        """Take another line's amounts in."""
        self.requests += other.requests
        self.picos += other.picos
        self.unpriced += other.unpriced
        self.estimated += other.estimated
        for kind, count in other.tokens.items():
            self.tokens[kind] = self.tokens.get(kind, 0) + count


class Report(Struct, frozen=True):
    """Spend since a moment, largest first."""

    by: By
    since: float
    """Unix seconds; 0 for the beginning."""
    lines: tuple[Line, ...]
    total: Line
    left_out: int = 0
    """Lines beyond `LINES_MAX`; they are in the total."""


def is_of_rows(by: By) -> bool:
    """Whether a report by this name is made of single requests alone."""
    return by not in (*PLACE, *CALLER)


def since(word: str, now: float) -> float:
    """Unix seconds of `90m`, `24h`, `7d`, `2w`, `today`, `month`, `all`, a date, or an ISO time.

    Days are UTC, and so is a time that names no zone. ValueError for anything else.
    """
    word = word.strip()
    if word[-1:] in _UNITS and word[:-1].isdecimal():
        return max(0.0, now - int(word[:-1]) * _UNITS[word[-1]])
    today = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if word in ("today", "month", "all"):
        return {"today": today, "month": today.replace(day=1), "all": datetime.fromtimestamp(0, UTC)}[word].timestamp()
    try:
        moment = datetime.fromisoformat(word)
    except ValueError:
        raise ValueError(f"{word!r} is no time: write 24h, 7d, today, month, all, 2026-11-01 or an ISO time") from None
    return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def report(ledger: Ledger, by: By, since_at: float = 0.0, team: str | None = None) -> Report:
    """Spend by one name since a moment in Unix seconds, of one team or of all."""
    lines: dict[str, Line] = {}
    everything = Line(name="total", tokens={})
    for part in _parts(ledger, by, since_at, team):
        if part.name in lines:
            lines[part.name].add(part)
        else:
            lines[part.name] = part
        everything.add(part)
    ordered = sorted(lines.values(), key=lambda line: (-line.picos, -line.requests, line.name))
    shown = tuple(ordered[:LINES_MAX])
    return Report(by=by, since=since_at, lines=shown, total=everything, left_out=len(ordered) - len(shown))


def totals_for_metrics(ledger: Ledger, home: str = "") -> Iterator[SpendRow]:
    """Tokens and dollars of all time by place and kind, for counters that outlive a restart; of one home among several."""
    sums = [exact_sum(f"picos_{kind}", f"picos_{kind}") for kind in (*KINDS, "fee")]
    sums += [exact_sum(f"tokens_{kind}", f"tokens_{kind}") for kind in KINDS]
    query = f"SELECT team, route, model, provider, {', '.join(sums)} FROM hours_by_place{_of(home)} GROUP BY 1, 2, 3, 4"
    for row in ledger.rows(query, [home] if home else []):
        for kind in (*KINDS, "fee"):
            tokens = total(row, f"tokens_{kind}") if kind != "fee" else 0
            picos = total(row, f"picos_{kind}")
            if tokens or picos:
                yield row["team"], row["route"], row["model"], row["provider"], kind, tokens, picos


def requests_for_metrics(ledger: Ledger, home: str = "") -> Iterator[RequestRow]:
    """Requests of all time by place and status class; of one home among several."""
    query = (
        "SELECT team, route, model, provider, status_class, sum(requests) AS n FROM hours_by_place"
        f"{_of(home)} GROUP BY 1, 2, 3, 4, 5"
    )
    for row in ledger.rows(query, [home] if home else []):
        yield row["team"], row["route"], row["model"], row["provider"], row["status_class"], row["n"]


def _of(home: str) -> str:
    return " WHERE home = ?" if home else ""


def _parts(ledger: Ledger, by: By, since_at: float, team: str | None) -> Iterator[Line]:
    """Whole hours from the sums where there are some by this name, the rest from the rows."""
    table = "hours_by_place" if by in PLACE else "hours_by_caller" if by in CALLER else ""
    if not table:
        yield from _from_rows(ledger, by, since_at, None, team)
        return
    first_hour = -int(-since_at // HOUR_S)
    yield from _from_hours(ledger, table, by, first_hour, team)
    if since_at < first_hour * HOUR_S:
        yield from _from_rows(ledger, by, since_at, float(first_hour * HOUR_S), team)


def _from_hours(ledger: Ledger, table: str, by: By, first_hour: int, team: str | None) -> Iterator[Line]:
    tokens = ", ".join(exact_sum(f"tokens_{kind}", kind) for kind in KINDS)
    query = (
        f"SELECT {COLUMNS[by]} AS name, sum(requests) AS requests, sum(unpriced) AS unpriced, sum(estimated) AS estimated,"
        f" {exact_sum('picos', 'picos')}, {tokens} FROM {table} WHERE hour >= ?{_and_team(team)} GROUP BY 1"
    )
    return map(_line, ledger.rows(query, [first_hour, *([] if team is None else [team])]))


def _from_rows(ledger: Ledger, by: By, start: float, end: float | None, team: str | None) -> Iterator[Line]:
    tokens = ", ".join(exact_sum(kind, kind) for kind in KINDS)
    query = (
        f"SELECT {COLUMNS[by]} AS name, count(*) AS requests, count(*) FILTER (WHERE price_status != 'priced') AS unpriced,"
        f" count(*) FILTER (WHERE NOT exact) AS estimated, {exact_sum('picos', 'picos')}, {tokens} FROM requests"
        f" WHERE settled_at >= ?{'' if end is None else ' AND settled_at < ?'}{_and_team(team)} GROUP BY 1"
    )
    parameters: list[Any] = [start, *([] if end is None else [end]), *([] if team is None else [team])]
    return map(_line, ledger.rows(query, parameters))


def _and_team(team: str | None) -> str:
    return "" if team is None else " AND team = ?"


def _line(row: Row) -> Line:
    counts = ((kind, total(row, kind)) for kind in KINDS)
    return Line(
        name=row["name"],
        requests=row["requests"],
        picos=total(row, "picos"),
        unpriced=row["unpriced"],
        estimated=row["estimated"],
        tokens={kind: count for kind, count in counts if count},
    )
