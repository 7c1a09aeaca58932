"""Spend as a FOCUS 1.4 Cost and Usage dataset, the common bill format of FinOps tools.

A row is what one team used of one token kind of one model at one price on one UTC day. Its quantity is tokens, not
requests, and the kinds of a prompt (uncached, read from and written to a cache) stay apart; what is paid by the call,
such as a web search, has rows of its own. Costs are the ledger's; where a contract of the config set them, the list cost
is what the row of the table says, as far as this version has that table. Prices without such a row have one cost four
times. Nothing is bought ahead and no invoice differs from the contract, so what is billed, effective and contracted is
one. What has no price cannot be said in this format, whose costs must be numbers; it is left out and counted.
Columns: FOCUS specification 1.4, Cost and Usage, mandatory ones and those that apply (read in November 2026). `TokenType`
belongs to the next version; here it carries the prefix of custom properties.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from msgspec import Struct

from gateway.metering.ledger import Ledger, Row, exact_sum, total
from gateway.metering.price_contract import portion, share_of
from gateway.metering.price_rows import CONTRACT
from gateway.metering.prices import PriceBook
from gateway.metering.spend import COLUMNS as SPEND_COLUMNS
from gateway.metering.spend import By
from gateway.metering.types import KINDS, usd

DAY_S = 86_400
BLOCK = 1_000_000
"""Tokens a price is quoted for."""
COLUMNS = (
    "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart",
    "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargeFrequency", "ChargePeriodEnd", "ChargePeriodStart",
    "ConsumedQuantity", "ConsumedUnit", "ContractedCost", "ContractedUnitPrice", "EffectiveCost", "HostProviderName",
    "InvoiceIssuerName", "ListCost", "ListUnitPrice", "PricingCategory", "PricingQuantity", "PricingUnit",
    "ServiceCategory", "ServiceName", "ServiceProviderName", "ServiceSubcategory", "SkuId", "SkuMeter",
    "SkuPriceDetails", "SkuPriceId", "SubAccountId", "SubAccountName", "Tags",
)  # fmt: skip
_METERS = {
    "input_uncached": ("Input Tokens", "Input"),
    "cache_read": ("Cache Read Input Tokens", "CacheRead"),
    "cache_write_5m": ("Cache Write Input Tokens, 5 Minutes", "CacheWrite"),
    "cache_write_30m": ("Cache Write Input Tokens, 30 Minutes", "CacheWrite"),
    "cache_write_1h": ("Cache Write Input Tokens, 1 Hour", "CacheWrite"),
    "cache_write_12h": ("Cache Write Input Tokens, 12 Hours", "CacheWrite"),
    "output": ("Output Tokens", "Output"),
    "reasoning": ("Reasoning Output Tokens", "Output"),
    "input_audio": ("Audio Input Tokens", "Input"),
    "output_audio": ("Audio Output Tokens", "Output"),
    "input_image": ("Image Input Tokens", "Input"),
    "output_image": ("Image Output Tokens", "Output"),
}
_CALL_METERS = {
    "request": ("Requests", "Requests"), "web_search": ("Web Searches", "Searches"),
    "file_search": ("File Searches", "Searches"),
}  # fmt: skip
_FEES_METER = ("Fees Beside Tokens", "Requests")
"""For fees that no list tells apart."""


class Focus(Struct, frozen=True):
    """Charges by column name, empty where null, and the requests whose dollars are missing in them, whole or in part."""

    charges: tuple[dict[str, str], ...]
    unpriced: int


def focus(ledger: Ledger, by: By, since_at: float, team: str | None = None, prices: PriceBook | None = None) -> Focus:
    """What was charged since a moment in Unix seconds.

    `by` becomes a tag beside team and route; `prices` tell the list costs behind a contract's.
    """
    rows = _rows(ledger, by, since_at, team)
    charges = [charge for row in rows for charge in _charges(row, by, prices)]
    charges += (charge for row in _fee_rows(ledger, by, since_at, team) for charge in _fees(row, by, prices))
    return Focus(charges=tuple(charges), unpriced=sum(row["unpriced"] for row in rows))


def _rows(ledger: Ledger, by: By, since_at: float, team: str | None) -> Sequence[Row]:
    sums = ["count(*) FILTER (WHERE price_status != 'priced') AS unpriced"]
    for kind in KINDS:
        sums.append(exact_sum(f"CASE WHEN picos_{kind} IS NULL THEN 0 ELSE {kind} END", kind))
        sums.append(exact_sum(f"picos_{kind}", f"picos_{kind}"))
    return _grouped(ledger, by, since_at, team, (), sums)


def _fee_rows(ledger: Ledger, by: By, since_at: float, team: str | None) -> Sequence[Row]:
    """Requests with fees, by what they called how often."""
    sums = ["count(*) AS requests", exact_sum("fee_picos", "fee")]
    return _grouped(ledger, by, since_at, team, ("coalesce(fees, '') AS called",), sums, " AND fee_picos > 0")


def _grouped(
    ledger: Ledger, by: By, since_at: float, team: str | None, more: Sequence[str], sums: Sequence[str], only: str = ""
) -> Sequence[Row]:
    """Sums over requests at one price on one day for one payer, and whatever `more` tells apart."""
    keys = (
        f"CAST(settled_at / {DAY_S} AS INTEGER) AS day", "team", "route", "upstream", "provider",
        "CASE served WHEN '' THEN model ELSE served END AS billed", "price_rows", f"{SPEND_COLUMNS[by]} AS tag", *more,
    )  # fmt: skip
    places = ", ".join(str(place) for place in range(1, len(keys) + 1))
    of_team = "" if team is None else " AND team = ?"
    query = (
        f"SELECT {', '.join((*keys, *sums))} FROM requests WHERE settled_at >= ?{of_team}{only}"
        f" GROUP BY {places} ORDER BY {places}"
    )
    return ledger.rows(query, [since_at, *([] if team is None else [team])])


def _charges(row: Row, by: By, prices: PriceBook | None) -> Iterator[dict[str, str]]:
    """The charges of one group: a kind each, and what was paid beside tokens."""
    common = _common(row, by)
    listed = _listed(row["price_rows"], prices)
    for kind in KINDS:
        tokens = total(row, kind)
        if not tokens:
            continue
        meter, token_type = _METERS[kind]
        picos = total(row, f"picos_{kind}")
        rate = listed.get(kind)
        charge = {
            **common,
            **_costs(picos, picos if rate is None else tokens * rate),
            "ChargeDescription": f"{meter} of {row['billed']}",
            "ConsumedQuantity": str(tokens),
            "ConsumedUnit": "Tokens",
            "PricingQuantity": f"{Decimal(tokens) / BLOCK:f}",
            "PricingUnit": f"{BLOCK} Tokens",
            "SkuId": f"{row['provider']}/{row['billed']}/{kind}",
            "SkuMeter": meter,
        }
        if picos % tokens == 0 and row["price_rows"]:  # one price held for all of them
            price = usd(picos // tokens * BLOCK)
            details = {"x_ModelId": row["billed"], "x_TokenType": token_type}
            list_price = price if rate is None else usd(rate * BLOCK)
            charge |= {"ListUnitPrice": list_price, "ContractedUnitPrice": price, "PricingCategory": "Standard"}
            charge |= {"SkuPriceId": f"{row['price_rows']}/{kind}", "SkuPriceDetails": json.dumps(details)}
        yield charge


def _fees(row: Row, by: By, prices: PriceBook | None) -> Iterator[dict[str, str]]:
    """A charge for each thing that was called; one for all where their prices are not known to add up to what was paid."""
    paid, requests = total(row, "fee"), row["requests"]
    calls = {name: count * requests for name, count in json.loads(row["called"] or "{}").items()}
    listed, share = _listed_fees(row["price_rows"], prices)
    if "request" in listed:
        calls["request"] = requests
    priced = {name: (count, listed[name], portion(listed[name], share)) for name, count in calls.items() if name in listed}
    if sum(count * agreed for count, _, agreed in priced.values()) != paid:
        meter, unit = _FEES_METER
        yield {**_common(row, by), **_costs(paid, paid), **_called(row, "fee", meter, unit, requests)}
        return
    for name, (count, price, agreed) in priced.items():
        meter, unit = _CALL_METERS.get(name, (f"{name.replace('_', ' ').title()} Calls", "Calls"))
        yield {
            **_common(row, by),
            **_costs(count * agreed, count * price),
            **_called(row, name, meter, unit, count),
            "ListUnitPrice": usd(price),
            "ContractedUnitPrice": usd(agreed),
            "PricingCategory": "Standard",
            "SkuPriceId": f"{row['price_rows']}/{name}",
            "SkuPriceDetails": json.dumps({"x_ModelId": row["billed"]}),
        }


def _called(row: Row, sku: str, meter: str, unit: str, count: int) -> dict[str, str]:
    """What was called, how often."""
    return {
        "ChargeDescription": f"{meter} of {row['billed']}",
        "ConsumedQuantity": str(count),
        "ConsumedUnit": unit,
        "PricingQuantity": str(count),
        "PricingUnit": unit,
        "SkuId": f"{row['provider']}/{row['billed']}/{sku}",
        "SkuMeter": meter,
    }


def _common(row: Row, by: By) -> dict[str, str]:
    """What the charges of a group share."""
    day = datetime.fromtimestamp(row["day"] * DAY_S, UTC)
    month = day.replace(day=1)
    provider = row["provider"] or "unknown"
    tags = {"team": row["team"], "route": row["route"], by: row["tag"]}
    return dict.fromkeys(COLUMNS, "") | {
        "BillingAccountId": row["upstream"] or provider,
        "BillingCurrency": "USD",
        "BillingPeriodStart": _moment(month),
        "BillingPeriodEnd": _moment((month + timedelta(days=32)).replace(day=1)),
        "ChargeCategory": "Usage",
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodStart": _moment(day),
        "ChargePeriodEnd": _moment(day + timedelta(days=1)),
        "HostProviderName": provider,
        "InvoiceIssuerName": provider,
        "ServiceCategory": "AI and Machine Learning",
        "ServiceName": f"{provider} API",
        "ServiceProviderName": provider,
        "ServiceSubcategory": "Generative AI",
        "SubAccountId": row["team"],
        "SubAccountName": row["team"],
        "Tags": json.dumps({name: value for name, value in tags.items() if value}, ensure_ascii=False),
    }


def _costs(picos: int, at_list: int) -> dict[str, str]:
    return dict.fromkeys(("BilledCost", "EffectiveCost", "ContractedCost"), usd(picos)) | {"ListCost": usd(at_list)}


def _listed(rows: str, prices: PriceBook | None) -> Mapping[str, int]:
    """List prices beside a contract's, empty where there is no contract or more than one row of the table."""
    first, _, agreed = rows.partition(",")
    if prices is None or not agreed.startswith(CONTRACT) or "," in agreed:
        return {}
    return prices.listed(first) or {}


def _listed_fees(rows: str, prices: PriceBook | None) -> tuple[Mapping[str, int], int]:
    """List prices of calls and the share of them that was agreed; no prices where the rows do not tell."""
    first, _, agreed = rows.partition(",")
    if prices is None or (agreed and not agreed.startswith(CONTRACT)) or "," in agreed:
        return {}, share_of("")
    return prices.listed_fees(first), share_of(agreed)


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
