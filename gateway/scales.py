"""What a thread's stay and its leaving would cost: prices and expected caches of both models, as `routing.stay` weighs them.

How threads go on is not known, so it is as in public traces of Claude Code (355 sessions, 24,772 requests): how many
requests a turn takes, what each adds, how long a person waits. Whoever leaves is taken to be away for two turns.
"""

from collections.abc import Callable, Sequence

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
from routing.stay import Scales, Side

REQUESTS_A_TURN = 6.6
AWAY_TURNS = 2.0
ADDED_TOKENS = 1_660
"""What a request adds to the prompt."""
OUTPUT_TOKENS = 445
AWAY_S = (30.0, 62.0, 205.0, 930.0, 4600.0)
"""Fifths of how long the cache that was left lies idle."""
BETWEEN_S = (8.0, 14.0, 31.0, 139.0, 1072.0)
"""Fifths of how long it lies idle between two turns otherwise."""
REQUESTS_LEFT = 20.0
"""A thread with so many requests behind it is as likely to end with this turn as to come back."""

Expected = Callable[[float], float]
"""Tokens expected to be read if the prompt were sent so many seconds from now."""


class Party(Struct, frozen=True):
    """One model in the sum: pico-dollars a token, and what its cache is expected to hold of this prompt."""

    read: int
    write: int
    output: int
    kept: float
    """Share of a prompt that is still read at the next turn of a thread that stays."""
    expected: Expected

    def cost(self, tokens: float, held: float) -> float:
        """The input side of a prompt of which so much is read."""
        return held * self.read + (tokens - held) * self.write


def weighed(
    tokens: int,
    requests: int,
    stays: Party | None,
    goes: Party | None,
    cold: bool = False,
    takes: bool = True,
    bound: str = "",
) -> Scales:
    """The scales for a prompt of so many tokens in a thread with so many requests behind it."""
    ahead = REQUESTS_A_TURN * AWAY_TURNS
    return Scales(
        stays=None if stays is None else _side(stays, tokens),
        goes=None if goes is None else _side(goes, tokens),
        back=0 if stays is None else int(_back(stays, tokens, tokens + ADDED_TOKENS * ahead)),
        p_back=requests / (requests + REQUESTS_LEFT),
        requests=ahead,
        cold=cold,
        takes=takes,
        opaque=bound,
    )


def _side(party: Party, tokens: int) -> Side:
    out = OUTPUT_TOKENS * party.output
    now = party.cost(tokens, min(tokens, party.expected(0.0)))
    return Side(now=int(now + out), later=tokens * party.read + ADDED_TOKENS * party.write + out)


def _back(party: Party, tokens: int, then: float) -> float:
    """What the first request after the return costs above what it would have cost without leaving."""
    held = _mean([min(tokens, party.expected(after_s)) for after_s in AWAY_S])
    return party.cost(then, held) - party.cost(then, party.kept * then)


def kept(tier: Tier | None) -> float:
    """The share of prompts still read from one turn to the next: all while it is promised, half of them after that."""
    if tier is None:
        return 0.0
    end = tier.maximum_s
    return _mean([1.0 if gap_s <= tier.minimum_s else 0.5 if end is None or gap_s <= end else 0.0 for gap_s in BETWEEN_S])


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


class Turn(Struct, frozen=True):
    """The turn that would suit another model."""

    ask: Ask
    print_: Fingerprint
    image: bool
    """It holds one."""


def scales_for(
    record: ThreadRecord,
    going_to: str,
    turn: Turn,
    snapshot: Snapshot,
    prices: PriceBook,
    forecast: Forecast,
    wall: float,
) -> Scales:
    """The scales for a thread whose turn would suit another model."""
    own, other = snapshot.model(record.model), snapshot.model(going_to)
    tokens = known_prefix(record, len(turn.ask.body))

    def party(model: Model | None) -> Party | None:
        if model is None:
            return None
        there = with_model(record, model.name)

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
    return weighed(tokens, record.requests, stays, party(other), cold=cold, takes=takes, bound=opaque(turn.ask))


def party_of(
    rates: Rates, tokens: int, record: ThreadRecord | None, kept_: float, expected: Expected
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
