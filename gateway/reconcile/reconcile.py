"""A provider's bill against the ledger: every gap in tokens and dollars, with its causes.

Dollars follow tokens: what a cause has in tokens is worth the bill's own price of them. What then is left lies in prices:
tokens that had none here, another tier's, or one that has changed. Costs are often told by fewer names than usage
(Anthropic's by no key, OpenAI's by no tier); what lies in prices is then told by those.
"""

from collections.abc import Mapping
from fractions import Fraction

from msgspec.structs import replace

from gateway.reconcile import tokens
from gateway.reconcile.tokens import NOT_BOOKED, NOT_USED, Slot, Split
from gateway.reconcile.types import Bill, Booked, Cause, Gap, Kind, Part, Place, Reconciled, Used

ROUNDED_PICOS = 5 * 10**9
"""Half a cent, for a charge: vendors show cents, and sum before they round."""
Coarse = tuple[Place, Kind]
_NOTHING = [0, 0, 0, 0, 0]


def reconcile(bill: Bill, ours: Mapping[Place, Booked]) -> Reconciled:
    """All gaps on the days and of the providers the bill speaks of, largest first."""
    bill = _told_apart(bill, {place.provider for place in ours if place.key})
    ours = _comparable(bill, ours)
    work = tokens.split(bill, ours)
    costs = _Costs(bill, ours)
    gaps = [_gap(slot, causes, work, costs) for slot, causes in tokens.explained(work)]
    gaps += costs.price_gaps(work)
    gaps.sort(key=lambda gap: (-_weight(gap), gap.place, gap.kind))
    days = sorted({place.day for place in (*bill.used, *(cost.place for cost in bill.costs))})
    billed = sum(sum(used.tokens.values()) for used in bill.used.values())
    return Reconciled(
        gaps=tuple(gaps),
        billed_tokens=billed,
        booked_tokens=sum(sum(each.tokens.values()) for each in ours.values()),
        billed_picos=sum(cost.picos for cost in bill.costs) if bill.costs else None,
        booked_picos=sum(sum(each.picos.values()) for each in ours.values()),
        captured=_captured(gaps, billed, sum(cost.picos for cost in bill.costs)),
        first_day=days[0] if days else 0,
        last_day=days[-1] if days else 0,
    )


def _told_apart(bill: Bill, keyed: set[str]) -> Bill:
    """The bill without the keys of providers whose keys we do not know by name."""
    used: dict[Place, Used] = {}
    for place, each in bill.used.items():
        name = place if place.provider in keyed else replace(place, key="")
        whole = used.setdefault(name, Used(tokens={}))
        whole.requests += each.requests
        for kind, count in each.tokens.items():
            whole.tokens[kind] = whole.tokens.get(kind, 0) + count
    costs = [
        cost if cost.place.provider in keyed else replace(cost, place=replace(cost.place, key="")) for cost in bill.costs
    ]
    return replace(bill, used=used, costs=costs)


def _comparable(bill: Bill, ours: Mapping[Place, Booked]) -> dict[Place, Booked]:
    """Ours by the names the bill has: without keys or tiers where it tells none, and only what it is for."""
    spoken = [*bill.used] or [cost.place for cost in bill.costs]
    providers = {place.provider for place in spoken}
    keyed = {place.provider for place in spoken if place.key}
    tiered = {place.provider for place in spoken if place.tier}
    days = bill.usage_days | bill.cost_days
    found: dict[Place, Booked] = {}
    for place, booked in ours.items():
        if place.provider not in providers or place.day not in days:
            continue
        key, tier = (place.key if place.provider in keyed else ""), (place.tier if place.provider in tiered else "")
        name = replace(place, key=key, tier=tier)
        found[name] = _sum(found[name], booked) if name in found else booked
    return found


def _sum(one: Booked, other: Booked) -> Booked:
    amounts = {
        name: {kind: mine.get(kind, 0) + theirs.get(kind, 0) for kind in {*mine, *theirs}}
        for name in ("tokens", "picos", "estimated", "estimated_picos", "unpriced", "late")
        for mine, theirs in [(getattr(one, name), getattr(other, name))]
    }
    return Booked(
        requests=one.requests + other.requests,
        estimated_requests=one.estimated_requests + other.estimated_requests,
        **amounts,
    )


