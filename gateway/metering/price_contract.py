"""What a company agreed with a provider: prices by kind, a share of the list price, and the day from which either holds."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal

from msgspec import Struct

from gateway.metering.price_names import provider_named
from gateway.metering.price_rows import CONTRACT
from gateway.metering.types import PICOS_PER_USD

PICOS_PER_USD_PER_MILLION = 10**6
"""One dollar per million tokens is this many pico-dollars per token."""
WHOLE = 10_000
"""A hundred percent; the config has at most two decimals."""
FEES = ("web_search", "file_search", "container", "image_generation")
"""What may be agreed by the call. No list says what the last two cost: a container's size and time, and the tokens of an
image that a tool made, are in no answer."""
_NAMES = ("provider", "model", "since", "percent", *FEES)


class Contract(Struct, frozen=True):
    """One entry of the config's prices."""

    pattern: str
    """Model names it is for; at most one `*`."""
    rates: Mapping[str, int]
    """Pico-dollars per token, whatever the prompt's length and the tier."""
    share: int
    """Hundredths of a percent of the list price that everything without a rate costs."""
    since: int
    """Unix seconds."""
    row: str
    """What identifies it on an event."""
    fees: Mapping[str, int] = {}
    """Pico-dollars per call."""

    def is_for(self, names: Iterable[str]) -> bool:
        """Whether one of a model's spellings fits."""
        before, star, after = self.pattern.partition("*")
        if not star:
            return self.pattern in names
        return any(
            len(name) >= len(before) + len(after) and name.startswith(before) and name.endswith(after) for name in names
        )

    def touches(self, kinds: Iterable[str], calls: Iterable[str] = ()) -> bool:
        """Whether what was paid for these kinds and calls was anything but the list price."""
        return self.share != WHOLE or any(kind in self.rates for kind in kinds) or any(call in self.fees for call in calls)


NONE = Contract(pattern="", rates={}, share=WHOLE, since=0, row="")
"""List prices."""


def contracts(entries: Iterable[Mapping[str, str]]) -> Mapping[str, tuple[Contract, ...]]:
    """The config's prices by provider, exact names before patterns and otherwise in the order of the config."""
    found: dict[str, list[Contract]] = {}
    for entry in entries:
        found.setdefault(provider_named(entry["provider"]), []).append(_contract(entry))
    return {provider: tuple(sorted(each, key=lambda one: "*" in one.pattern)) for provider, each in found.items()}


def agreed(listed: Iterable[Contract], names: Iterable[str]) -> tuple[Contract, ...]:
    """What was agreed for a model by any of its spellings: the entries of the first pattern that fits, oldest first."""
    names = tuple(names)
    fitting = [each for each in listed if each.is_for(names)]
    return tuple(sorted((each for each in fitting if each.pattern == fitting[0].pattern), key=lambda one: one.since))


def portion(picos: int, share: int) -> int:
    """A share of a price to the nearest pico-dollar."""
    return picos if share == WHOLE else (picos * share + WHOLE // 2) // WHOLE


def share_of(row: str) -> int:
    """The share that what identifies a contract on an event tells; the whole where it tells none."""
    _, said, percent = row.rpartition(";percent=")
    return int(Decimal(percent) * 100) if said else WHOLE


def _contract(entry: Mapping[str, str]) -> Contract:
    rates = {kind: int(Decimal(usd) * PICOS_PER_USD_PER_MILLION) for kind, usd in entry.items() if kind not in _NAMES}
    if "output" in rates:
        rates.setdefault("reasoning", rates["output"])
    since, percent = entry.get("since", ""), entry.get("percent", "")
    row = f"{CONTRACT}{provider_named(entry['provider'])}/{entry['model'].lower()}"
    return Contract(
        pattern=entry["model"].lower(),
        rates=rates,
        share=int(Decimal(percent) * 100) if percent else WHOLE,
        since=int(datetime.fromisoformat(since).replace(tzinfo=UTC).timestamp()) if since else 0,
        row=row + (f";since={since}" if since else "") + (f";percent={percent}" if percent else ""),
        fees={name: int(Decimal(entry[name]) * PICOS_PER_USD) for name in FEES if name in entry},
    )
