"""Gathers what the built-in page shows: money from the ledger, threads and budgets from memory."""

from msgspec.structs import replace

from gateway.api import page_ledger
from gateway.api.page_budgets import by_team, pressed
from gateway.api.page_facts import PageFacts
from gateway.api.page_sums import Sums
from gateway.api.page_threads import threads
from gateway.budgets.state import accounts, of_teams
from gateway.house import House


def gather(
    house: House, sums: Sums, team: str | None, base_url: str, version: str, simulated: bool, live: bool = False
) -> PageFacts:
    """The page's facts for one team, or for everyone where it is None."""
    now = house.wall()
    ledger = sums.ledger
    money = page_ledger.money(sums, now, team)
    lines, states = threads(house, now, team)
    budgets = by_team(of_teams(house.budgets, now, team))
    error = house.live.error
    return PageFacts(
        now=now,
        base_url=base_url,
        version=version,
        teams=tuple(replace(each, budget=budgets.get(each.team)) for each in money.teams),
        last_month_picos=money.last_month_picos,
        days=money.days,
        hours=page_ledger.hours(ledger, now, team),
        kinds=page_ledger.kinds(sums, now, team),
        worths=page_ledger.worths(ledger, now, team),
        budgets=pressed(accounts(house.budgets, now, team)),
        recent=page_ledger.recent(ledger, team),
        threads=lines,
        states=states,
        unpriced=page_ledger.unpriced(ledger, now, team),
        config_error="" if error is None else "\n".join(str(problem) for problem in error.problems),
        keys_configured=house.keys.configured,
        simulated=simulated,
        viewer=team,
        live=live,
    )
