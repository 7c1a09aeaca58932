"""What tokens cost: exact integer pico-dollars from the built-in table, contract prices of the config first.

Unknown is never zero: a model, tier, kind or fee without a price leaves the answer unpriced or priced in part, and says so.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from zlib import crc32

from msgspec import Struct
from msgspec.structs import replace

from gateway.metering.price_contract import NONE, Contract, agreed, contracts, portion
from gateway.metering.price_names import provider_named, spellings
from gateway.metering.price_rows import CONTRACT, RowName, day_of, listed, parsed, period_of
from gateway.metering.price_table import STANDARD, Period, Table, built_in, periods
from gateway.metering.types import KINDS, Priced, PriceStatus, Usage
from gateway.metering.usage_counts import INCOMPLETE
from gateway.metering.usage_reported import REPORTS

KNOWN_MAX = 4096
"""Models whose rows are kept decoded; names come from clients and answers, so there may be any number. About 8 MB."""
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
    contract: Contract = NONE

    def total(self, kinds: Mapping[str, int], fees: Mapping[str, int]) -> int | None:
        """What these tokens and calls come to; None where one of them has no price."""
        picos = self.fees.get("request", 0)
        for kind, tokens in kinds.items():
            if kind not in self.kinds:
                return None
            picos += tokens * self.kinds[kind]
        for fee, calls in fees.items():
            if fee not in self.fees:
                return None
            picos += calls * self.fees[fee]
        return picos


class Entry(Struct, frozen=True):
    """What is known of one model: the table's periods, newest last, and what was agreed, which wins."""

    name: str
    """`provider/model` as the row is called."""
    periods: tuple[Period, ...]
    contracts: tuple[Contract, ...]
    flat: Rates | None = None
    """The standard tier's rates where neither time nor length changes them, as for nine models in ten."""


