"""How budgets stand, for the page, the API and the metrics."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from gateway.budgets.budgets import Budgets
from gateway.budgets.types import LEVELS, Account, Level
from gateway.metering.types import PICOS_PER_USD

SHOWN_MAX = 1_000
"""Accounts of one answer; the fullest."""


class Gauge(Struct, frozen=True):
    """What the metrics say of one budget, over all its accounts."""

    name: str
    fullest_share: float
    levels: dict[Level, int]
    """How many accounts are how far."""


def accounts(budgets: Budgets, at: float, team: str | None = None) -> list[Account]:
    """The accounts of one team or of all, fullest first."""
    return sorted(budgets.accounts(at, team), key=_fullest_first)[:SHOWN_MAX]


def of_teams(budgets: Budgets, at: float, team: str | None = None) -> list[Account]:
    """Only accounts of whole teams: one or two each, so that they can be shown beside a team's name."""
    return [each for each in budgets.accounts(at, team) if each.budget.per == "team"]


def gauges(found: Sequence[Account]) -> list[Gauge]:
    """By budget."""
    by_name: dict[str, list[Account]] = {}
    for each in found:
        by_name.setdefault(each.budget.name, []).append(each)
    return [
        Gauge(
            name=name,
            fullest_share=max(each.share for each in those),
            levels={level: sum(each.level == level for each in those) for level in LEVELS},
        )
        for name, those in by_name.items()
    ]


def as_json(account: Account) -> dict[str, Any]:
    """One account for a JSON writer; dollars are exact decimal strings."""
    budget = account.budget
    return {
        "budget": budget.name,
        "per": budget.per,
        "team": account.team,
        "who": account.who,
        "window": budget.span,
        "unit": budget.unit,
        "limit": _told(budget.limit, account),
        "spent": _told(account.spent, account),
        "reserved": _told(account.reserved, account),
        "remaining": _told(account.remaining, account),
        "share": round(account.share, 6),
        "level": account.level,
        "ends": account.ends,
        "unpriced_requests": account.unpriced,
    }


def _fullest_first(account: Account) -> tuple[float, str, str, str]:
    return -account.share, account.budget.name, account.team, account.who


def _told(units: int, account: Account) -> str | int:
    if account.budget.unit == "tokens":
        return units
    whole, rest = divmod(abs(units), PICOS_PER_USD)
    return f"{'-' if units < 0 else ''}{whole}.{rest:012}"
