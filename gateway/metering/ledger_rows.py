"""From journal records to ledger rows: which columns an intent fills, which a settlement, and what they add to an hour."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from gateway.metering.families import STATUS_CLASSES
from gateway.metering.types import KINDS, Intent, Settlement

INTENT_COLUMNS = tuple(name for name in Intent.__struct_fields__)
_SETTLED_COLUMNS = (
    "settled_at", "outcome", "status", "model", "upstream", "provider", "served", "tier", "response_id", "attempts",
    "ttft_ms", "duration_ms", "bytes_out", "cache_observed", "picos", "fee_picos", "fees", "by_kind", "price_status",
    "price_reason", "price_rows", "exact", *KINDS,
)  # fmt: skip
INSERT_INTENT = (
    f"INSERT OR IGNORE INTO requests (journal, {', '.join(INTENT_COLUMNS)})"
    f" VALUES (?, {', '.join('?' for _ in INTENT_COLUMNS)})"
)
SETTLE = f"UPDATE requests SET {', '.join(f'{name} = ?' for name in _SETTLED_COLUMNS)} WHERE id = ? AND settled_at IS NULL"
_PER_KIND = tuple(f"{what}_{kind}" for kind in KINDS for what in ("tokens", "picos"))
_SUMMED = ("requests", "unpriced", "picos", "picos_fee", *_PER_KIND)
_PLACE = ("hour", "team", "route", "model", "provider", "status_class")
ADD_TO_HOUR = (
    f"INSERT INTO hours ({', '.join((*_PLACE, *_SUMMED))}) VALUES ({', '.join('?' for _ in (*_PLACE, *_SUMMED))})"
    f" ON CONFLICT DO UPDATE SET {', '.join(f'{name} = {name} + excluded.{name}' for name in _SUMMED)}"
)
HOUR_S = 3600
ESTIMATED_BYTES_PER_TOKEN = 4
"""The rule of thumb `gateway/metering/estimate.py` goes by."""

_encode = msgspec.json.Encoder().encode


def intent_row(journal: str, intent: Intent) -> tuple[Any, ...]:
    """The parameters of `INSERT_INTENT`."""
    return (journal, *(_storable(getattr(intent, name)) for name in INTENT_COLUMNS))


def settled_row(settlement: Settlement) -> tuple[Any, ...]:
    """The parameters of `SETTLE`."""
    known = sum(settlement.by_kind.values())
    return (
        settlement.at,
        settlement.outcome,
        settlement.status,
        _storable(settlement.model),
        settlement.upstream,
        settlement.provider,
        _storable(settlement.served),
        _storable(settlement.tier),
        _storable(settlement.response_id),
        settlement.attempts,
        settlement.ttft_ms,
        settlement.duration_ms,
        settlement.bytes_out,
        settlement.cache_observed,
        settlement.picos,
        max(0, settlement.picos - known) if settlement.picos is not None else 0,
        _encode(settlement.fees).decode() if settlement.fees else None,
        _encode(settlement.by_kind).decode() if settlement.by_kind else None,
        settlement.price_status,
        settlement.price_reason,
        ",".join(settlement.price_rows),
        int(settlement.exact),
        *(settlement.kinds.get(kind, 0) for kind in KINDS),
        settlement.id,
    )


def unknown(intent_id: str, at: float, row: Mapping[str, Any]) -> Settlement:
    """What is booked for a request whose process died under it: the estimate made before, marked as one.

    `row` holds the intent's `model`, `upstream`, `provider`, `bytes_in` and `estimate_picos`.
    """
    picos = row["estimate_picos"]
    return Settlement(
        id=intent_id,
        at=at,
        outcome="unknown",
        status=0,
        kinds={"input_uncached": row["bytes_in"] // ESTIMATED_BYTES_PER_TOKEN},
        fees={},
        picos=picos,
        by_kind={} if picos is None else {"input_uncached": picos},
        price_status="unpriced" if picos is None else "partial",
        price_reason="process_died",
        price_rows=(),
        exact=False,
        model=row["model"],
        upstream=row["upstream"],
        provider=row["provider"],
        served="",
        tier="",
        response_id="",
        attempts=0,
        ttft_ms=None,
        duration_ms=0.0,
        bytes_out=0,
        cache_observed="unknown",
    )


def hour_rows(settled: Iterable[tuple[str, str, Settlement]]) -> list[tuple[Any, ...]]:
    """The parameters of `ADD_TO_HOUR` for a batch of team, route and settlement, one row per hour and place."""
    sums: dict[tuple[Any, ...], list[int]] = {}
    for team, route, settlement in settled:
        place = (
            int(settlement.at // HOUR_S), team, route, _storable(settlement.model), settlement.provider,
            status_class(settlement.status),
        )  # fmt: skip
        found = sums.get(place)
        if found is None:
            found = sums[place] = [0] * len(_SUMMED)
        by_kind = settlement.by_kind
        picos = settlement.picos
        found[0] += 1
        found[1] += settlement.price_status != "priced"
        if picos is not None:
            found[2] += picos
            found[3] += max(0, picos - sum(by_kind.values()))
        for number, kind in enumerate(KINDS):
            if tokens := settlement.kinds.get(kind):
                found[4 + 2 * number] += tokens
            if cost := by_kind.get(kind):
                found[5 + 2 * number] += cost
    return [(*place, *found) for place, found in sums.items()]


def status_class(status: int) -> str:
    """`2xx` and so on; `none` where the client saw no answer."""
    word = f"{status // 100}xx"
    return word if word in STATUS_CLASSES else "none"


def _storable(value: Any) -> Any:
    """Text without lone surrogates, which SQLite cannot store; all else as it is."""
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "replace").decode()
    return int(value) if isinstance(value, bool) else value
