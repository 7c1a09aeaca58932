"""What the built-in page says of money, from the ledger's hourly sums: a month is some ten thousand of them, a million
requests or not.
"""

from collections.abc import Iterator

from msgspec import Struct

from gateway.api.page_facts import Day, KindUse, Recent, TeamSpend, Unpriced, Worth
from gateway.api.page_sums import Sums
from gateway.metering.ledger import Ledger, Row, exact_sum, total
from gateway.metering.spend import HOUR_S, since
from gateway.metering.spend_compare import saved_since
from gateway.metering.types import KINDS

DAY_S = 86_400
DAYS_SHOWN = 31
HOURS_SHOWN = 24
RECENT_SHOWN = 12
UNPRICED_SHOWN = 20
UNPRICED_LOOKED_AT = 500
"""Newest requests without a price that are asked for the reason; the sums know only how many there are."""


class Money(Struct, frozen=True):
    """Spend by team and day."""

    teams: tuple[TeamSpend, ...]
    days: tuple[Day, ...]
    last_month_picos: int | None
    """None where nothing is known of it."""


def money(sums: Sums, now: float, team: str | None) -> Money:
    """This month, the one before and the last days, from one look at the sums."""
    month, today = int(since("month", now) // DAY_S), int(now // DAY_S)
    before = int(since("month", (month - 1) * DAY_S) // DAY_S)
    select = (
        f"team, hour / 24 AS day, sum(requests) AS requests, sum(unpriced) AS unpriced, {exact_sum('picos', 'picos')}"
    )
    teams: dict[str, TeamSpend] = {}
    days: dict[int, dict[str, int]] = {}
    for row in sums.rows(select, "team, day", min(before, today - DAYS_SHOWN + 1) * 24, now, team):
        picos, day, name = total(row, "picos"), row["day"], row["team"]
        of_day = days.setdefault(day, {})
        of_day[name] = of_day.get(name, 0) + picos
        if day >= month:
            teams[name] = _with(teams.get(name) or TeamSpend(name, 0, 0, 0, 0), row, picos, is_today=day == today)
    ordered = sorted(teams.values(), key=lambda each: (-each.month_picos, -each.requests_month, each.team))
    shown = range(today - DAYS_SHOWN + 1, today + 1)
    earlier = [sum(picos.values()) for day, picos in days.items() if before <= day < month]
    return Money(
        teams=tuple(ordered),
        days=tuple(Day(number=day, picos=days.get(day, {})) for day in shown) if days else (),
        last_month_picos=sum(earlier) if earlier else None,
    )


def _with(known: TeamSpend, row: Row, picos: int, *, is_today: bool) -> TeamSpend:
    return TeamSpend(
        team=known.team,
        today_picos=known.today_picos + picos * is_today,
        month_picos=known.month_picos + picos,
        requests_today=known.requests_today + row["requests"] * is_today,
        requests_month=known.requests_month + row["requests"],
        unpriced=known.unpriced + row["unpriced"],
    )


def hours(ledger: Ledger, now: float, team: str | None) -> tuple[int, ...]:
    """Known cost of the last hours, oldest first."""
    last = int(now // HOUR_S)
    query = f"SELECT hour, {exact_sum('picos', 'picos')} FROM hours_by_place WHERE hour > ?{_and_team(team)} GROUP BY hour"
    sums = {row["hour"]: total(row, "picos") for row in ledger.rows(query, _values(last - HOURS_SHOWN, team))}
    return tuple(sums.get(hour, 0) for hour in range(last - HOURS_SHOWN + 1, last + 1))


def kinds(sums: Sums, now: float, team: str | None) -> tuple[KindUse, ...]:
    """This month by kind; the dollars of a kind that has tokens and no price at all are unknown."""
    columns = [exact_sum(f"{what}_{kind}", f"{what}_{kind}") for what in ("tokens", "picos") for kind in KINDS]
    select = f"team, sum(unpriced) AS unpriced, {', '.join(columns)}"
    rows = sums.rows(select, "team", int(since("month", now) // HOUR_S), now, team)
    missing = None if any(row["unpriced"] for row in rows) else 0
    return tuple(
        KindUse(kind=kind, tokens=tokens, picos=sum(total(row, f"picos_{kind}") for row in rows) or missing)
        for kind in KINDS
        if (tokens := sum(total(row, f"tokens_{kind}") for row in rows))
    )


def worths(ledger: Ledger, now: float, team: str | None) -> tuple[Worth, ...]:
    """What was saved and wasted this month by reason, the largest first."""
    found = (Worth(each.what, each.reason, each.picos) for each in saved_since(ledger, since("month", now), team))
    return tuple(sorted((each for each in found if each.picos), key=lambda each: -each.picos))


def recent(ledger: Ledger, team: str | None) -> tuple[Recent, ...]:
    """The requests that ended last, newest first."""
    names = Recent.__struct_fields__
    columns = ", ".join(f"settled_at AS {name}" if name == "at" else name for name in names)
    query = f"SELECT {columns} FROM requests WHERE settled_at IS NOT NULL{_and_team(team)} ORDER BY settled_at DESC LIMIT ?"
    rows = ledger.rows(query, [*([] if team is None else [team]), RECENT_SHOWN])
    return tuple(Recent(**{name: row[name] for name in names}) for row in rows)


def unpriced(ledger: Ledger, now: float, team: str | None) -> tuple[Unpriced, ...]:
    """Models without a whole price this month, by the sums; why, by the newest rows."""
    start = since("month", now)
    query = (
        "SELECT model, provider, sum(unpriced) AS n FROM hours_by_place"
        f" WHERE hour >= ? AND unpriced > 0{_and_team(team)} GROUP BY model, provider"
        " ORDER BY n DESC, model, provider LIMIT ?"
    )
    rows = ledger.rows(query, [*_values(int(start // HOUR_S), team), UNPRICED_SHOWN])
    reasons = dict(_reasons(ledger, start, team)) if rows else {}
    return tuple(
        Unpriced(row["model"], row["provider"], reasons.get((row["model"], row["provider"]), ""), row["n"]) for row in rows
    )


def _reasons(ledger: Ledger, start: float, team: str | None) -> Iterator[tuple[tuple[str, str], str]]:
    query = (
        "SELECT model, provider, price_reason FROM requests WHERE settled_at >= ? AND price_status != 'priced'"
        f"{_and_team(team)} ORDER BY settled_at DESC LIMIT ?"
    )
    for row in reversed(ledger.rows(query, [*_values(start, team), UNPRICED_LOOKED_AT])):
        yield (row["model"], row["provider"]), row["price_reason"]


def _and_team(team: str | None) -> str:
    return "" if team is None else " AND team = ?"


def _values(first: float, team: str | None) -> list[float | str]:
    return [first] if team is None else [first, team]
