"""A thread as JSON: what the thread pages and `GET /pointsman/threads` show, without the prices."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from cache.types import Freshness, ThreadRecord


def view(record: ThreadRecord, freshness: Freshness, now: float) -> dict[str, Any]:
    """One thread, ready for a JSON writer. Dollars are an exact decimal string, times are ISO 8601 in UTC."""
    return {
        "thread": record.thread,
        "session": record.session,
        "parent": record.parent,
        "team": record.team,
        "user": record.user,
        "client": record.client,
        "agent": record.agent,
        "route": record.route,
        "model": record.model,
        "served": record.served,
        "provider": record.provider,
        "state": freshness.state,
        "reason": freshness.reason,
        "idle_s": round(max(0.0, now - record.last_end), 1),
        "expected_cached_tokens": freshness.expected_read_tokens,
        "warm_until": None if freshness.warm_until is None else _moment(freshness.warm_until),
        "last_end": _moment(record.last_end),
        "requests": record.requests,
        "usd": f"{Decimal(record.picos).scaleb(-12):f}",
    }


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
