"""What budgets had spent before: read from the ledger, so that a restart or a kill forgets nothing."""

from collections.abc import Iterable, Iterator

from gateway.budgets.types import Before, Budget
from gateway.budgets.window import window
from gateway.metering.ledger import Ledger, Row, exact_sum, total
from gateway.metering.types import KINDS

HOUR_S = 3600
_WHO = {"team": "''", "user": "user", "key": "key_id", "agent_tree": "session"}


def past(ledger: Ledger, budgets: Iterable[Budget], now: float) -> list[tuple[Budget, Before]]:
    """What these had spent in their present windows before `now`. Raises what is `UNREADABLE`."""
    return [(budget, before) for budget in budgets for before in spent_before(ledger, budget, now)]


def spent_before(ledger: Ledger, budget: Budget, now: float) -> Iterator[Before]:
    """By account, what was settled in the present window before `now`. Whole hours come from the sums where those do."""
    start = window(budget.span, budget.zone, now).start
    first, last = -int(-start // HOUR_S), int(now // HOUR_S)
    if budget.per in ("key", "agent_tree") or first >= last:
        yield from _from_rows(ledger, budget, start, now)
        return
    yield from _from_rows(ledger, budget, start, float(first * HOUR_S))
    yield from _from_hours(ledger, budget, first, last)
    yield from _from_rows(ledger, budget, float(last * HOUR_S), now)


def _from_rows(ledger: Ledger, budget: Budget, start: float, end: float) -> Iterator[Before]:
    if start >= end:
        return
    tokens = " + ".join(KINDS)
    sums = exact_sum("picos" if budget.unit == "usd" else f"({tokens})", "amount")
    unpriced = f"count(*) FILTER (WHERE price_status != 'priced' AND {tokens} > 0) AS unpriced"
    yield from _asked(ledger, budget, f"{sums}, {unpriced}", "requests", "settled_at >= ? AND settled_at < ?", [start, end])


def _from_hours(ledger: Ledger, budget: Budget, first: int, last: int) -> Iterator[Before]:
    tokens = " + ".join(f"tokens_{kind}" for kind in KINDS)
    sums = exact_sum("picos" if budget.unit == "usd" else f"({tokens})", "amount")
    where = "hour >= ? AND hour < ?"
    yield from _asked(ledger, budget, f"{sums}, sum(unpriced) AS unpriced", "hours_by_caller", where, [first, last])


def _asked(
    ledger: Ledger, budget: Budget, sums: str, table: str, where: str, bounds: list[float] | list[int]
) -> Iterator[Before]:
    values: list[float | str] = [*bounds]
    for column, names in (("team", budget.teams), ("user", budget.users)):
        if names is not None:
            where += f" AND {column} IN ({', '.join('?' for _ in names)})"
            values += sorted(names)
    query = f"SELECT team, {_WHO[budget.per]} AS who, {sums} FROM {table} WHERE {where} GROUP BY 1, 2"  # noqa: S608 - our words
    yield from map(_before, ledger.rows(query, values))


def _before(row: Row) -> Before:
    return Before(team=row["team"], who=row["who"], amount=total(row, "amount"), unpriced=row["unpriced"] or 0)
