"""Gathers what the built-in page shows: money from the ledger, threads from memory, worth from both."""

from collections.abc import Mapping

from gateway.api import page_ledger
from gateway.api.page_facts import PageFacts
from gateway.api.page_sums import Sums
from gateway.api.page_threads import threads
from gateway.api.page_worth import worths
from gateway.config.compiled import Snapshot
from gateway.house import House

CODE = "code"


def gather(
    house: House, sums: Sums, team: str | None, base_url: str, version: str, simulated: bool, live: bool = False
) -> PageFacts:
    """The page's facts for one team, or for everyone where it is None."""
    now = house.wall()
    ledger = sums.ledger
    money = page_ledger.money(sums, now, team)
    places = page_ledger.places(sums, now, team)
    lines, states = threads(house, now, team)
    error = house.live.error

    def rate(provider: str, model: str, kind: str) -> int | None:
        return house.prices.rate(provider, model, kind, now)

    return PageFacts(
        now=now,
        base_url=base_url,
        version=version,
        teams=money.teams,
        last_month_picos=money.last_month_picos,
        days=money.days,
        hours=page_ledger.hours(ledger, now, team),
        kinds=page_ledger.kinds(places),
        worths=worths(places, _code_models(house.live.current), rate, house.metrics.lost(team)),
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


def _code_models(snapshot: Snapshot) -> Mapping[str, str]:
    """Of each provider, the model that the code route sends to."""
    route = snapshot.policy.routes.get(CODE)
    if route is None:
        return {}
    found: dict[str, str] = {}
    for name in (route.model, *route.by_dialect.values()):
        model = snapshot.model(name)
        if model is not None:
            found.setdefault(snapshot.upstreams[model.upstream].provider, model.upstream_name or name)
    return found
