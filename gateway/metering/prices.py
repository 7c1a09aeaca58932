"""What tokens cost: exact integer pico-dollars from the built-in table, contract prices of the config first.

Unknown is never zero: a model, tier, kind or fee without a price leaves the answer unpriced or priced in part, and says so.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from zlib import crc32

from msgspec import Struct
from msgspec.structs import replace

from gateway.metering.price_names import provider_named, spellings
from gateway.metering.price_table import STANDARD, Period, Table, built_in, periods
from gateway.metering.types import KINDS, Priced, PriceStatus, Usage
from gateway.metering.usage_counts import INCOMPLETE

KNOWN_MAX = 4096
"""Models whose rows are kept decoded; names come from clients and answers, so there may be any number. About 8 MB."""
PICOS_PER_USD_PER_MILLION = 10**6
"""One dollar per million tokens is this many pico-dollars per token."""
UNSPLIT = {
    "reasoning": "output",
    "input_audio": "input_uncached",
    "input_image": "input_uncached",
    "output_audio": "output",
    "output_image": "output",
}
"""What a kind is billed as where the vendor has no price of its own for it: reasoning is output, media are tokens."""
MEDIA_IN = frozenset(("input_audio", "input_image"))
_DAY_S = 86_400
NO_PERIOD = Period(tiers={})
"""What a model costs that only a contract prices."""
_FREE = Priced(picos=0, by_kind={}, rows=(), status="priced")


class Rates(Struct, frozen=True):
    """Prices as they hold for one answer, and the identifier of the row they came from."""

    kinds: Mapping[str, int]
    """Pico-dollars per token of every kind with a price: contract and surcharges applied, media and reasoning at the
    price of what they are billed as."""
    apart: frozenset[str]
    """Kinds with a price of their own."""
    fees: Mapping[str, int]
    row: str


class Entry(Struct, frozen=True):
    """What is known of one model: the table's periods, newest last, and the contract's rates, which win."""

    name: str
    """`provider/model` as the row is called."""
    periods: tuple[Period, ...]
    contract: Mapping[str, int]
    flat: Rates | None = None
    """The standard tier's rates where neither time nor length changes them, as for nine models in ten."""


