"""The vocabulary of budgets: whose spend is counted together, how long, up to where, and how full an account is."""

from typing import Literal

from msgspec import Struct

Per = Literal["team", "user", "key", "agent_tree"]
"""Whose spend is counted together. An agent tree is a session with all the sub-agents it started."""
Span = Literal["day", "week", "month", "total"]
Unit = Literal["usd", "tokens"]
Level = Literal["fine", "warn", "degrade", "refuse"]
LEVELS: tuple[Level, ...] = ("fine", "warn", "degrade", "refuse")


class Budget(Struct, frozen=True):
    """One budget, compiled. Every team, user, key or tree it fits has an account of its own under it.

    Amounts are pico-dollars or tokens; a threshold that is None is never reached.
    """

    name: str
    per: Per
    span: Span
    zone: str
    """IANA name of the time zone whose midnights begin a day, a week (on Monday) and a month."""
    unit: Unit
    limit: int
    warn_from: int | None = None
    degrade_from: int | None = None
    degrade_to: str = ""
    """Route for what is left to the gateway, once `degrade_from` is reached."""
    refuse_from: int | None = None
    teams: frozenset[str] | None = None
    """Only these; None for all."""
    users: frozenset[str] | None = None

    def counts_like(self, other: "Budget") -> bool:
        """Whether both have the same accounts, so that what one has counted holds for the other."""
        return (self.per, self.span, self.zone, self.unit, self.teams, self.users) == (
            other.per, other.span, other.zone, other.unit, other.teams, other.users,
        )  # fmt: skip


class RateLimit(Struct, frozen=True):
    """How much a minute; None where it does not count that."""

    name: str
    per: Per
    requests: int | None = None
    tokens: int | None = None
    teams: frozenset[str] | None = None
    users: frozenset[str] | None = None


class Before(Struct, frozen=True):
    """What an account had spent of its present window before a moment."""

    team: str
    who: str
    amount: int
    unpriced: int


class Account(Struct, frozen=True):
    """How one account stands at a moment."""

    budget: Budget
    team: str
    who: str
    """User, key or session under the team; empty for the team itself."""
    spent: int
    """Settled since the window began, in the budget's unit."""
    reserved: int
    """Held for requests that are under way."""
    ends: float | None
    """Unix seconds at which the window ends; None for one that never does."""
    unpriced: int = 0
    """Requests in the window whose dollars are not known, or not whole: they are missing in `spent`."""

    @property
    def used(self) -> int:
        return self.spent + self.reserved

    @property
    def remaining(self) -> int:
        return max(0, self.budget.limit - self.used)

    @property
    def share(self) -> float:
        return self.used / self.budget.limit if self.budget.limit else 1.0

    @property
    def level(self) -> Level:
        budget, used = self.budget, self.used
        if budget.refuse_from is not None and used >= budget.refuse_from:
            return "refuse"
        if budget.degrade_from is not None and used >= budget.degrade_from:
            return "degrade"
        return "warn" if budget.warn_from is not None and used >= budget.warn_from else "fine"
