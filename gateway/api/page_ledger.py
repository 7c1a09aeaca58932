"""Gathers what the built-in page shows: money from the ledger's hourly sums, threads from memory."""

from collections import Counter

from cache.types import ThreadRecord
from gateway.api.page_facts import KindUse, PageFacts, Recent, TeamSpend, ThreadLine, Unpriced
from gateway.foresight import resumed
from gateway.house import House
from gateway.metering.ledger import Ledger, exact_sum, total
from gateway.metering.resume import resume_cost
from gateway.metering.spend import HOUR_S, Line, Report, report, since
from gateway.metering.types import KINDS

HOURS_SHOWN = 24
RECENT_SHOWN = 25
THREADS_SHOWN = 25
THREADS_COUNTED = 1000
"""Threads whose state is counted for the page; the newest."""
UNPRICED_SHOWN = 20


def gather(house: House, ledger: Ledger, team: str | None, base_url: str, version: str, simulated: bool) -> PageFacts:
    """The page's facts for one team, or for everyone where it is None."""
    now = house.wall()
    month = report(ledger, "team", since("month", now), team)
    today = report(ledger, "team", since("today", now), team)
    records = house.threads.recent(THREADS_COUNTED, team)
    states: Counter[str] = Counter(resumed(record, house.forecast, now).state for record in records)
    error = house.live.error
    return PageFacts(
        now=now,
        base_url=base_url,
        version=version,
        teams=_teams(month, today),
        hours=_hours(ledger, now, team),
        kinds=_kinds(ledger, now, team, month.total),
        recent=_recent(ledger, team),
        threads=tuple(_thread(record, house, now) for record in records[:THREADS_SHOWN]),
        states=dict(states),
        unpriced=_unpriced(ledger, now, team),
        config_error="" if error is None else "\n".join(str(problem) for problem in error.problems),
        keys_configured=house.keys.configured,
        simulated=simulated,
        viewer=team,
    )


def _teams(month: Report, today: Report) -> tuple[TeamSpend, ...]:
    so_far = {line.name: line for line in today.lines}
    nothing = Line(name="")
    return tuple(
        TeamSpend(
            team=line.name,
            today_picos=so_far.get(line.name, nothing).picos,
            month_picos=line.picos,
            requests_today=so_far.get(line.name, nothing).requests,
            requests_month=line.requests,
            unpriced=line.unpriced,
        )
        for line in month.lines
    )


def _hours(ledger: Ledger, now: float, team: str | None) -> tuple[int, ...]:
    last = int(now // HOUR_S)
    query = f"SELECT hour, {exact_sum('picos', 'picos')} FROM hours_by_place WHERE hour > ?"
    query += ("" if team is None else " AND team = ?") + " GROUP BY hour"
    sums = {row["hour"]: total(row, "picos") for row in ledger.rows(query, _values(last - HOURS_SHOWN, team))}
    return tuple(sums.get(hour, 0) for hour in range(last - HOURS_SHOWN + 1, last + 1))


def _kinds(ledger: Ledger, now: float, team: str | None, month: Line) -> tuple[KindUse, ...]:
    """This month by kind; the dollars of a kind that has tokens and no price at all are unknown."""
    columns = ", ".join(exact_sum(f"picos_{kind}", kind) for kind in KINDS)
    query = f"SELECT {columns} FROM hours_by_place WHERE hour >= ?" + ("" if team is None else " AND team = ?")
    (sums,) = ledger.rows(query, _values(int(since("month", now) // HOUR_S), team))
    missing = None if month.unpriced else 0
    return tuple(
        KindUse(kind=kind, tokens=tokens, picos=total(sums, kind) or missing)
        for kind in KINDS
        if (tokens := month.tokens.get(kind, 0))
    )


def _values(first: float, team: str | None) -> list[float | str]:
    return [first] if team is None else [first, team]


def _recent(ledger: Ledger, team: str | None) -> tuple[Recent, ...]:
    query = "SELECT * FROM requests WHERE settled_at IS NOT NULL" + ("" if team is None else " AND team = ?")
    query += " ORDER BY settled_at DESC LIMIT ?"
    rows = ledger.rows(query, [*([] if team is None else [team]), RECENT_SHOWN])
    return tuple(
        Recent(
            at=row["settled_at"],
            team=row["team"],
            client=row["client"],
            agent=row["agent"],
            model_asked=row["model_asked"],
            model=row["model"],
            route=row["route"],
            reason=row["reason"],
            cache_state=row["cache_state"],
            cache_observed=row["cache_observed"],
            picos=row["picos"],
            outcome=row["outcome"],
            status=row["status"],
        )
        for row in rows
    )


def _thread(record: ThreadRecord, house: House, now: float) -> ThreadLine:
    freshness = resumed(record, house.forecast, now)
    cost = resume_cost(record, house.prices, now)
    return ThreadLine(
        thread=record.thread,
        team=record.team,
        client=record.client,
        model=record.model,
        state=freshness.state,
        idle_s=max(0.0, now - record.last_end),
        expected_read_tokens=freshness.expected_read_tokens,
        warm_until=freshness.warm_until,
        if_warm_picos=cost.warm_picos,
        if_cold_picos=cost.cold_picos,
    )


def _unpriced(ledger: Ledger, now: float, team: str | None) -> tuple[Unpriced, ...]:
    """Models without a whole price this month; the sums say which, the rows say why."""
    start = since("month", now)
    query = (
        "SELECT model, provider, price_reason, count(*) AS n FROM requests"
        " WHERE settled_at >= ? AND price_status != 'priced'"
        + ("" if team is None else " AND team = ?")
        + " GROUP BY model, provider, price_reason ORDER BY n DESC LIMIT ?"
    )
    rows = ledger.rows(query, [*_values(start, team), UNPRICED_SHOWN])
    return tuple(
        Unpriced(model=row["model"], provider=row["provider"], reason=row["price_reason"], requests=row["n"]) for row in rows
    )