class _Costs:
    """What the bill charges, and ours by the same names."""

    def __init__(self, bill: Bill, ours: Mapping[Place, Booked]) -> None:
        self._billed: dict[Coarse, int] = {}
        for cost in bill.costs:
            slot = cost.place, cost.kind
            self._billed[slot] = self._billed.get(slot, 0) + cost.picos
        self._keyed = {cost.place.provider for cost in bill.costs if cost.place.key}
        self._tiered = {cost.place.provider for cost in bill.costs if cost.place.tier}
        self._providers = {cost.place.provider for cost in bill.costs}
        self._days = bill.cost_days
        self._tokens: dict[Coarse, int] = {}
        self._booked: dict[Coarse, list[int]] = {}
        for place, used in bill.used.items():
            for kind, count in used.tokens.items():
                slot = self.coarse(place), kind
                self._tokens[slot] = self._tokens.get(slot, 0) + count
        for place, booked in ours.items():
            for kind, count in booked.tokens.items():
                sums = self._booked.setdefault((self.coarse(place), kind), [0, 0, 0, 0, 0])
                amounts = (booked.picos, booked.unpriced, booked.estimated, booked.estimated_picos)
                sums[0] += count
                for at, amount in enumerate(amounts, 1):
                    sums[at] += amount.get(kind, 0)

    def coarse(self, place: Place) -> Place:
        """The place by the names costs have."""
        provider = place.provider
        return replace(
            place,
            key=place.key if provider in self._keyed else "",
            tier=place.tier if provider in self._tiered else "",
        )

    def rate(self, place: Place, kind: Kind) -> Fraction | None:
        """Pico-dollars a token as billed; as booked where nothing of it was billed; None where the bill names no dollars."""
        if place.provider not in self._providers or place.day not in self._days:
            return None
        slot = self.coarse(place), kind
        if self._tokens.get(slot) and slot in self._billed:
            return Fraction(self._billed[slot], self._tokens[slot])
        count, picos, unpriced, *_ = self._booked.get(slot, _NOTHING)
        return Fraction(picos, count - unpriced) if count > unpriced else None

    def price_gaps(self, work: Split) -> list[Gap]:
        """What lies in prices: the bill's price of what we booked, less what we booked it at."""
        worth, between_tiers = self._worth(work)
        gaps = []
        for slot in sorted({*self._billed, *self._booked}):
            place, kind = slot
            billed = self._billed.get(slot, 0)
            count, picos, unpriced, guessed, guessed_picos = self._booked.get(slot, _NOTHING)
            rate = self.rate(place, kind)
            if rate is None:  # nothing to tell a price by: all of it is a stranger's, or has none here
                parts = [Part("unpriced" if count else "bypassed", 0, billed - picos)] if billed != picos else []
            else:
                missing, off = int(unpriced * rate), int(guessed * rate) - guessed_picos
                rest = billed - picos - worth.get(slot, 0) - missing - off  # so that the parts add up to the pico-dollar
                said: list[tuple[Cause, int]] = [("unpriced", missing), ("estimated", off)]
                said.append((_price_cause(rest, slot in between_tiers), rest))
                parts = [Part(cause, 0, amount) for cause, amount in said if amount]
            if parts and place.provider in self._providers and place.day in self._days:
                whole = picos + sum(part.picos or 0 for part in parts)
                gaps.append(Gap(place, kind, count, count, whole, picos, tuple(parts)))
        return gaps

    def _worth(self, work: Split) -> tuple[dict[Coarse, int], set[Coarse]]:
        """What the causes in tokens are worth, and where some lay in tiers."""
        worth: dict[Coarse, int] = {}
        between_tiers: set[Coarse] = set()
        for (place, kind), causes in work.parts.items():
            rate = self.rate(place, kind)
            slot = self.coarse(place), kind
            if rate is not None:
                worth[slot] = worth.get(slot, 0) + sum(int(count * rate) for count in causes.values())
            if "tier_mismatch" in causes:
                between_tiers.add(slot)
        return worth, between_tiers


def _price_cause(picos: int, between_tiers: bool) -> Cause:
    if between_tiers:
        return "tier_mismatch"
    return "rounding" if abs(picos) <= ROUNDED_PICOS else "price_lag"


def _gap(slot: Slot, causes: Mapping[Cause, int], work: Split, costs: _Costs) -> Gap:
    """A gap in tokens, its causes worth what the bill charges for them."""
    place, kind = slot
    rate = costs.rate(place, kind)
    billed = work.bill.get(place, NOT_USED).tokens.get(kind, 0)
    booked = work.ours.get(place, NOT_BOOKED).tokens.get(kind, 0)
    parts = tuple(
        Part(cause=cause, tokens=count, picos=None if rate is None else int(count * rate)) for cause, count in causes.items()
    )
    picos = None if rate is None else int(booked * rate)
    return Gap(
        place=place,
        kind=kind,
        billed=billed,
        booked=booked,
        billed_picos=None if picos is None else picos + sum(part.picos or 0 for part in parts),
        booked_picos=picos,
        parts=parts,
    )


def _weight(gap: Gap) -> int:
    """By dollars where there are any, else by tokens as if they cost a micro-dollar."""
    return max(abs(part.picos) if part.picos is not None else abs(part.tokens) * 10**6 for part in gap.parts)


def _captured(gaps: list[Gap], billed_tokens: int, billed_picos: int) -> float | None:
    strangers = [part for gap in gaps for part in gap.parts if part.cause == "bypassed"]
    if billed_picos > 0:
        return 1 - sum(part.picos or 0 for part in strangers) / billed_picos
    return 1 - sum(part.tokens for part in strangers) / billed_tokens if billed_tokens else None