class PriceBook:
    """Prices by provider, model, service tier, prompt length and time."""

    def __init__(self, table: Table, contract: Mapping[str, tuple[Contract, ...]]) -> None:
        self._table = table
        self._contract = contract
        self._known: dict[tuple[str, str], Entry | None] = {}
        self._made: dict[tuple[str, int, str, int, bool, str], Rates] = {}
        self.built_at = datetime.fromisoformat(table.as_of).replace(tzinfo=UTC).timestamp()
        agreed_ = sorted(repr((provider, each)) for provider, all_ in contract.items() for each in all_)
        self.version = crc32(repr((table.as_of, agreed_)).encode())
        """A number that changes when the prices do."""

    @classmethod
    def load(cls, overrides: tuple[Mapping[str, str], ...], table: Table | None = None) -> "PriceBook":
        """The built-in table, or another, under contract prices: each as the config's `prices` has it, as text.

        A contract price holds for its kind at every prompt length and service tier; kinds it does not name keep the
        table's price, or the agreed share of it.
        """
        return cls(built_in() if table is None else table, contracts(overrides))

    def rate(self, provider: str, model: str, kind: str, at: float) -> int | None:
        """Pico-dollars per token of a kind in the standard tier, for a short prompt, at `at` (unix seconds)."""
        rates = self.rates(provider, model, 0, at)
        return None if rates is None else rates.kinds.get(kind)

    def rates(self, provider: str, model: str, input_tokens: int, at: float) -> Rates | None:
        """The standard tier's prices for a prompt of this length at `at` (unix seconds); None for an unknown model."""
        entry = self.entry(provider, model)
        return None if entry is None else self._rates(entry, STANDARD, input_tokens, at)

    def held(self, provider: str, model: str, tier: str, input_tokens: int, at: float) -> Rates | None:
        """The prices in this service tier, or the standard one where a model has no such; None for an unknown model."""
        entry = self.entry(provider, model)
        if entry is None:
            return None
        return self._rates(entry, tier, input_tokens, at) or self._rates(entry, STANDARD, input_tokens, at)

    def price(self, usage: Usage, provider: str, model: str, at: float) -> Priced:
        """The cost of one usage at `at` (unix seconds), fees included: `by_kind` holds the tokens' part of it."""
        if usage.problem and usage.problem not in INCOMPLETE:
            return _unpriced("no_usage" if usage.problem == "no_usage" else "impossible_usage")
        if usage.reported is not None and provider_named(provider) in REPORTS:
            return self._reported(usage, usage.reported, provider, model, at)
        if usage.parts:
            return self._sum(usage, provider, model, at)
        if not usage.kinds and not usage.fees:
            return _unpriced("incomplete_usage") if usage.problem else _FREE
        entry = self.entry(provider, model)
        if entry is None:
            return _unpriced("unknown_model")
        if entry.flat is not None and usage.tier == STANDARD:
            return _priced(usage, entry.flat)
        rates = self._rates(entry, usage.tier, usage.input_tokens, at)
        if rates is None:
            return _unpriced("unknown_tier")
        return _priced(usage, rates)

    def _reported(self, usage: Usage, picos: int, provider: str, model: str, at: float) -> Priced:
        """What the provider says it cost, shared among the kinds as the table has it; a contract knows better than both."""
        found = self.price(replace(usage, reported=None), provider, model, at)
        if found.picos == picos or any(row.startswith(CONTRACT) for row in found.rows):
            return found
        calls = 0 if found.picos is None else found.picos - sum(found.by_kind.values())
        whole = found.status == "priced" or found.reason == "incomplete_usage"
        tokens = max(0, picos - calls) if whole else min(picos, sum(found.by_kind.values()))
        return Priced(
            picos=picos,
            by_kind=_shared(found.by_kind, tokens),
            rows=(*found.rows, f"reported/{provider_named(provider)}"),
            status="priced",
        )

    def listed(self, row: str) -> Mapping[str, int] | None:
        """List prices in pico-dollars per token by kind that a row's name on an event stands for; None for another table's.

        So history can be priced again, and what a contract saved be told.
        """
        name = parsed(row)
        period = None if name is None else period_of(self._table, name)
        if name is None or period is None:
            return None
        chosen, percent = (STANDARD, 100) if not name.tier else _tier(period, name.tier) or (None, 100)
        kinds = None if chosen is None else listed(period, chosen, name.over, name.off_peak)
        if kinds is None:
            return None
        found = {kind: _rate(NONE, kinds, percent, kind) for kind in KINDS}
        return {kind: rate for kind, rate in found.items() if rate is not None}

    def listed_fees(self, row: str) -> Mapping[str, int]:
        """List prices in pico-dollars per call that a row's name on an event stands for; none for another table's."""
        name = parsed(row)
        period = None if name is None else period_of(self._table, name)
        return {} if period is None else period.fees

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

    def entry(self, provider: str, model: str) -> Entry | None:
        """What is known of a model, None for one that is not; decoded once."""
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
        contract = agreed(self._contract.get(provider, ()), names)
        for name in names:
            row = self._table.rows.get(f"{provider}/{name}")
            if row is not None:
                return Entry(name=f"{provider}/{name}", periods=periods(row), contracts=contract)
        if not any(each.rates for each in contract):
            return None  # a share of an unknown price is unknown
        return Entry(name=f"{provider}/{names[-1]}", periods=(), contracts=contract)

    def _rates(self, entry: Entry, tier: str, input_tokens: int, at: float) -> Rates | None:
        """The rates that hold; None for a tier that has none."""
        if entry.flat is not None and tier == STANDARD:
            return entry.flat
        contract = _agreed_at(entry.contracts, at)
        if not entry.periods:
            return self._kept((entry.name, 0, "", 0, False, contract.row), contract, {}, NO_PERIOD, 100)
        period = in_force(entry.periods, at)
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
        off_peak = bool(period.windows) and chosen == STANDARD and not band.over and is_quiet(period, at)
        key = (entry.name, period.since, tier, band.over, off_peak, contract.row)
        prices = period.off_peak if off_peak else band.kinds
        return self._made.get(key) or self._kept(key, contract, prices, period, percent)

    def _kept(
        self,
        key: tuple[str, int, str, int, bool, str],
        contract: Contract,
        prices: Mapping[str, int],
        period: Period,
        percent: int,
    ) -> Rates:
        """The rates for one answer in any of the ways it can be priced, worked out once."""
        name, since, tier, over, off_peak, _ = key
        found = {kind: _rate(contract, prices, percent, kind) for kind in KINDS}
        rates = self._made[key] = Rates(
            kinds={kind: rate for kind, rate in found.items() if rate is not None},
            apart=frozenset(prices) | frozenset(contract.rates),
            fees={**{fee: portion(picos, contract.share) for fee, picos in period.fees.items()}, **contract.fees},
            row="" if period is NO_PERIOD else str(RowName(self._table.as_of, name, day_of(since), tier, over, off_peak)),
            contract=contract,
        )
        return rates


