"""The built-in page's sections on money: the month at a glance, day by day, by team, by kind; what was saved and lost."""

import calendar
from collections.abc import Sequence
from datetime import UTC, datetime

from gateway.api.page_chart import columns
from gateway.api.page_days import OTHERS, team_colours
from gateway.api.page_facts import KindUse, PageFacts, TeamSpend, Worth
from gateway.api.page_table import bar, card, heads, table
from gateway.api.page_words import count, dollars, name
from gateway.metering.types import PICOS_PER_USD

DAY_S = 86_400
TEAMS_SHOWN = 15
SETTLING_S = DAY_S
"""Before a month is a day old, its pace says nothing."""
WORTH = {
    "cached": ("Prompts read from a cache", "against paying every token in full"),
    "routed": ("Requests kept off the code model", "against sending all of them there"),
}
CAUSES = {
    "past_lifetime": "it was too old",
    "prefix_changed": "the prompt had changed",
    "unexplained": "nobody knows why",
}


def tiles(facts: PageFacts) -> str:
    """What was spent, where the month will end, what came back."""
    today = sum(team.today_picos for team in facts.teams)
    month = sum(team.month_picos for team in facts.teams)
    unpriced = sum(team.unpriced for team in facts.teams)
    missing = "every request priced"
    if unpriced:
        missing = f'<a class="unknown" href="#unpriced">+ {count(unpriced)} unpriced</a>'
    before = "" if facts.last_month_picos is None else f" · last month {dollars(facts.last_month_picos)}"
    saved = sum(worth.picos for worth in facts.worths if worth.what != "lost")
    lost = sum(worth.picos for worth in facts.worths if worth.what == "lost")
    shown = [
        _tile("Today", dollars(today), f"{count(sum(team.requests_today for team in facts.teams))} requests", _hours(facts)),
        _tile("This month", dollars(month), missing + before),
        _tile("Month at this pace", *_pace(month, facts.now)),
        _tile("Saved this month", dollars(saved), f"lost to cold caches: {dollars(lost)}"),
        _tile("Prompt from cache", _cached(facts.kinds), "of this month's input"),
    ]
    return f'<section class="tiles" aria-label="Overview">{"".join(shown)}</section>'


def _tile(label: str, value: str, note: str, below: str = "") -> str:
    return f'<div class="tile"><h2>{label}</h2><p class="big">{value}</p><p class="note">{note}</p>{below}</div>'


def _pace(month_picos: int, now: float) -> tuple[str, str]:
    gone, whole = month_seconds(now)
    if gone < SETTLING_S:
        return "–", "the month has just begun"
    return dollars(round(month_picos * whole / gone)), f"{round(100 * gone / whole)} % of the month is over"


def month_seconds(now: float) -> tuple[float, int]:
    """How much of the month is over, and how long it is."""
    moment = datetime.fromtimestamp(now, UTC)
    start = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return now - start.timestamp(), calendar.monthrange(moment.year, moment.month)[1] * DAY_S


def _cached(kinds: Sequence[KindUse]) -> str:
    read = sum(kind.tokens for kind in kinds if kind.kind == "cache_read")
    prompt = sum(kind.tokens for kind in kinds if kind.kind == "input_uncached" or kind.kind.startswith("cache_"))
    return f"{100 * read / prompt:.0f} %" if prompt else "–"


def _hours(facts: PageFacts) -> str:
    if not any(facts.hours):
        return ""
    last = len(facts.hours) - 1
    shown = [
        ((picos,), f"{f'{last - index} h ago' if index < last else 'this hour'}: {dollars(picos, plain=True)}")
        for index, picos in enumerate(facts.hours)
    ]
    most = dollars(max(facts.hours), plain=True)
    return columns(shown, ("fill",), f"Spend in each of the last {len(shown)} hours, at most {most} in one")


