"""What was spent beside what it would have cost otherwise, and what that saved and wasted by reason."""

from collections.abc import Iterator

from msgspec import Struct

from gateway.metering.ledger import Ledger, Row, exact_sum, total
from gateway.metering.ledger_savings import ALL_HOURS
from gateway.metering.spend import COLUMNS, HOUR_S, LINES_MAX, By
from gateway.metering.types import SavingRow

ALTERNATIVES = ("code", "general", "uncached", "stayed")
"""As the ledger's columns `if_…` name them."""


class Compared(Struct):
    """One line: what was spent, and what the same events would have cost. What is not known for an event is as it was."""

    name: str
    requests: int = 0
    picos: int = 0
    otherwise: dict[str, int] = {}
    """By alternative."""
    unknown: dict[str, int] = {}
    """Events by alternative for which it is not known."""
    wasted: int = 0
    """Paid to fill caches again."""

    def add(self, other: "Compared") -> None:
        """Take another line's amounts in."""
        self.requests += other.requests
        self.picos += other.picos
        self.wasted += other.wasted
        for name in ALTERNATIVES:
            self.otherwise[name] = self.otherwise.get(name, 0) + other.otherwise[name]
            self.unknown[name] = self.unknown.get(name, 0) + other.unknown[name]


class Saving(Struct, frozen=True):
    """What one reason saved or wasted."""

    what: str
    reason: str
    requests: int
    picos: int


class Comparison(Struct, frozen=True):
    """Lines since a moment, largest first, and what was saved and wasted since then, in whole hours."""

    by: By
    since: float
    lines: tuple[Compared, ...]
    total: Compared
    savings: tuple[Saving, ...]
    left_out: int = 0


def compare(ledger: Ledger, by: By, since_at: float, team: str | None = None) -> Comparison:
    """What events since a moment in Unix seconds cost and would have cost, of one team or of all."""
    columns = [exact_sum(f"coalesce(if_{name}, picos)", name) for name in ALTERNATIVES]
    columns += [f"count(*) FILTER (WHERE if_{name} IS NULL) AS no_{name}" for name in ALTERNATIVES]
    query = (
        f"SELECT {COLUMNS[by]} AS name, count(*) AS requests, {exact_sum('picos', 'picos')},"
        f" {exact_sum('wasted_picos', 'wasted')}, {', '.join(columns)} FROM requests"
        f" WHERE settled_at >= ?{_and_team(team)} GROUP BY 1"
    )
    lines = [_line(row) for row in ledger.rows(query, [since_at, *([] if team is None else [team])])]
    everything = Compared(name="total", otherwise={}, unknown={})
    for line in lines:
        everything.add(line)
    lines.sort(key=lambda line: (-line.picos, -line.requests, line.name))
    return Comparison(
        by=by,
        since=since_at,
        lines=tuple(lines[:LINES_MAX]),
        total=everything,
        savings=tuple(saved_since(ledger, since_at, team)),
        left_out=max(0, len(lines) - LINES_MAX),
    )


def saved_since(ledger: Ledger, since_at: float, team: str | None = None) -> Iterator[Saving]:
    """What was saved and wasted by reason in the hours since a moment, largest first; from sums, however long that is."""
    query = (
        f"SELECT what, reason, sum(requests) AS requests, {exact_sum('picos', 'picos')} FROM savings"
        f" WHERE hour >= ?{_and_team(team)} GROUP BY 1, 2 ORDER BY what, sum(picos / 1000000) DESC, reason"
    )
    first_hour = max(0, int(since_at // HOUR_S))
    for row in ledger.rows(query, [first_hour, *([] if team is None else [team])]):
        yield Saving(what=row["what"], reason=row["reason"], requests=row["requests"], picos=total(row, "picos"))


def savings(ledger: Ledger, home: str = "") -> Iterator[SavingRow]:
    """Since ever, for the metrics; of one home among several."""
    query = f"SELECT team, what, reason, picos FROM savings WHERE hour = ?{' AND home = ?' if home else ''}"
    for row in ledger.rows(query, [ALL_HOURS, *([home] if home else [])]):
        yield row["team"], row["what"], row["reason"], row["picos"]


def _and_team(team: str | None) -> str:
    return "" if team is None else " AND team = ?"


def _line(row: Row) -> Compared:
    return Compared(
        name=row["name"],
        requests=row["requests"],
        picos=total(row, "picos"),
        otherwise={name: total(row, name) for name in ALTERNATIVES},
        unknown={name: row[f"no_{name}"] for name in ALTERNATIVES},
        wasted=total(row, "wasted"),
    )
