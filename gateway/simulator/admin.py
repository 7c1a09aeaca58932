"""The vendors' admin APIs for usage and costs, told from the simulator's own bill.

Shapes as of November 2026: OpenAI's `/v1/organization/usage/completions` (openai-python, `types/admin/organization`) and
`/v1/organization/costs`; Anthropic's `/v1/organizations/usage_report/messages` and `/v1/organizations/cost_report`
("Usage and Cost API"). Buckets are UTC days. OpenAI's costs know no tiers and Anthropic's no keys; so it is here.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import parse_qsl

from gateway.simulator.bill import Row
from gateway.simulator.prompt import Refused
from gateway.simulator.provider import Call, Provider

DAY_S = 86_400
USAGE_DAYS_MAX, COST_DAYS_MAX = 31, 180
"""Buckets of one page, as OpenAI allows them; Anthropic's usage has the same bound."""
_TOKEN_TYPES = {
    "input_uncached": "uncached_input_tokens",
    "cache_read": "cache_read_input_tokens",
    "cache_write_5m": "cache_creation.ephemeral_5m_input_tokens",
    "cache_write_1h": "cache_creation.ephemeral_1h_input_tokens",
    "output": "output_tokens",
    "reasoning": "output_tokens",
}
_LINE_ITEMS = {
    "input_uncached": "input",
    "cache_read": "cached input",
    "cache_write_30m": "cache write",
    "cache_write_12h": "cache write",
    "output": "output",
    "reasoning": "output",
}
Query = Mapping[str, Sequence[str]]
Names = Mapping[str, Callable[[Row], str]]
Results = Callable[[Sequence[Row], frozenset[str]], list[dict[str, object]]]


def report(provider: Provider, call: Call) -> object | None:
    """The answer of one admin endpoint; None for a path that is none."""
    found = _REPORTS.get(call.path)
    if found is None:
        return None
    query: dict[str, list[str]] = {}
    for name, value in parse_qsl(call.query.decode("latin-1")):
        query.setdefault(name.removesuffix("[]"), []).append(value)
    anthropic, results, most = found
    rows = [row for row in provider.bill.rows if row.model.startswith("claude-") is anthropic]
    try:
        return _page(rows, query, results, anthropic, most)
    except ValueError as error:
        raise Refused(400, "invalid_request_error", str(error)) from None


