"""What a thread's stay and its leaving would cost, as `routing.stay` weighs it: prices and expected caches of both."""

from collections.abc import Callable
from functools import cache

from msgspec import Struct

from cache.fingerprint import Fingerprint
from cache.forecast import Forecast
from cache.providers import Tier, rules_for
from cache.types import Freshness, ThreadRecord
from cache.visits import with_model
from gateway.config.compiled import Model, Snapshot
from gateway.dialects.ask import Ask
from gateway.dialects.opaque import opaque
from gateway.foresight import foreseen
from gateway.metering.estimate import known_prefix, new_input
from gateway.metering.prices import PriceBook, Rates
from routing.ahead import SHIPPED, Behind, Habits, Party, ahead
from routing.stay import Scales


def weighed(
    tokens: int,
    behind: Behind,
    stays: Party | None,
    goes: Party | None,
    cold: bool = False,
    takes: bool = True,
    bound: str = "",
    habits: Habits = SHIPPED,
) -> Scales:
    """The scales for a prompt of so many tokens."""
    if stays is None or goes is None:
        return Scales(stays=None, goes=None, cold=cold, takes=takes, opaque=bound)
    road = ahead(tokens, behind, stays, goes, habits)
    return Scales(stays=road.stays, goes=road.goes, cold=cold, takes=takes, opaque=bound)


def kept(tier: Tier | None, habits: Habits = SHIPPED) -> float:
    """The share of prompts still read from one turn to the next: all while it is promised, half of them after that."""
    if tier is None:
        return 0.0
    end, pauses_s = tier.maximum_s, habits.pauses_s
    found = [1.0 if gap_s <= tier.minimum_s else 0.5 if end is None or gap_s <= end else 0.0 for gap_s in pauses_s]
    return sum(found) / len(found)


class Turn(Struct, frozen=True):
    """The turn that would suit another model."""

    ask: Ask
    print_: Fingerprint
    image: bool
    """It holds one."""


def scales_for(
    record: ThreadRecord,
    route: str,
    going_to: str,
    turn: Turn,
    snapshot: Snapshot,
    prices: PriceBook,
    forecast: Forecast,
    wall: float,
) -> Scales:
    """The scales for a thread whose turn would suit another route, and that one's model."""
    own, other = snapshot.model(record.model), snapshot.model(going_to)
    tokens = known_prefix(record, len(turn.ask.body))

    def party(model: Model | None) -> Party | None:
        if model is None:
            return None
        there = with_model(record, model.name)

        @cache  # this moment is asked for twice
        def expected(after_s: float) -> float:
            seen = foreseen(there, None, turn.print_, turn.ask, model.candidate, snapshot, forecast, wall + after_s)
            return read_of(seen.freshness, there, model.name)

        provider = snapshot.upstreams[model.upstream].provider
        rates = prices.rates(provider, model.upstream_name, tokens, wall)
        rules = rules_for(provider, model.upstream_name)
        tier = None if rules is None else rules.tier(there.cache_ttl_s if there.model == model.name else 0.0)
        return None if rates is None else party_of(rates, tokens, there, kept(tier), expected)

    stays = party(own)
    cold = stays is not None and stays.expected(0.0) < 0.5 * record.cached_tokens
    takes = own is None or own.images or not turn.image
    behind = behind_of(record, route)
    return weighed(tokens, behind, stays, party(other), cold=cold, takes=takes, bound=opaque(turn.ask))


def behind_of(record: ThreadRecord, route: str) -> Behind:
    """A thread's past when its next turn suits this route."""
    course = record.course
    run = course.after(begins_turn=True, suits=route).run(route)
    return Behind(requests=record.requests, turns=course.turns, alike=run.turns, again=run.again)


def party_of(
    rates: Rates, tokens: int, record: ThreadRecord | None, kept_: float, expected: Callable[[float], float]
) -> Party | None:
    """A model's part in the sum; None where one of the prices is not known."""
    kinds = rates.kinds
    write, output = kinds.get(new_input(rates, tokens, record)), kinds.get("output")
    if write is None or output is None:
        return None
    return Party(read=kinds.get("cache_read", write), write=write, output=output, kept=kept_, expected=expected)


def read_of(freshness: Freshness, record: ThreadRecord, model: str) -> float:
    """The tokens to reckon with: where nothing is known of a thread's own model, its cache is taken to hold."""
    if freshness.mean_read_tokens is not None:
        return freshness.mean_read_tokens
    if freshness.expected_read_tokens is not None:
        return float(freshness.expected_read_tokens)
    return float(record.cached_tokens) if record.model == model and freshness.state != "broken" else 0.0
