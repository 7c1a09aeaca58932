"""Pages of the vendors' usage and cost reports, read into one bill.

OpenAI: `/v1/organization/usage/{completions,embeddings}` and `/v1/organization/costs`, whose line items are a model and what
of it, such as `gpt-6.1-sol, cached input`. Anthropic: `/v1/organizations/usage_report/messages` and
`/v1/organizations/cost_report`, whose amounts are decimal strings in cents. (openai-python `types/admin/organization`;
Anthropic "Usage and Cost API", November 2026.) What is for no tokens is counted and left out.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from gateway.metering.types import PICOS_PER_USD
from gateway.reconcile.types import STANDARD, Bill, Cost, Kind, Place, Used

DAY_S = 86_400
_ITEMS: Mapping[str, Kind] = {
    "input": "input",
    "cached input": "cache_read",
    "cache write": "cache_write",
    "cache writes": "cache_write",
    "output": "output",
}
_TOKEN_TYPES: Mapping[str, Kind] = {
    "uncached_input_tokens": "input",
    "cache_read_input_tokens": "cache_read",
    "cache_creation.ephemeral_5m_input_tokens": "cache_write",
    "cache_creation.ephemeral_1h_input_tokens": "cache_write",
    "output_tokens": "output",
}


class NotABill(ValueError):
    """The text is no report of either vendor; the message says what is wrong."""


def add_page(bill: Bill, page: Any) -> None:
    """Add one page of any of the reports. `NotABill` for anything else."""
    buckets = page.get("data") if isinstance(page, dict) else None
    if not isinstance(buckets, list):
        raise NotABill("there is no list called data")
    try:
        for bucket in buckets:
            _add_bucket(bill, bucket)
    except (KeyError, TypeError, ValueError, AttributeError, InvalidOperation) as error:
        raise NotABill(f"{type(error).__name__}: {error}") from error


def _add_bucket(bill: Bill, bucket: Mapping[str, Any]) -> None:
    anthropic = "starting_at" in bucket
    start = datetime.fromisoformat(bucket["starting_at"]).timestamp() if anthropic else float(bucket["start_time"])
    day = int(start // DAY_S)
    for result in bucket["results"]:
        if "amount" in result:
            bill.cost_days.add(day)
            _add_cost(bill, day, result, anthropic)
        else:
            bill.usage_days.add(day)
            _add_usage(bill, day, result, anthropic)
    if not bucket["results"]:  # a quiet day says so; which report it is from shows in the others
        bill.usage_days.add(day)
        bill.cost_days.add(day)


def _add_usage(bill: Bill, day: int, result: Mapping[str, Any], anthropic: bool) -> None:
    place = Place(
        day=day,
        provider="anthropic" if anthropic else "openai",
        key=result.get("api_key_id") or "",
        model=result.get("model") or "",
        tier=tier(result["service_tier"]) if result.get("service_tier") else "",
    )
    used = bill.used.setdefault(place, Used(tokens={}))
    used.requests += result.get("num_model_requests") or 0
    for kind, tokens in (_anthropic_tokens(result) if anthropic else _openai_tokens(result)).items():
        if tokens:
            used.tokens[kind] = used.tokens.get(kind, 0) + tokens


def _openai_tokens(result: Mapping[str, Any]) -> dict[Kind, int]:
    """`input_tokens` includes what was read and written; older reports name only the reads apart."""
    read, written = result.get("input_cached_tokens") or 0, result.get("input_cache_write_tokens") or 0
    fresh = result.get("input_uncached_tokens")
    whole: int = result["input_tokens"]
    return {
        "input": whole - read - written if fresh is None else fresh,
        "cache_read": read,
        "cache_write": written,
        "output": result.get("output_tokens") or 0,
    }


def _anthropic_tokens(result: Mapping[str, Any]) -> dict[Kind, int]:
    return {
        "input": result["uncached_input_tokens"],
        "cache_read": result["cache_read_input_tokens"],
        "cache_write": sum((result.get("cache_creation") or {}).values()),
        "output": result["output_tokens"],
    }


def _add_cost(bill: Bill, day: int, result: Mapping[str, Any], anthropic: bool) -> None:
    if anthropic:
        kind, model = _TOKEN_TYPES.get(result.get("token_type") or ""), result.get("model") or ""
        picos = int(Decimal(result["amount"]) * PICOS_PER_USD / 100)
        key, level = "", tier(result.get("service_tier"))
    else:
        model, kind = _line_item(result.get("line_item") or "")
        picos = int(Decimal(repr(result["amount"]["value"])) * PICOS_PER_USD)
        key, level = result.get("api_key_id") or "", ""
    if kind is None:
        bill.skipped += 1
        return
    place = Place(day=day, provider="anthropic" if anthropic else "openai", key=key, model=model, tier=level)
    bill.costs.append(Cost(place=place, kind=kind, picos=picos))


def _line_item(item: str) -> tuple[str, Kind | None]:
    """The model and what of it; no kind where it is for something else."""
    model, _, rest = item.partition(", ")
    words: Sequence[str] = [word.strip().lower() for word in rest.split(",")]
    return model, next((_ITEMS[word] for word in words if word in _ITEMS), None)


def tier(word: str | None) -> str:
    """A service tier as both sides call it: what is not special is standard."""
    return STANDARD if not word or word in ("default", "auto", STANDARD) else word
