"""What the built-in page says of threads, from memory: which caches are warm, for how long, and what resuming costs."""

from collections import Counter
from collections.abc import Mapping

from cache.types import Freshness, ThreadRecord
from gateway.api.page_facts import ThreadLine
from gateway.foresight import resumed
from gateway.house import House
from gateway.metering.resume import resume_cost

SHOWN = 12
COUNTED = 1000
"""Threads whose state is counted for the page; the newest."""
ORDER = ("cooling", "warm", "cold", "broken", "unknown")
"""What can still be saved comes first, the most urgent before the rest."""


def threads(house: House, now: float, team: str | None) -> tuple[tuple[ThreadLine, ...], Mapping[str, int]]:
    """The threads to show, and how many are in which state."""
    records = house.threads.recent(COUNTED, team)
    fresh = [(resumed(record, house.forecast, now), record) for record in records]
    states: Counter[str] = Counter(freshness.state for freshness, _ in fresh)
    fresh.sort(key=lambda each: _urgency(each[0], each[1], now))
    lines = tuple(
        ThreadLine(
            thread=record.thread,
            team=record.team,
            client=record.client,
            model=record.model,
            state=freshness.state,
            idle_s=max(0.0, now - record.last_end),
            expected_read_tokens=freshness.expected_read_tokens,
            warm_until=freshness.warm_until,
            **_prices(record, house, now),
        )
        for freshness, record in fresh[:SHOWN]
    )
    return lines, dict(states)


def _urgency(freshness: Freshness, record: ThreadRecord, now: float) -> tuple[int, bool, float]:
    """Of caches that are there, the one that goes first; then, and of those that have gone, the newest thread."""
    until = freshness.warm_until
    lasting = freshness.state in ("warm", "cooling") and until is not None and until > now
    return ORDER.index(freshness.state), not lasting, until if lasting and until is not None else -record.last_end


def _prices(record: ThreadRecord, house: House, now: float) -> dict[str, int | None]:
    cost = resume_cost(record, house.prices, now)
    return {"if_warm_picos": cost.warm_picos, "if_cold_picos": cost.cold_picos, "afresh_picos": cost.fresh_picos}
