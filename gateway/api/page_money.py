"""The built-in page's sections on money: the month at a glance, day by day, by team, by kind; what was saved and lost."""

from collections.abc import Sequence

from gateway.api.page_budgets import SETTLING_S, cell
from gateway.api.page_chart import columns
from gateway.api.page_days import OTHERS, month_seconds, team_colours
from gateway.api.page_facts import KindUse, PageFacts, Worth
from gateway.api.page_table import bar, card, heads, table
from gateway.api.page_words import count, dollars, name
from gateway.metering.types import PICOS_PER_USD

TEAMS_SHOWN = 15
REASONS = {
    ("saved", "caching"): ("Prompts read from a cache", "against paying every token in full"),
    ("wasted", "caching"): ("Caches written and not read", "against paying every token in full"),
    ("saved", "routing"): ("Requests sent to another model", "against all on the code route's model"),
    ("wasted", "routing"): ("Requests sent to a dearer model", "against all on the code route's model"),
    ("saved", "switching"): ("Threads moved to another model", "against staying"),
    ("wasted", "switching"): ("Threads moved to another model", "against staying"),
}
CAUSES = {
    "past_lifetime": "it was too old",
    "expired": "it was too old",
    "prefix_changed": "the prompt had changed",
    "broken": "the prompt had changed",
    "tools_changed": "the tools had changed",
    "system_changed": "the system prompt had changed",
    "compacted": "the prompt had been compacted",
    "model_changed": "another model was asked",
    "affinity": "another machine answered",
    "unexplained": "nobody knows why",
}
_FILES = (
    '<p class="note">As files: <a href="spend?format=csv">teams</a>, <a href="spend?by=model&amp;format=csv">models</a>, '
    '<a href="spend?by=user&amp;format=csv">users</a>, <a href="spend?by=agent_tree&amp;format=csv">agent trees</a>, '
    '<a href="spend?format=focus">FOCUS</a></p>'
)
_LOST = (
    'As files: <a href="spend?compare=true&amp;format=csv">by team</a>, '
    '<a href="spend?wasted=true&amp;format=csv">lost caches by client</a>'
)
COMPARED = ("caching", "routing", "switching")
"""What an event is compared with as a whole; every other reason is why a cache had gone."""


def tiles(facts: PageFacts) -> str:
    """What was spent, where the month will end, what came back."""
    today = sum(team.today_picos for team in facts.teams)
    month = sum(team.month_picos for team in facts.teams)
    unpriced = sum(team.unpriced for team in facts.teams)
    missing = "every request priced"
    if unpriced:
        missing = f'<a class="unknown" href="#unpriced">+ {count(unpriced)} unpriced</a>'
    before = "" if facts.last_month_picos is None else f" · last month {dollars(facts.last_month_picos)}"
    caching, routing = (_balance(_net(facts, reason)) for reason in ("caching", "routing"))
    lost = sum(each.picos for each in facts.worths if each.reason not in COMPARED)
    shown = [
        _tile("Today", dollars(today), f"{count(sum(team.requests_today for team in facts.teams))} requests", _hours(facts)),
        _tile("This month", dollars(month), missing + before),
        _tile("Month at this pace", *_pace(month, facts.now)),
        _tile("Saved by caching", caching, f"by routing {routing} · lost caches {dollars(lost)}"),
        _tile("Prompt from cache", _cached(facts.kinds), "of this month's input"),
    ]
    return f'<section class="tiles" aria-label="Overview">{"".join(shown)}</section>'


def _net(facts: PageFacts, reason: str) -> int:
    return sum(each.picos if each.what == "saved" else -each.picos for each in facts.worths if each.reason == reason)


def _balance(picos: int) -> str:
    return f"−{dollars(-picos)}" if picos < 0 else dollars(picos)


def _tile(label: str, value: str, note: str, below: str = "") -> str:
    return f'<div class="tile"><h2>{label}</h2><p class="big">{value}</p><p class="note">{note}</p>{below}</div>'


def _pace(month_picos: int, now: float) -> tuple[str, str]:
    gone, whole = month_seconds(now)
    if gone < SETTLING_S:
        return "–", "the month has just begun"
    return dollars(round(month_picos * whole / gone)), f"{round(100 * gone / whole)} % of the month is over"


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
    today = "number wide" if budgets else "number"  # a phone has room for three columns
    rows = [
        f'<tr><th scope="row">{_swatch(colours.get(team.team, OTHERS))}{name(team.team)}</th>'
        f'<td class="{today}">{dollars(team.today_picos)}</td>'
        f'<td class="number">{dollars(team.month_picos)}{_missing(team.unpriced)}</td>'
        + (cell(team.budget, facts.now) if budgets else f'<td class="bar">{bar(team.month_picos, top)}</td>')
        + f'<td class="number wide">{count(team.requests_month)}</td></tr>'
        for team in shown
    ]
    if rest:
        rows.append(
            f'<tr><th scope="row">{_swatch(OTHERS)}{len(rest)} more</th>'
            f'<td class="{today}">{dollars(sum(team.today_picos for team in rest))}</td>'
            f'<td class="number">{dollars(sum(team.month_picos for team in rest))}</td>'
            f'<td class="{"number" if budgets else "bar"}"></td>'
            f'<td class="number wide">{count(sum(team.requests_month for team in rest))}</td></tr>'
        )
    head = heads("Team", "#~Today" if budgets else "#Today", "#This month", "#Budget" if budgets else "", "#~Requests")
    listed = table("Spend by team", head, rows, "Nothing has been spent yet.")
    return card("teams", "Spend by team", listed + (_FILES if rows else ""))


def _swatch(colour: str) -> str:
    drawn = f'<rect class="{colour}" width="8" height="8" rx="2"/>'
    return f'<svg class="swatch" viewBox="0 0 8 8" aria-hidden="true">{drawn}</svg>'


def _missing(unpriced: int) -> str:
    if not unpriced:
        return ""
    return f'<br><span class="unknown" title="their cost is not in the sum">+ {count(unpriced)} unpriced</span>'


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
    top = max((each.picos for each in facts.worths), default=0)
    rows = [
        f'<tr><th scope="row">{title}<br><span class="quiet">{against}</span></th>'
        f'<td class="number">{_signed(each)}</td>'
        f'<td class="bar">{bar(each.picos, top, "fill" if each.what == "saved" else "over")}</td></tr>'
        for each in facts.worths
        for title, against in [_told(each)]
    ]
    listed = table("Saved and lost", heads("What", "#This month", ""), rows, "Nothing was saved or lost yet.")
    note = f'<p class="note">Each line answers a question of its own about the same money: they do not add up. {_LOST}</p>'
    return card("worth", "Saved and lost", listed + (note if rows else ""))


def _told(each: Worth) -> tuple[str, str]:
    known = REASONS.get((each.what, each.reason))
    return known or ("Caches that had gone", CAUSES.get(each.reason) or name(each.reason.replace("_", " ")))


def _signed(each: Worth) -> str:
    size = dollars(each.picos) if each.picos >= PICOS_PER_USD // 100 else "under $0.01"
    return f'<span class="gain">+{size}</span>' if each.what == "saved" else f'<span class="failed">−{size}</span>'