class PriceBook:
    """Prices by provider, model, service tier, prompt length and time."""

    def __init__(self, table: Table, contract: Mapping[tuple[str, str], Mapping[str, int]]) -> None:
        self._table = table
        self._contract = contract
        self._known: dict[tuple[str, str], Entry | None] = {}
        self._made: dict[tuple[str, int, str, int, bool], Rates] = {}
        self.built_at = datetime.fromisoformat(table.as_of).replace(tzinfo=UTC).timestamp()
        bargains = sorted((name, *rates.items()) for name, rates in contract.items())
        self.version = crc32(repr((table.as_of, bargains)).encode())
        """A number that changes when the prices do."""

    @classmethod
    def load(cls, overrides: tuple[Mapping[str, str], ...]) -> "PriceBook":
        """The built-in table under contract prices: each a provider, a model, and decimal USD per million by kind.

        A contract price holds for its kind at every prompt length and service tier; kinds it does not name keep the
        table's price.
        """
        contract = {}
        for each in overrides:
            rates = {
                kind: int(Decimal(usd) * PICOS_PER_USD_PER_MILLION)
                for kind, usd in each.items()
                if kind not in ("provider", "model")
            }
            if "output" in rates:
                rates.setdefault("reasoning", rates["output"])
            contract[provider_named(each["provider"]), each["model"].lower()] = rates
        return cls(built_in(), contract)

    def rate(self, provider: str, model: str, kind: str, at: float) -> int | None:
        """Pico-dollars per token of a kind in the standard tier, for a short prompt, at `at` (unix seconds)."""
        rates = self.rates(provider, model, 0, at)
        return None if rates is None else rates.kinds.get(kind)

    def rates(self, provider: str, model: str, input_tokens: int, at: float) -> Rates | None:
        """The standard tier's prices for a prompt of this length at `at` (unix seconds); None for an unknown model."""
        entry = self._entry(provider, model)
        return None if entry is None else self._rates(entry, STANDARD, input_tokens, at)

    def price(self, usage: Usage, provider: str, model: str, at: float) -> Priced:
        """The cost of one usage at `at` (unix seconds), fees included: `by_kind` holds the tokens' part of it."""
        if usage.problem and usage.problem not in INCOMPLETE:
            return _unpriced("no_usage" if usage.problem == "no_usage" else "impossible_usage")
        if usage.parts:
            return self._sum(usage, provider, model, at)
        if not usage.kinds and not usage.fees:
            return _unpriced("incomplete_usage") if usage.problem else _FREE
        entry = self._entry(provider, model)
        if entry is None:
            return _unpriced("unknown_model")
        if entry.flat is not None and usage.tier == STANDARD:
            return _priced(usage, entry, entry.flat)
        rates = self._rates(entry, usage.tier, usage.input_tokens, at)
        if rates is None:
            return _unpriced("unknown_tier")
        return _priced(usage, entry, rates)

    def split(self, usage: Usage, provider: str, model: str, at: float) -> Mapping[str, int]:
        """The kinds with media folded into text where this model's vendor does not price them apart."""
        rates = self.rates(provider, model, 0, at)
        if rates is None:
            return usage.kinds
        kinds: dict[str, int] = {}
        for kind, tokens in usage.kinds.items():
            name = kind if kind == "reasoning" or kind in rates.apart else UNSPLIT.get(kind, kind)
            kinds[name] = kinds.get(name, 0) + tokens
        return kinds

    def _sum(self, usage: Usage, provider: str, model: str, at: float) -> Priced:
        """Each step at its own model's price for its own prompt length; fees at the answer's."""
        fees = Usage(kinds={}, fees=usage.fees, tier=usage.tier)
        found = [self.price(each, provider, each.model or model, at) for each in usage.parts]
        found.append(self.price(fees, provider, usage.model or model, at))
        by_kind: dict[str, int] = {}
        for each in found:
            for kind, picos in each.by_kind.items():
                by_kind[kind] = by_kind.get(kind, 0) + picos
        known = [each.picos for each in found if each.picos is not None]
        reason = next((each.reason for each in found if each.reason), "")
        return Priced(
            picos=sum(known) if by_kind or not reason else None,
            by_kind=by_kind,
            rows=tuple(dict.fromkeys(row for each in found for row in each.rows)),
            status=("partial" if by_kind else "unpriced") if reason else "priced",
            reason=reason,
        )

    def _entry(self, provider: str, model: str) -> Entry | None:
        key = (provider, model)
        try:
            return self._known[key]
        except KeyError:
            if len(self._known) >= KNOWN_MAX:
                self._known.clear()
                self._made.clear()
            found = self._look_up(provider_named(provider), model)
            if found is not None and _is_flat(found):
                found = replace(found, flat=self._rates(found, STANDARD, 0, 0.0))
            self._known[key] = found
            return found

    def _look_up(self, provider: str, model: str) -> Entry | None:
        names = list(spellings(provider, model))
        contract = next((self._contract[provider, name] for name in names if (provider, name) in self._contract), {})
        for name in names:
            row = self._table.rows.get(f"{provider}/{name}")
            if row is not None:
                return Entry(name=f"{provider}/{name}", periods=periods(row), contract=contract)
        return Entry(name=f"{provider}/{names[-1]}", periods=(), contract=contract) if contract else None

    def _rates(self, entry: Entry, tier: str, input_tokens: int, at: float) -> Rates | None:
        """The rates that hold; None for a tier that has none."""
        if entry.flat is not None and tier == STANDARD:
            return entry.flat
        if not entry.periods:
            return self._kept((entry.name, 0, "", 0, False), entry, {}, NO_PERIOD, 100)
        period = entry.periods[0]
        for later in entry.periods:
            if at >= later.since:
                period = later
        chosen, percent = STANDARD, 100
        if tier:
            named = _tier(period, tier)
            if named is None:
                return None
            chosen, percent = named
        bands = period.tiers[chosen]
        band = bands[0]
        for longer in bands:
            if input_tokens > longer.over:
                band = longer
        off_peak = bool(period.windows) and chosen == STANDARD and not band.over and _is_quiet(period, at)
        key = (entry.name, period.since, tier, band.over, off_peak)
        return self._made.get(key) or self._kept(key, entry, period.off_peak if off_peak else band.kinds, period, percent)

    def _kept(
        self, key: tuple[str, int, str, int, bool], entry: Entry, listed: Mapping[str, int], period: Period, percent: int
    ) -> Rates:
        """The rates for one answer in any of the ways it can be priced, worked out once."""
        name, since, tier, over, off_peak = key
        rates = self._made[key] = Rates(
            kinds={kind: rate for kind in KINDS if (rate := _rate(entry.contract, listed, percent, kind)) is not None},
            apart=frozenset(listed) | frozenset(entry.contract),
            fees=period.fees,
            row=(self._row(name, since, tier, over) + (";off_peak" if off_peak else "")) if entry.periods else "",
        )
        return rates

    def _row(self, name: str, since: int, tier: str, over: int) -> str:
        """What identifies a price for good: the table's day, the row, and which of its prices."""
        return (
            f"{self._table.as_of}/{name}"
            + (f";since={datetime.fromtimestamp(since, UTC):%Y-%m-%d}" if since else "")
            + (f";tier={tier}" if tier else "")
            + (f";over={over}" if over else "")
        )


