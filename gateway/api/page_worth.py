"""What caching and routing were worth this month, reckoned from sums: the same tokens at the price they did not have.

Every rate that can be is the one that was paid, tiers and contracts included; the others are the standard ones of today.
Where a rate is unknown nothing is reckoned, so what is told is the part that is known.
"""

from collections.abc import Callable, Iterable, Mapping

from gateway.api.page_facts import Worth
from gateway.api.page_ledger import Place

Rate = Callable[[str, str, str], int | None]
"""From provider, model and kind to pico-dollars a token."""
FULL = "input_uncached"


def worths(
    places: Iterable[Place], code_models: Mapping[str, str], rate: Rate, lost: Mapping[str, int]
) -> tuple[Worth, ...]:
    """Saved by caches and by routing, and `lost` by cause. `code_models` names the code route's model of each provider."""
    told = tuple(places)
    found = [
        Worth("cached", sum(_cached(place, rate) for place in told)),
        Worth("routed", sum(_routed(place, code_models, rate) for place in told)),
        *(Worth("lost", picos, cause) for cause, picos in sorted(lost.items(), key=lambda each: -each[1])),
    ]
    return tuple(each for each in found if each.picos)


def _cached(place: Place, rate: Rate) -> int:
    """What the tokens that went through a cache would have cost as fresh input, less what they did cost."""
    kinds = [kind for kind in place.tokens if kind.startswith("cache_")]
    if not place.whole or not kinds:
        return 0
    fresh = place.tokens.get(FULL, 0)
    paid = place.picos.get(FULL, 0)
    full = paid // fresh if paid else rate(place.provider, place.model, FULL)
    if full is None:
        return 0
    return full * sum(place.tokens[kind] for kind in kinds) - sum(place.picos.get(kind, 0) for kind in kinds)


def _routed(place: Place, code_models: Mapping[str, str], rate: Rate) -> int:
    """What another route's tokens would have cost on the code model, less what they did cost."""
    model = code_models.get(place.provider)
    if not place.whole or not place.route or place.route == "code" or model is None or model == place.model:
        return 0
    rates = {kind: rate(place.provider, model, kind) for kind in place.tokens}
    would = sum(place.tokens[kind] * each for kind, each in rates.items() if each is not None)
    return 0 if None in rates.values() else would - sum(place.picos.values())
