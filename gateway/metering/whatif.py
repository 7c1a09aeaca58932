"""What an event would have cost otherwise: all on the code model, all on the general model, without a cache, never moved.

Each answers one question about one event as it was, with the tokens it had: another model would have written another
answer and counted its tokens in its own way, which nobody can know. What is not known is None. Where the event cannot be
priced again to the pico-dollar it was booked at (several models in one answer, or an estimate), nothing is claimed.
"""

from collections.abc import Mapping

from msgspec import Struct

from cache.types import ThreadRecord
from gateway.metering.prices import PriceBook
from gateway.metering.rebuilt import MISSED, lost
from gateway.metering.types import INPUT_KINDS, PING, WRITE_TTL_S, Intent, Settlement, input_tokens

CODE, GENERAL = "code", "general"
"""The routes compared with."""
CONVERSATIONS = frozenset(("chat", "responses", "messages"))
"""Endpoints that are routed."""
CACHED = frozenset(("cache_read", *WRITE_TTL_S))
"""Kinds there would be none of without a cache."""
_WRITES = tuple(WRITE_TTL_S)


class Road(Struct, frozen=True):
    """A model and whose it is."""

    provider: str
    model: str


class Roads(Struct, frozen=True):
    """What a config has to say about it: where its two routes lead in each dialect, and its contract prices."""

    code: Mapping[str, Road] = {}
    general: Mapping[str, Road] = {}
    prices: tuple[Mapping[str, str], ...] = ()
    keep_days: int | None = None
    """How long the writer keeps single requests; None for ever."""
    log_requests: bool = False
    """Whether it prints a line for each."""


class WhatIf(Struct, frozen=True):
    """Pico-dollars an event would have cost; None where that is not known."""

    code: int | None = None
    general: int | None = None
    uncached: int | None = None
    stayed: int | None = None
    """On the model its thread was on, whose cache it left. As it was for an event that did not move."""
    wasted: int | None = None
    """Paid to fill a cache again that had been there; 0 where nothing was."""
    wasted_cause: str = ""


NOTHING_KNOWN = WhatIf()


def moved_from(record: ThreadRecord | None, model: str) -> str:
    """For an intent: whose model the thread was on before this one, empty where it stays."""
    if record is None or not record.model or record.model == model:
        return ""
    return f"{record.provider}/{record.served or record.model}"


def what_if(intent: Intent, settled: Settlement, roads: Roads, book: PriceBook) -> WhatIf:
    """The alternatives of one settled event. What a client or a rule sent to a model by name is the same in every one."""
    actual = settled.picos
    if actual is None or not settled.exact or settled.price_status != "priced":
        return NOTHING_KNOWN
    kinds = settled.kinds
    if not kinds or intent.agent == PING:  # without a cache nobody would ping
        return WhatIf(code=actual, general=actual, uncached=actual, stayed=actual, wasted=0)
    here = Road(provider=settled.provider, model=settled.served or settled.model)
    rates = book.held(here.provider, here.model, settled.tier, input_tokens(kinds), settled.at)
    if rates is None or rates.total(kinds, settled.fees) != actual:
        return NOTHING_KNOWN
    code: int | None = actual
    general: int | None = actual
    if intent.route and intent.endpoint in CONVERSATIONS:
        code = _elsewhere(settled, kinds, roads.code.get(intent.dialect), book)
        general = _elsewhere(settled, kinds, roads.general.get(intent.dialect), book)
    wasted, cause = _wasted(intent, settled, here, book)
    return WhatIf(
        code=code,
        general=general,
        uncached=_uncached(actual, kinds, rates.kinds),
        stayed=_stayed(intent, settled, book) if intent.moved_from else actual,
        wasted=wasted,
        wasted_cause=cause,
    )


def _elsewhere(settled: Settlement, kinds: Mapping[str, int], road: Road | None, book: PriceBook) -> int | None:
    """These tokens on another model, its cache as good as ours was; in the tier that answered where it has that."""
    if road is None:
        return None
    if road.model in (settled.model, settled.served):
        return settled.picos
    length = input_tokens(kinds)
    standard = book.rates(road.provider, road.model, length, settled.at)
    rates = book.held(road.provider, road.model, settled.tier, length, settled.at) if settled.tier else standard
    if standard is None or rates is None:
        return None
    return rates.total(_as_billed(kinds, standard.kinds), settled.fees)


def _stayed(intent: Intent, settled: Settlement, book: PriceBook) -> int | None:
    """On the model the thread came from, with what that had cached read and the rest new."""
    provider, _, model = intent.moved_from.partition("/")
    whole = input_tokens(settled.kinds)
    read = min(intent.known_tokens, whole)
    kinds = {kind: tokens for kind, tokens in settled.kinds.items() if kind not in INPUT_KINDS}
    kinds |= {kind: tokens for kind, tokens in (("cache_read", read), ("input_uncached", whole - read)) if tokens}
    return _elsewhere(settled, kinds, Road(provider=provider, model=model), book)


def _wasted(intent: Intent, settled: Settlement, here: Road, book: PriceBook) -> tuple[int | None, str]:
    """What was rebuilt of a cache, above the price of reading it."""
    if settled.cache_observed not in MISSED or not intent.cache_cause:
        return 0, ""
    read_rate = book.rate(here.provider, here.model, "cache_read", settled.at)
    found = lost(intent.known_tokens, settled.kinds, settled.by_kind, read_rate)
    return (0, "") if found is None else (found.picos, intent.cache_cause)


def _uncached(actual: int, kinds: Mapping[str, int], priced: Mapping[str, int]) -> int | None:
    """With all that was read from a cache or written to one as plain input, which leaves the prompt as long as it was."""
    if CACHED.isdisjoint(kinds):
        return actual
    plain = priced.get("input_uncached")
    cached = [(kind, tokens) for kind, tokens in kinds.items() if kind in CACHED and tokens]
    if plain is None:
        return None if cached else actual
    return actual + sum([tokens * (plain - priced[kind]) for kind, tokens in cached])


def _as_billed(kinds: Mapping[str, int], priced: Mapping[str, int]) -> Mapping[str, int]:
    """The kinds as a vendor bills them that does not have them all: a write in its own lifetime, else as plain input."""
    if kinds.keys() <= priced.keys():
        return kinds
    billed: dict[str, int] = {}
    for kind, tokens in kinds.items():
        name = kind
        if kind not in priced:
            if kind in WRITE_TTL_S:
                name = next((write for write in reversed(_WRITES) if write in priced), "input_uncached")
            elif kind in INPUT_KINDS:
                name = "input_uncached"
            else:
                name = "output"
        billed[name] = billed.get(name, 0) + tokens
    return billed
