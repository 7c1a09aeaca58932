"""Which budgets a caller falls under, and how its accounts stand."""

from collections.abc import Iterable
from typing import Protocol

from msgspec import Struct

from gateway.budgets.counters import Counters, Key
from gateway.budgets.types import LEVELS, Account, Budget, Level, Per, RateLimit
from gateway.budgets.window import Window, window

TEAMS_MAX = 1_000
"""Teams whose budgets are remembered; without keys a client may name any team of the config, and no other."""


class Spender(Protocol):
    """What a budget asks of a caller (`gateway.identify.Caller`)."""

    @property
    def team(self) -> str: ...
    @property
    def user(self) -> str: ...
    @property
    def key_id(self) -> str: ...
    @property
    def session(self) -> str: ...


class Watched:
    """A budget with its present window, which is worked out again only when it is over."""

    __slots__ = ("_window", "budget")

    def __init__(self, budget: Budget, at: float) -> None:
        self.budget = budget
        self._window = window(budget.span, budget.zone, at)

    def window(self, at: float) -> Window:
        """The window that holds a moment; the last one asked for is kept."""
        if not self._window.holds(at):
            self._window = window(self.budget.span, self.budget.zone, at)
        return self._window

    def key(self, team: str, who: str, at: float, what: str) -> Key:
        """Where an account's amounts are counted. What is reserved belongs to no window: it is given back in any."""
        start = 0 if what == "reserved" else int(self.window(at).start)
        return (self.budget.name, team, who, start, what)

    def account(self, team: str, who: str, at: float, counters: Counters) -> Account:
        return Account(
            budget=self.budget,
            team=team,
            who=who,
            spent=counters.total(self.key(team, who, at, "spent")),
            reserved=counters.total(self.key(team, who, at, "reserved")),
            ends=self.window(at).end,
            unpriced=counters.total(self.key(team, who, at, "unpriced")),
        )


class Standing(Struct, frozen=True):
    """All accounts a request falls under, at the moment it came in."""

    accounts: tuple[Account, ...]

    @property
    def level(self) -> Level:
        """The worst of them."""
        return max((account.level for account in self.accounts), key=LEVELS.index, default="fine")

    @property
    def fullest(self) -> Account | None:
        """The account nearest to its end, one that is beyond a threshold first."""
        return max(self.accounts, key=lambda account: (LEVELS.index(account.level), account.share), default=None)


def who_of(per: Per, caller: Spender) -> str:
    """The name of a caller's account. Those who name no user share one, and so do those without a key or a session."""
    if per == "team":
        return ""
    if per == "user":
        return caller.user
    return caller.key_id if per == "key" else caller.session


def fits(each: Budget | RateLimit, caller: Spender) -> bool:
    """Whether the budget or limit is for this caller."""
    return (each.teams is None or caller.team in each.teams) and (each.users is None or caller.user in each.users)


def of_team(watched: Iterable[Watched], team: str) -> tuple[Watched, ...]:
    """Those that may be for somebody of this team."""
    return tuple(each for each in watched if each.budget.teams is None or team in each.budget.teams)