def _page(rows: Iterable[Row], query: Query, results: Results, anthropic: bool, most: int) -> dict[str, object]:
    """Some days, and where to go on."""
    start, end = _bounds(query, anthropic, rows)
    limit = min(int(query.get("limit", ["7"])[0]), most)
    first = int(query["page"][0]) if "page" in query else start
    group = frozenset(word for value in query.get("group_by", ()) for word in value.split(","))
    days = list(range(first, end))[:limit]
    by_day: dict[int, list[Row]] = {day: [] for day in days}
    for row in rows:
        if (day := int(row.at // DAY_S)) in by_day:
            by_day[day].append(row)
    more = bool(days) and days[-1] + 1 < end
    after = str(days[-1] + 1) if more else None
    buckets = [_bucket(day, results(by_day[day], group), anthropic) for day in days]
    whole: dict[str, object] = {"data": buckets, "has_more": more, "next_page": after}
    return whole if anthropic else {"object": "page", **whole}


def _bounds(query: Query, anthropic: bool, rows: Iterable[Row]) -> tuple[int, int]:
    """First day and the one after the last."""
    names = ("starting_at", "ending_at") if anthropic else ("start_time", "end_time")
    if names[0] not in query:
        raise ValueError(f"{names[0]} is required")
    seconds = [_seconds(query[name][0], anthropic) if name in query else None for name in names]
    last = max((row.at for row in rows), default=0.0)
    end = seconds[1] if seconds[1] is not None else last + 1
    return int((seconds[0] or 0.0) // DAY_S), -int(-end // DAY_S)


def _seconds(word: str, anthropic: bool) -> float:
    return datetime.fromisoformat(word).timestamp() if anthropic else float(word)


def _bucket(day: int, results: list[dict[str, object]], anthropic: bool) -> dict[str, object]:
    if anthropic:
        return {"starting_at": _moment(day), "ending_at": _moment(day + 1), "results": results}
    return {"object": "bucket", "start_time": day * DAY_S, "end_time": (day + 1) * DAY_S, "results": results}


def _moment(day: int) -> str:
    return datetime.fromtimestamp(day * DAY_S, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _grouped(rows: Iterable[Row], group: frozenset[str], names: Names) -> Iterator[tuple[dict[str, object], list[Row]]]:
    """Rows by what they are to be grouped by; what they are not grouped by is null."""
    groups: dict[tuple[str | None, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(of(row) if name in group else None for name, of in names.items()), []).append(row)
    for values, members in groups.items():
        yield dict(zip(names, values, strict=True)), members


def key_id(row: Row) -> str:
    """What the vendors call a key in their reports: not the key, nor part of it."""
    return f"key_{row.key}"


def _sum(rows: Iterable[Row], *kinds: str) -> int:
    return sum(row.kinds.get(kind, 0) for row in rows for kind in kinds)


_BY: Names = {"api_key_id": key_id, "model": lambda row: row.model}


def _openai_usage(rows: Sequence[Row], group: frozenset[str]) -> list[dict[str, object]]:
    names: Names = {**_BY, "service_tier": lambda row: "default" if row.tier == "standard" else row.tier}
    told: list[dict[str, object]] = []
    for labels, some in _grouped([row for row in rows if row.endpoint != "embeddings"], group, names):
        fresh, read = _sum(some, "input_uncached"), _sum(some, "cache_read")
        written, output = _sum(some, "cache_write_30m", "cache_write_12h"), _sum(some, "output", "reasoning")
        told.append(
            {
                "object": "organization.usage.completions.result",
                "input_tokens": fresh + read + written,
                "input_uncached_tokens": fresh,
                "input_cached_tokens": read,
                "input_cache_write_tokens": written,
                "output_tokens": output,
                "num_model_requests": len(some),
                "project_id": None,
                "user_id": None,
                "batch": None,
                **labels,
            }
        )
    return told


def _openai_embeddings(rows: Sequence[Row], group: frozenset[str]) -> list[dict[str, object]]:
    return [
        {
            "object": "organization.usage.embeddings.result",
            "input_tokens": _sum(some, "input_uncached"),
            "num_model_requests": len(some),
            "project_id": None,
            "user_id": None,
            **labels,
        }
        for labels, some in _grouped([row for row in rows if row.endpoint == "embeddings"], group, _BY)
    ]


def _anthropic_usage(rows: Sequence[Row], group: frozenset[str]) -> list[dict[str, object]]:
    names: Names = {**_BY, "service_tier": lambda row: row.tier}
    told: list[dict[str, object]] = [
        {
            "uncached_input_tokens": _sum(some, "input_uncached"),
            "cache_read_input_tokens": _sum(some, "cache_read"),
            "cache_creation": {
                "ephemeral_5m_input_tokens": _sum(some, "cache_write_5m"),
                "ephemeral_1h_input_tokens": _sum(some, "cache_write_1h"),
            },
            "output_tokens": _sum(some, "output", "reasoning"),
            "server_tool_use": {"web_search_requests": 0},
            "workspace_id": None,
            "context_window": None,
            "inference_geo": None,
            **labels,
        }
        for labels, some in _grouped(rows, group, names)
    ]
    return told


def _openai_costs(rows: Sequence[Row], group: frozenset[str]) -> list[dict[str, object]]:
    told: list[dict[str, object]] = []
    for (key, model, item), (tokens, picos) in _charges(rows, _LINE_ITEMS).items():
        told.append(
            {
                "object": "organization.costs.result",
                "amount": {"value": picos / 1e12, "currency": "usd"},
                "line_item": f"{model}, {item}" if "line_item" in group else None,
                "quantity": tokens if "line_item" in group else None,
                "api_key_id": key if "api_key_id" in group else None,
                "project_id": None,
            }
        )
    return told


def _anthropic_costs(rows: Sequence[Row], group: frozenset[str]) -> list[dict[str, object]]:
    sums: dict[tuple[str, str, str], int] = {}
    for tier in sorted({row.tier for row in rows}):
        for (_, model, item), (_, picos) in _charges([row for row in rows if row.tier == tier], _TOKEN_TYPES).items():
            sums[model, tier, item] = sums.get((model, tier, item), 0) + picos
    return [
        {
            "amount": f"{Decimal(picos) / 10**10:f}",
            "currency": "USD",
            "cost_type": "tokens",
            "description": f"{model} Usage - {item}",
            "model": model,
            "token_type": item,
            "service_tier": tier,
            "context_window": "0-200k",
            "workspace_id": None,
            "inference_geo": None,
        }
        for (model, tier, item), picos in sums.items()
    ]


def _charges(rows: Iterable[Row], items: Mapping[str, str]) -> dict[tuple[str, str, str], tuple[int, int]]:
    """Tokens and pico-dollars by key, model and item. What a row costs beside its kinds is in the largest of them."""
    sums: dict[tuple[str, str, str], tuple[int, int]] = {}
    for row in rows:
        if row.picos is None:
            continue
        split = {kind: picos for kind, picos in row.by_kind.items() if kind in items}
        if split:
            largest = max(split, key=lambda kind: split[kind])
            split[largest] += row.picos - sum(split.values())
        for kind, picos in split.items():
            place = (key_id(row), row.model, items[kind])
            tokens, before = sums.get(place, (0, 0))
            sums[place] = (tokens + row.kinds[kind], before + picos)
    return sums


_REPORTS: Mapping[str, tuple[bool, Results, int]] = {
    "/v1/organization/usage/completions": (False, _openai_usage, USAGE_DAYS_MAX),
    "/v1/organization/usage/embeddings": (False, _openai_embeddings, USAGE_DAYS_MAX),
    "/v1/organization/costs": (False, _openai_costs, COST_DAYS_MAX),
    "/v1/organizations/usage_report/messages": (True, _anthropic_usage, USAGE_DAYS_MAX),
    "/v1/organizations/cost_report": (True, _anthropic_costs, USAGE_DAYS_MAX),
}