def _is_flat(entry: Entry) -> bool:
    """Whether one list of prices holds whenever, and however long the prompt is."""
    if not entry.periods:
        return True
    only = entry.periods[0]
    return len(entry.periods) == 1 and not only.windows and len(only.tiers[STANDARD]) == 1


def _tier(period: Period, tier: str) -> tuple[str, int] | None:
    """The tier to price by and the surcharge in percent; None where the period knows no such tier."""
    chosen, percent = STANDARD, 100
    words = tier.split("+")
    if len(set(words)) < len(words):
        return None  # no vendor says a thing twice, and there must be no end of names to remember
    for word in words:
        if word in period.tiers and chosen == STANDARD:
            chosen = word
        elif word in period.percent:
            percent = percent * period.percent[word] // 100
        else:
            return None
    return chosen, percent


def _rate(contract: Mapping[str, int], listed: Mapping[str, int], percent: int, kind: str) -> int | None:
    """Pico-dollars per token; None where neither contract nor table has a price."""
    for name in (kind, UNSPLIT.get(kind)):
        if name is None:
            break
        if (agreed := contract.get(name)) is not None:
            return agreed
        if (found := listed.get(name)) is not None:
            return found * percent // 100
    return None


def _priced(usage: Usage, entry: Entry, rates: Rates) -> Priced:
    by_kind: dict[str, int] = {}
    reason = "incomplete_usage" if usage.problem and not _is_settled(usage, rates) else ""
    sum_picos = 0
    for kind, tokens in usage.kinds.items():
        per_token = rates.kinds.get(kind)
        if per_token is None:
            reason = "unknown_kind"
        else:
            by_kind[kind] = picos = tokens * per_token
            sum_picos += picos
    fees = rates.fees.get("request", 0)
    for fee, calls in usage.fees.items():
        if fee in rates.fees:
            fees += calls * rates.fees[fee]
        else:
            reason = reason or "unknown_fee"
    known = bool(by_kind or fees)
    status: PriceStatus = ("partial" if known else "unpriced") if reason else "priced"
    return Priced(
        picos=None if status == "unpriced" else sum_picos + fees,
        by_kind=by_kind,
        rows=_rows(by_kind, entry, rates) if known else (),
        status=status,
        reason=reason,
    )


def _is_settled(usage: Usage, rates: Rates) -> bool:
    """Whether the price leaves open nothing of what the usage does: a medium that costs what text costs, cached or not."""
    return usage.problem == "cached_media" and not rates.apart & MEDIA_IN


def _rows(by_kind: Mapping[str, int], entry: Entry, rates: Rates) -> tuple[str, ...]:
    """What identifies the prices that were used."""
    rows = (rates.row,) if rates.row else ()
    if entry.contract and any(kind in entry.contract for kind in by_kind):
        return (*rows, f"contract/{entry.name}")
    return rows


def _unpriced(reason: str) -> Priced:
    return Priced(picos=None, by_kind={}, rows=(), status="unpriced", reason=reason)


def _is_quiet(period: Period, at: float) -> bool:
    """Whether an instant lies in one of the period's windows of the week, or on one of its holidays."""
    day, second = divmod(int(at), _DAY_S)
    weekday, minute = (day + 3) % 7 + 1, second // 60  # 1970 began on a Thursday
    return day in period.quiet_days or any(
        weekday in each.days and each.start <= minute < each.end for each in period.windows
    )
