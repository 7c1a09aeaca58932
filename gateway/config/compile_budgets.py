"""Budgets and limits as they are written, to what is counted: shares of a limit become amounts."""

from decimal import Decimal

from gateway.budgets import types
from gateway.config import schema_budgets
from gateway.metering.types import PICOS_PER_USD


def compile_budget(budget: schema_budgets.Budget) -> types.Budget:
    """Amounts in pico-dollars or tokens; shares are rounded down to whole ones."""
    limit = int(budget.usd * PICOS_PER_USD) if budget.usd is not None else budget.tokens or 0
    return types.Budget(
        name=budget.name,
        per=budget.per,
        span=budget.window,
        zone=budget.timezone,
        unit="tokens" if budget.usd is None else "usd",
        limit=limit,
        warn_from=_of(limit, budget.warn_at),
        degrade_from=_of(limit, budget.degrade_at),
        degrade_to=budget.degrade_to or "",
        refuse_from=_of(limit, budget.refuse_at),
        teams=None if budget.teams is None else frozenset(budget.teams),
        users=None if budget.users is None else frozenset(budget.users),
    )


def compile_limit(limit: schema_budgets.RateLimit) -> types.RateLimit:
    """The limit with its names as sets."""
    return types.RateLimit(
        name=limit.name,
        per=limit.per,
        requests=limit.requests_per_minute,
        tokens=limit.tokens_per_minute,
        teams=None if limit.teams is None else frozenset(limit.teams),
        users=None if limit.users is None else frozenset(limit.users),
    )


def _of(limit: int, share: float | None) -> int | None:
    return None if share is None else int(limit * Decimal(str(share)))
