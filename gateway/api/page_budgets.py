"""The built-in page's words on budgets: how far a team is through its own, and who else is close to theirs."""

from collections.abc import Iterable

from gateway.api.page_days import month_seconds
from gateway.api.page_facts import Budget, PageFacts
from gateway.api.page_table import bar, card, heads, table
from gateway.api.page_words import count, dollars, name
from gateway.budgets.types import Account

SHOWN = 12
COLOURS = {"fine": "fill", "warn": "near", "degrade": "near", "refuse": "over"}
LEVELS = {"warn": "warned", "degrade": "sent to a cheaper model", "refuse": "refused"}
WINDOWS = {"day": "a day", "week": "a week", "month": "a month", "total": "in all"}
SETTLING_S = 86_400
"""Before a month is a day old, its pace says nothing."""


def budget_of(account: Account) -> Budget:
    """An account as the page shows it."""
    budget = account.budget
    return Budget(
        name=budget.name,
        team=account.team,
        who=account.who,
        window=budget.span,
        unit=budget.unit,
        limit=budget.limit,
        used=account.used,
        level=account.level,
    )


def by_team(accounts: Iterable[Account]) -> dict[str, Budget]:
    """Of each team the budget it has used most of."""
    found: dict[str, Account] = {}
    for each in accounts:
        known = found.get(each.team)
        if known is None or each.share > known.share:
            found[each.team] = each
    return {team: budget_of(account) for team, account in found.items()}


def pressed(accounts: Iterable[Account]) -> tuple[Budget, ...]:
    """Users, keys and sessions that something happens to, in the order of the accounts."""
    shown = [budget_of(each) for each in accounts if each.who and each.level != "fine"]
    return tuple(shown[:SHOWN])


def cell(budget: Budget | None, now: float) -> str:
    """A team's budget beside its spend, and whether the month will go beyond it."""
    if budget is None:
        return '<td class="number budget quiet">–</td>'
    drawn = bar(budget.used, budget.limit, COLOURS[budget.level])
    return f'<td class="number budget">{_used(budget)}{_ahead(budget, now)}{drawn}</td>'


def _used(budget: Budget) -> str:
    limit = dollars(budget.limit) if budget.unit == "usd" else f"{count(budget.limit)} tokens"
    share = f"{100 * budget.used / budget.limit:.0f} %" if budget.limit else "all"
    return f'{share} of {limit} <span class="quiet">{WINDOWS[budget.window]}</span>'


def _ahead(budget: Budget, now: float) -> str:
    gone, whole = month_seconds(now)
    if budget.window != "month" or gone < SETTLING_S or not budget.limit:
        return ""
    share = budget.used * whole / gone / budget.limit
    if budget.used >= budget.limit or share <= 1:
        return ""
    return f'<br><span class="unknown">{100 * share:.0f} % at this pace</span>'


def budgets(facts: PageFacts) -> str:
    """Who is close to a budget that is not a whole team's."""
    if not facts.budgets:
        return ""
    rows = [
        f'<tr><th scope="row">{name(each.team)} <span class="quiet">{name(each.who)}</span></th><td>{name(each.name)}</td>'
        f'<td class="number budget">{_used(each)}{bar(each.used, each.limit, COLOURS[each.level])}</td>'
        f'<td class="{"failed" if each.level == "refuse" else "unknown"}">{LEVELS[each.level]}</td></tr>'
        for each in facts.budgets
    ]
    listed = table("Budgets nearly used", heads("Who", "Budget", "#Used", "What happens"), rows, "")
    return card("budgets", "Budgets nearly used", listed)
