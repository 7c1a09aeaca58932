"""Budgets at work: a request is held for before it is sent, and settled after.

What a request will probably cost is reserved, its true cost counted when it is known, and the reservation given back. A
request is refused when it would go beyond a limit, so a limit is overshot by no more than what the requests that were
under way cost beyond their estimates. All of it is a handful of additions in memory; the ledger fills it at the start
(`gateway/budgets/seed.py`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct

from gateway.budgets import rates
from gateway.budgets.counters import Counters, Key
from gateway.budgets.types import Account, Before, Budget, RateLimit, Unit
from gateway.budgets.typical import Typical
from gateway.budgets.watch import TEAMS_MAX, Spender, Standing, Watched, fits, of_team, who_of
from gateway.metering.estimate import Estimate
from gateway.metering.types import Settlement

COUNTERS_MAX = 200_000
"""Amounts remembered: three an account, so some 60,000 users or sessions in their windows; about 50 MB when full."""
RATE_COUNTERS_MAX = 100_000
"""The same for limits per minute, where an account has two measures and two minutes."""
LISTED_MAX = 10_000
"""Accounts of one budget that are listed; the others count just as well."""
NO_STANDING = Standing(accounts=())


class Held(Struct, frozen=True):
    """What is held for one request."""

    reserved: Sequence[tuple[Key, int]]
    counted: Sequence[rates.Counted]
    model: str
    picos: int
    tokens: int
    """The estimates, without what is usually beyond them."""


class Spent(Exception):
    """A budget does not have what a request will probably cost."""

    def __init__(self, account: Account) -> None:
        super().__init__(account.budget.name)
        self.account = account


class Budgets:
    """The budgets and limits of one gateway."""

    def __init__(self, amounts: Counters, pace: Counters) -> None:
        """Count budgets in `amounts`, and limits per minute in `pace`."""
        self._amounts = amounts
        self._pace = pace
        self._watched: tuple[Watched, ...] = ()
        self._of_team: dict[str, tuple[Watched, ...]] = {}
        self._limits: tuple[RateLimit, ...] = ()
        self._listed: dict[str, dict[tuple[str, str], None]] = {}
        self._typical = Typical()
        self.on_listed: Callable[[str, str, str], None] = _nobody
        """Told of every account that is new here: budget, team, who."""
        self.watches = False
        """Whether there is anything to do for a request at all."""

    def install(self, budgets: Iterable[Budget], limits: Iterable[RateLimit], at: float) -> tuple[Budget, ...]:
        """Take the budgets of a config; gives those whose accounts begin empty now and need the ledger's past."""
        known = {each.budget.name: each.budget for each in self._watched}
        self._watched = tuple(Watched(budget, at) for budget in budgets)
        self._limits = tuple(limits)
        self._of_team = {}
        self._listed = {each.budget.name: self._listed.get(each.budget.name, {}) for each in self._watched}
        self.watches = bool(self._watched or self._limits)
        return tuple(
            each.budget
            for each in self._watched
            if (before := known.get(each.budget.name)) is None or not before.counts_like(each.budget)
        )

    def seed(self, budget: Budget, before: Before, at: float) -> None:
        """Add what the ledger knows of an account in the window that holds `at`; nothing if the budget is gone by now."""
        watched = next((each for each in self._watched if each.budget.name == budget.name), None)
        if watched is None:
            return
        self._list(watched, before.team, before.who)
        self._amounts.add(watched.key(before.team, before.who, at, "spent"), before.amount)
        if before.unpriced:
            self._amounts.add(watched.key(before.team, before.who, at, "unpriced"), before.unpriced)

    def standing(self, caller: Spender, at: float) -> Standing:
        """How the caller's accounts stand."""
        if not self._watched:
            return NO_STANDING
        found = self._of(caller)
        return Standing(
            tuple(each.account(caller.team, who_of(each.budget.per, caller), at, self._amounts) for each in found)
        )

    def hold(self, caller: Spender, estimate: Estimate, model: str, at: float) -> Held:
        """Reserve for a request about to be sent to a model, by its name there. `Spent` or `TooFast` where it may not be."""
        beyond = self._typical.of(model)
        picos, tokens = estimate.picos or 0, estimate.input_tokens
        expected: dict[Unit, int] = {"usd": max(0, picos + beyond.picos), "tokens": max(0, tokens + beyond.tokens)}
        counted = rates.count(self._limits, caller, expected["tokens"], at, self._pace)
        reserved: list[tuple[Key, int]] = []
        for each in self._of(caller):
            budget = each.budget
            team, who = caller.team, who_of(budget.per, caller)
            amount = expected[budget.unit]
            key = each.key(team, who, at, "reserved")
            after = self._amounts.add(key, amount)
            reserved.append((key, amount))
            used = after + self._amounts.total(each.key(team, who, at, "spent"))
            if budget.refuse_from is not None and (used > budget.refuse_from or used - amount >= budget.refuse_from):
                self._give_back(reserved)
                rates.take_back(counted, self._pace)
                raise Spent(each.account(team, who, at, self._amounts))
        return Held(reserved=reserved, counted=counted, model=model, picos=picos, tokens=tokens)

    def release(self, held: Held) -> None:
        """Give back what was held for a request that was never sent."""
        self._give_back(held.reserved)
        rates.take_back(held.counted, self._pace)

    def settle(self, caller: Spender, held: Held | None, settled: Settlement) -> None:
        """Count what a request cost, under the budgets of now: those it was held for may have changed."""
        tokens = sum(settled.kinds.values())
        unknown = settled.price_status != "priced" and tokens > 0
        if tokens or settled.picos or unknown:
            for each in self._of(caller):
                team, who = caller.team, who_of(each.budget.per, caller)
                amount = tokens if each.budget.unit == "tokens" else settled.picos or 0
                self._list(each, team, who)
                self._amounts.add(each.key(team, who, settled.at, "spent"), amount)
                if unknown:
                    self._amounts.add(each.key(team, who, settled.at, "unpriced"), 1)
        if held is not None:
            self._give_back(held.reserved)
            rates.correct(held.counted, tokens, settled.at, self._pace)
            if settled.exact and settled.picos is not None and tokens:
                self._typical.learn(held.model, settled.picos - held.picos, tokens - held.tokens)

    def meet(self, budget: str, team: str, who: str) -> None:
        """List an account in which another process has counted."""
        watched = next((each for each in self._watched if each.budget.name == budget), None)
        if watched is not None:
            self._list(watched, team, who)

    def accounts(self, at: float, team: str | None = None) -> Iterator[Account]:
        """Every account that has counted something since the start, of one team or of all."""
        for each in self._watched:
            for of_team_, who in list(self._listed[each.budget.name]):
                if team is None or of_team_ == team:
                    yield each.account(of_team_, who, at, self._amounts)

    def _of(self, caller: Spender) -> tuple[Watched, ...]:
        found = self._of_team.get(caller.team)
        if found is None:
            if len(self._of_team) >= TEAMS_MAX:
                self._of_team.clear()
            found = self._of_team[caller.team] = of_team(self._watched, caller.team)
        if any(each.budget.users is not None for each in found):
            return tuple(each for each in found if fits(each.budget, caller))
        return found

    def _give_back(self, reserved: Iterable[tuple[Key, int]]) -> None:
        for key, amount in reserved:
            self._amounts.add(key, -amount)

    def _list(self, watched: Watched, team: str, who: str) -> None:
        listed = self._listed[watched.budget.name]
        if (team, who) not in listed:
            if len(listed) >= LISTED_MAX:
                listed.pop(next(iter(listed)))
            listed[team, who] = None
            self.on_listed(watched.budget.name, team, who)


def _nobody(budget: str, team: str, who: str) -> None:
    """Who counts alone tells nobody."""
