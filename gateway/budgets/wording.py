"""How budgets and limits are told to people: one sentence that says whose it is, how much, and when it begins anew."""

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from gateway.budgets.types import Account, Unit
from gateway.metering.types import PICOS_PER_USD


def amount(units: int, unit: Unit) -> str:
    """`$12.50` or `1,200,000 tokens`; cents rounded down, so that what is spent never looks like more than it is."""
    if unit == "tokens":
        return f"{units:,} tokens"
    return f"${Decimal(units * 100 // PICOS_PER_USD) / 100:,.2f}"


def owner(account: Account) -> str:
    """Whose account it is."""
    what = {"team": "team", "user": "user", "key": "key", "agent_tree": "session"}[account.budget.per]
    return f"{what} {account.who or account.team}" if account.budget.per != "user" else f"user {account.who or '(unnamed)'}"


def renewal(account: Account) -> str:
    """When the window ends, on the clock of its place; empty for one that never does."""
    if account.ends is None:
        return ""
    at = datetime.fromtimestamp(account.ends, ZoneInfo(account.budget.zone))
    return f"{at:%Y-%m-%d %H:%M} {account.budget.zone}"


def warning(account: Account) -> str:
    """What a caller near its limit is told."""
    budget = account.budget
    again = renewal(account)
    told = (
        f"budget {budget.name}: {account.share:.0%} of {amount(budget.limit, budget.unit)} used by {owner(account)}"
        f"{f', begins anew {again}' if again else ''}"
    )
    return f"{told}; automatic routing goes to {budget.degrade_to}" if account.level == "degrade" else told


def spent(account: Account) -> str:
    """What a caller beyond its limit is told."""
    budget = account.budget
    again = renewal(account)
    return (
        f"The budget {budget.name} of {owner(account)} is used up: {amount(account.used, budget.unit)} of"
        f" {amount(budget.limit, budget.unit)}{f'. It begins anew on {again}' if again else ''}"
    )
