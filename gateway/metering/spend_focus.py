"""Spend as a FOCUS 1.4 Cost and Usage dataset, the common bill format of FinOps tools.

A row is what one team used of one token kind of one model at one price on one UTC day. Its quantity is tokens, not requests,
and the kinds of a prompt (uncached, read from and written to a cache) stay apart. Costs are the ledger's; where a contract
of the config set them, the list cost is what the row of the price table says, as far as this version has that table. Fees
and prices without such a row have one cost four times. What has no price cannot be said in this format, whose costs must be
numbers; it is left out and counted.
Columns: FOCUS specification 1.4, Cost and Usage, mandatory ones and those that apply (read in November 2026). `TokenType`
belongs to the next version; here it carries the prefix of custom properties.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from msgspec import Struct

from gateway.metering.ledger import Ledger, Row, exact_sum, total
from gateway.metering.price_rows import CONTRACT
from gateway.metering.prices import PriceBook
from gateway.metering.spend import COLUMNS as SPEND_COLUMNS
from gateway.metering.spend import By, usd
from gateway.metering.types import KINDS

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
_FEE_METER = "Fees Beside Tokens"


class Focus(Struct, frozen=True):
    """Charges by column name, empty where null, and the requests whose dollars are missing in them, whole or in part."""

    charges: tuple[dict[str, str], ...]
    unpriced: int


def focus(ledger: Ledger, by: By, since_at: float, team: str | None = None, prices: PriceBook | None = None) -> Focus:
    """What was charged since a moment in Unix seconds.

    `by` becomes a tag beside team and route; `prices` tell the list costs behind a contract's.
    """
    rows = _rows(ledger, by, since_at, team)
    charges = tuple(charge for row in rows for charge in _charges(row, by, prices))
    return Focus(charges=charges, unpriced=sum(row["unpriced"] for row in rows))


def _rows(ledger: Ledger, by: By, since_at: float, team: str | None) -> Sequence[Row]:
    sums = [exact_sum("fee_picos", "fee"), "count(*) FILTER (WHERE fee_picos > 0) AS with_fee"]
    sums.append("count(*) FILTER (WHERE price_status != 'priced') AS unpriced")
    for kind in KINDS:
        sums.append(exact_sum(f"CASE WHEN picos_{kind} IS NULL THEN 0 ELSE {kind} END", kind))
        sums.append(exact_sum(f"picos_{kind}", f"picos_{kind}"))
    tag = SPEND_COLUMNS[by]
    query = (
        f"SELECT CAST(settled_at / {DAY_S} AS INTEGER) AS day, team, route, upstream, provider,"
        f" CASE served WHEN '' THEN model ELSE served END AS billed, price_rows, {tag} AS tag, {', '.join(sums)}"
        f" FROM requests WHERE settled_at >= ?{'' if team is None else ' AND team = ?'} GROUP BY 1, 2, 3, 4, 5, 6, 7, 8"
        " ORDER BY 1, 2, 3, 4, 5, 6, 7, 8"
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
    if picos := total(row, "fee"):
        yield {
            **common,
            **_costs(picos, picos),
            "ChargeDescription": f"{_FEE_METER} of {row['billed']}",
            "ConsumedQuantity": str(row["with_fee"]),
            "ConsumedUnit": "Requests",
            "PricingQuantity": str(row["with_fee"]),
            "PricingUnit": "Requests",
            "SkuId": f"{row['provider']}/{row['billed']}/fee",
            "SkuMeter": _FEE_METER,
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


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
