"""What the simulator charges: its own short price list, so that its bill can check somebody else's.

List prices as published by the vendors (OpenAI "API pricing", Anthropic "Pricing", November 2026), standard tier. A model
that is not listed is billed at None: unpriced, never free.
"""

import re
from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

_USD_PER_MTOK = 10**6
"""One dollar per million tokens is this many pico-dollars per token."""


class Price(Struct, frozen=True):
    """Pico-dollars per token of one model, and above how many input tokens the whole request costs more."""

    per_token: Mapping[str, int]
    long_over_tokens: int | None = None
    long_input_percent: int = 100
    long_output_percent: int = 100


def _picos(usd: float) -> int:
    picos = round(usd * _USD_PER_MTOK)
    assert abs(picos - usd * _USD_PER_MTOK) < 1e-3, "a price is a whole number of pico-dollars per token"
    return picos


def _plain(fresh: float, read: float, output: float, *, long: bool = False) -> Price:
    """OpenAI up to GPT-5.5: writing a cache costs nothing extra (OpenAI, "Prompt caching")."""
    kinds = {"input_uncached": _picos(fresh), "cache_read": _picos(read)}
    return _price(kinds, output, 272_000 if long else None, 200, 150)


def _written(fresh: float, read: float, output: float) -> Price:
    """OpenAI since GPT-5.6: writes at 1.25 times input for 30 minutes, 2.5 times for 12 hours (same guide)."""
    kinds = {
        "input_uncached": _picos(fresh),
        "cache_read": _picos(read),
        "cache_write_30m": _picos(fresh * 1.25),
        "cache_write_12h": _picos(fresh * 2.5),
    }
    return _price(kinds, output, 272_000, 200, 150)


def _claude(fresh: float, read: float, output: float, long_over_tokens: int | None = None) -> Price:
    """Anthropic: writes at 1.25 times input for 5 minutes, 2 times for an hour ("Prompt caching", Pricing)."""
    kinds = {
        "input_uncached": _picos(fresh),
        "cache_read": _picos(read),
        "cache_write_5m": _picos(fresh * 1.25),
        "cache_write_1h": _picos(fresh * 2),
    }
    return _price(kinds, output, long_over_tokens, 500, 500)


def _price(kinds: dict[str, int], output: float, over: int | None, input_percent: int, output_percent: int) -> Price:
    kinds |= {"output": _picos(output), "reasoning": _picos(output)}
    if over is None:
        return Price(kinds)
    return Price(kinds, over, input_percent, output_percent)


PRICES: Mapping[str, Price] = {
    "gpt-4o": _plain(2.5, 1.25, 10),
    "gpt-4o-mini": _plain(0.15, 0.075, 0.6),
    "gpt-4.1": _plain(2, 0.5, 8),
    "gpt-4.1-mini": _plain(0.4, 0.1, 1.6),
    "gpt-5": _plain(1.25, 0.125, 10),
    "gpt-5-mini": _plain(0.25, 0.025, 2),
    "gpt-5.2": _plain(1.75, 0.175, 14),
    "gpt-5.3-codex": _plain(1.75, 0.175, 14),
    "gpt-5.4": _plain(2.5, 0.25, 15, long=True),
    "gpt-5.4-mini": _plain(0.75, 0.075, 4.5),
    "gpt-5.4-nano": _plain(0.2, 0.02, 1.25),
    "gpt-5.5": _plain(5, 0.5, 30, long=True),
    "gpt-5.6-sol": _written(4, 0.4, 20),
    "gpt-5.6-terra": _written(2, 0.2, 12),
    "gpt-5.6-luna": _written(0.2, 0.02, 1.2),
    "gpt-6-sol": _written(2, 0.2, 10),
    "gpt-6-luna": _written(0.1, 0.01, 0.5),
    "gpt-6-astra": _written(10, 1, 50),
    "gpt-6.1-sol": _written(2, 0.1, 10),
    "gpt-6.1-terra": _written(1, 0.05, 5),
    "gpt-3.5-turbo-instruct": Price({"input_uncached": 1_500_000, "output": 2_000_000}),
    "text-embedding-3-small": Price({"input_uncached": 20_000}),
    "text-embedding-3-large": Price({"input_uncached": 130_000}),
    "claude-opus-4-5": _claude(5, 0.5, 25),
    "claude-opus-5": _claude(5, 0.5, 25),
    "claude-opus-5-5": _claude(4, 0.2, 20),
    "claude-sonnet-4-5": _claude(3, 0.3, 15),
    "claude-sonnet-5": _claude(2, 0.2, 10),
    "claude-sonnet-5-5": _claude(2, 0.1, 10),
    "claude-haiku-4-5": _claude(1, 0.1, 5),
    "claude-haiku-5-5": _claude(0.1, 0.01, 0.5, long_over_tokens=100_000),
    "claude-fable-5-1": _claude(10, 0.25, 50),
}

_DATE = re.compile(r"-(20\d{6}|20\d\d-\d\d-\d\d)$")
_OUTPUT = frozenset({"output", "reasoning"})


def repriced(model: str, usd_per_million: Mapping[str, float]) -> Price:
    """A listed model's price with some kinds at another. ValueError for a model that is not listed, or an odd price."""
    known = PRICES.get(model)
    if known is None:
        raise ValueError(f"{model} has no price here")
    if any(kind not in known.per_token for kind in usd_per_million):
        raise ValueError(f"{model} is priced by {', '.join(known.per_token)}")
    try:
        changed = {kind: _picos(usd) for kind, usd in usd_per_million.items()}
    except AssertionError as error:
        raise ValueError(str(error)) from None
    return replace(known, per_token={**known.per_token, **changed})


def charged(model: str, kinds: Mapping[str, int], prices: Mapping[str, Price] = PRICES) -> dict[str, int]:
    """The same by kind, so that the parts are the whole; empty where there is no price."""
    whole = charge(model, kinds, prices)
    if whole is None:
        return {}
    parts = {kind: whole - (charge(model, {**kinds, kind: 0}, prices) or 0) for kind in kinds if kind in _OUTPUT}
    inputs = {kind: tokens for kind, tokens in kinds.items() if kind not in _OUTPUT}
    price = prices.get(model) or prices[_DATE.sub("", model)]
    plain = sum(tokens * price.per_token[kind] for kind, tokens in inputs.items())
    rest = whole - sum(parts.values())  # a longer prompt costs a multiple of it
    return parts | {kind: rest * tokens * price.per_token[kind] // plain for kind, tokens in inputs.items() if plain}


def charge(model: str, kinds: Mapping[str, int], prices: Mapping[str, Price] = PRICES) -> int | None:
    """Pico-dollars for these token kinds; None for a model or a kind that has no price here.

    A dated name (`claude-haiku-4-5-20251001`) costs what its undated name costs.
    """
    price = prices.get(model) or prices.get(_DATE.sub("", model))
    if price is None:
        return None
    total_input = sum(tokens for kind, tokens in kinds.items() if kind not in _OUTPUT)
    long = price.long_over_tokens is not None and total_input > price.long_over_tokens
    hundredths = 0
    for kind, tokens in kinds.items():
        per_token = price.per_token.get(kind)
        if per_token is None:
            return None
        percent = 100
        if long:
            percent = price.long_output_percent if kind in _OUTPUT else price.long_input_percent
        hundredths += tokens * per_token * percent
    return hundredths // 100