def _is_flat(entry: Entry) -> bool:
    """Whether one list of prices holds whenever, and however long the prompt is."""
    if len(entry.contracts) > 1 or any(each.since for each in entry.contracts):
        return False
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


def in_force(periods: tuple[Period, ...], at: float) -> Period:
    """The period whose prices hold at `at`; the first of all for a time before it."""
    period = periods[0]
    for later in periods:
        if at >= later.since:
            period = later
    return period


def _agreed_at(contracts: tuple[Contract, ...], at: float) -> Contract:
    """What was agreed at `at`; list prices before the first agreement."""
    return next((each for each in reversed(contracts) if at >= each.since), NONE)


def _rate(contract: Contract, prices: Mapping[str, int], percent: int, kind: str) -> int | None:
    """Pico-dollars per token; None where neither contract nor table has a price."""
    for name in (kind, UNSPLIT.get(kind)):
        if name is None:
            break
        if (rate := contract.rates.get(name)) is not None:
            return rate
        if (found := prices.get(name)) is not None:
            return portion(found * percent // 100, contract.share)
    return None


def _priced(usage: Usage, rates: Rates) -> Priced:
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
        rows=_rows(by_kind, usage.fees, rates) if known else (),
        status=status,
        reason=reason,
    )


def _is_settled(usage: Usage, rates: Rates) -> bool:
    """Whether the price leaves open nothing of what the usage does: a medium that costs what text costs, cached or not."""
    return usage.problem == "cached_media" and not rates.apart & MEDIA_IN


def _rows(by_kind: Mapping[str, int], calls: Mapping[str, int], rates: Rates) -> tuple[str, ...]:
    """What identifies the prices that were used."""
    rows = (rates.row,) if rates.row else ()
    if rates.contract is NONE or not rates.contract.touches(by_kind, calls):
        return rows
    return (*rows, rates.contract.row)


def _shared(by_kind: Mapping[str, int], picos: int) -> dict[str, int]:
    """A sum among kinds in the proportion they had, to the last pico-dollar."""
    whole = sum(by_kind.values())
    if not whole:
        return {}
    found = {kind: part * picos // whole for kind, part in by_kind.items()}
    greatest = max(found, key=lambda kind: found[kind])
    found[greatest] += picos - sum(found.values())
    return found


def _unpriced(reason: str) -> Priced:
    return Priced(picos=None, by_kind={}, rows=(), status="unpriced", reason=reason)


def is_quiet(period: Period, at: float) -> bool:
    """Whether an instant lies in one of the period's windows of the week, or on one of its holidays."""
    day, second = divmod(int(at), _DAY_S)
    weekday, minute = (day + 3) % 7 + 1, second // 60  # 1970 began on a Thursday
    return day in period.quiet_days or any(
        weekday in each.days and each.start <= minute < each.end for each in period.windows
    )