def teams(facts: PageFacts) -> str:
    """Who spent it; against their budgets where there are some."""
    colours = team_colours(facts)
    shown, rest = facts.teams[:TEAMS_SHOWN], facts.teams[TEAMS_SHOWN:]
    top = max((team.month_picos for team in shown), default=0)
    budgets = any(team.budget for team in facts.teams)
    rows = [
        f'<tr><th scope="row">{_swatch(colours.get(team.team, OTHERS))}{name(team.team)}</th>'
        f'<td class="number">{dollars(team.today_picos)}</td>'
        f'<td class="number">{dollars(team.month_picos)}{_missing(team.unpriced)}</td>'
        + (_budget(team) if budgets else f'<td class="bar">{bar(team.month_picos, top)}</td>')
        + f'<td class="number wide">{count(team.requests_month)}</td></tr>'
        for team in shown
    ]
    if rest:
        rows.append(
            f'<tr><th scope="row">{_swatch(OTHERS)}{len(rest)} more</th>'
            f'<td class="number">{dollars(sum(team.today_picos for team in rest))}</td>'
            f'<td class="number">{dollars(sum(team.month_picos for team in rest))}</td>'
            f'<td class="{"number" if budgets else "bar"}"></td>'
            f'<td class="number wide">{count(sum(team.requests_month for team in rest))}</td></tr>'
        )
    head = heads("Team", "#Today", "#This month", "#Budget" if budgets else "", "#~Requests")
    return card("teams", "Spend by team", table("Spend by team", head, rows, "Nothing has been spent yet."))


def _swatch(colour: str) -> str:
    drawn = f'<rect class="{colour}" width="8" height="8" rx="2"/>'
    return f'<svg class="swatch" viewBox="0 0 8 8" aria-hidden="true">{drawn}</svg>'


def _missing(unpriced: int) -> str:
    if not unpriced:
        return ""
    return f'<br><span class="unknown" title="their cost is not in the sum">+ {count(unpriced)} unpriced</span>'


def _budget(team: TeamSpend) -> str:
    if team.budget is None:
        return '<td class="number quiet">–</td>'
    spent, limit = team.budget.spent_picos, team.budget.limit_picos
    colour = "over" if spent >= limit else "near" if spent * 5 >= limit * 4 else "fill"
    share = f"{100 * spent / limit:.0f} %" if limit else "–"
    return (
        f'<td class="number">{share} of {dollars(limit)} <span class="quiet">a {name(team.budget.window)}</span>'
        f"{bar(spent, limit, colour)}</td>"
    )


def kinds(used: Sequence[KindUse]) -> str:
    """What the tokens were, and which of them the money went into."""
    top = max((kind.picos or 0 for kind in used), default=0)
    rows = [
        f'<tr><th scope="row">{name(kind.kind.replace("_", " "))}</th><td class="number">{count(kind.tokens)}</td>'
        f'<td class="number">{dollars(kind.picos)}</td><td class="bar">{bar(kind.picos or 0, top)}</td></tr>'
        for kind in used
    ]
    head = heads("Tokens", "#This month", "#Cost", "")
    return card("kinds", "Tokens by kind", table("Tokens by kind", head, rows, "No tokens have been counted yet."))


def worth(facts: PageFacts) -> str:
    """What was saved and what was lost, and against what that is reckoned."""
    top = max((abs(each.picos) for each in facts.worths), default=0)
    rows = [
        f'<tr><th scope="row">{title}<br><span class="quiet">{against}</span></th>'
        f'<td class="number">{_signed(each.picos, colour)}</td><td class="bar">{bar(abs(each.picos), top, colour)}</td></tr>'
        for each in facts.worths
        for title, against, colour in [_worth_words(each)]
    ]
    head = heads("What", "#Dollars", "")
    return card("worth", "Saved and lost", table("Saved and lost", head, rows, "Nothing was saved or lost yet."))


def _worth_words(each: Worth) -> tuple[str, str, str]:
    if each.what != "lost":
        return (*WORTH[each.what], "fill" if each.picos > 0 else "over")
    why = CAUSES.get(each.cause) or name(each.cause.replace("_", " "))
    return "Caches that had gone", f"{why}; since the start", "over"


def _signed(picos: int, colour: str) -> str:
    size = dollars(abs(picos)) if abs(picos) >= PICOS_PER_USD // 100 or not picos else "under $0.01"
    return f'<span class="{"gain" if colour == "fill" else "failed"}">{"+" if colour == "fill" else "−"}{size}</span>'
