"""The row of a settled request: what an intent fills, what a settlement, and the statement that takes it.

Handing over its values is half of what an insert costs. So the token kinds a request does not have are left to the columns'
defaults, and truth values go in as numbers, which Python's SQLite binds twelve times as fast.
"""

import functools
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec.structs import astuple, replace

from gateway.metering.ledger_face import Connection, Row
from gateway.metering.types import KINDS, Intent, Settlement
from gateway.metering.whatif import WhatIf

ESTIMATED_BYTES_PER_TOKEN = 4
"""The rule of thumb `gateway/metering/estimate.py` goes by."""
SHAPES_MAX = 100
"""Statements kept, one for each set of token kinds; a dozen are in use, and SQLite keeps 128 prepared."""

Settled = tuple[Intent, Settlement, int, WhatIf]
"""An intent, what came of it, what was paid beside its tokens in pico-dollars, and what it would have cost otherwise."""

_MODEL = Intent.__struct_fields__.index("model")
_STREAM = Intent.__struct_fields__.index("stream")
_INTENT = Intent.__struct_fields__[:_MODEL] + Intent.__struct_fields__[_MODEL + 3 :]
_FIXED = (
    *_INTENT, "journal", "settled_at", "outcome", "status", "model", "upstream", "provider", "served", "tier",
    "response_id", "attempts", "ttft_ms", "duration_ms", "bytes_out", "cache_observed", "picos", "fee_picos",
    "price_status", "price_reason", "price_rows", "exact", "if_code", "if_general", "if_uncached", "if_stayed",
    "wasted_picos", "wasted_cause",
)  # fmt: skip
"""The settlement says which model and upstream answered, and whose they are."""
_OTHERWISE_KEPT = ("at", "kinds", "fees", "by_kind", "price_rows", "exact", "cause")
"""Fields of a settlement that are not columns of the same name and type; the cause has become the intent's."""
_KINDS = frozenset(KINDS)
_encode = msgspec.json.Encoder().encode


class Doubled(ValueError):
    """A request is in the books already."""


class UnknownKind(ValueError):
    """Tokens or dollars of a kind no column holds."""


def insert(connection: Connection, journal: str, settled: Iterable[Settled]) -> None:
    """Write the rows of these requests of one journal.

    `Doubled` if one is there already, `UnknownKind`, or what the database raises: then some may be written and some not.
    """
    shapes: dict[tuple[str, ...], list[tuple[object, ...]]] = {}
    for intent, settlement, fee_picos, otherwise in settled:
        shape = (*settlement.kinds, "fees" if settlement.fees else "", *settlement.by_kind)
        row = _row(intent, journal, settlement, fee_picos, otherwise)
        if shape in shapes:
            shapes[shape].append(row)
        else:
            shapes[shape] = [row]
    for shape, rows in shapes.items():
        if connection.executemany(_statement(shape), rows).rowcount < len(rows):
            raise Doubled


@functools.lru_cache(SHAPES_MAX)
def _statement(shape: tuple[str, ...]) -> str:
    """The insert for requests with these token kinds, then perhaps fees, then these costs by kind."""
    if unknown_ := set(shape) - _KINDS - {"", "fees"}:
        raise UnknownKind(", ".join(sorted(unknown_)))
    fees = shape.index("fees") if "fees" in shape else shape.index("")
    picos = (f"picos_{kind}" for kind in shape[fees + 1 :])
    columns = (*_FIXED, *shape[:fees], *filter(None, shape[fees : fees + 1]), *picos)
    values = ", ".join("?" for _ in columns)
    return f"INSERT INTO requests ({', '.join(columns)}) VALUES ({values}) ON CONFLICT (id) DO NOTHING"


def _row(
    intent: Intent, journal: str, settlement: Settlement, fee_picos: int, otherwise: WhatIf
) -> tuple[object, ...]:
    """The values of `_FIXED`, then tokens, then fees, then costs."""
    asked = astuple(intent)
    fees = (_encode(settlement.fees).decode(),) if settlement.fees else ()
    return (
        *asked[:_MODEL],
        *asked[_MODEL + 3 : _STREAM],
        int(intent.stream),
        *asked[_STREAM + 1 :],
        journal,
        settlement.at,
        settlement.outcome,
        settlement.status,
        settlement.model,
        settlement.upstream,
        settlement.provider,
        settlement.served,
        settlement.tier,
        settlement.response_id,
        settlement.attempts,
        settlement.ttft_ms,
        settlement.duration_ms,
        settlement.bytes_out,
        settlement.cache_observed,
        settlement.picos,
        fee_picos,
        settlement.price_status,
        settlement.price_reason,
        ",".join(settlement.price_rows),
        int(settlement.exact),
        *astuple(otherwise),
        *settlement.kinds.values(),
        *fees,
        *settlement.by_kind.values(),
    )


def settled_of(row: Row) -> Settled:
    """What a row was made of, but for the model and the upstream that were meant before another answered."""
    meant = {name: row[name] for name in Intent.__struct_fields__} | {"stream": bool(row["stream"])}
    done = {name: row[name] for name in Settlement.__struct_fields__ if name not in _OTHERWISE_KEPT}
    done |= {
        "at": row["settled_at"],
        "kinds": {kind: row[kind] for kind in KINDS if row[kind]},
        "by_kind": {kind: row[f"picos_{kind}"] for kind in KINDS if row[f"picos_{kind}"] is not None},
        "fees": msgspec.json.decode(row["fees"]) if row["fees"] else {},
        "price_rows": tuple(row["price_rows"].split(",")) if row["price_rows"] else (),
        "exact": bool(row["exact"]),
    }
    otherwise = WhatIf(*(row[name] for name in _FIXED[-len(WhatIf.__struct_fields__) :]))
    return Intent(**meant), Settlement(**done), row["fee_picos"], otherwise


def fees_of(settlement: Settlement) -> int:
    """What was paid beside tokens, in pico-dollars."""
    return 0 if settlement.picos is None else max(0, settlement.picos - sum(settlement.by_kind.values()))


def unknown(intent: Intent, at: float) -> Settlement:
    """What is booked for a request whose process died under it: the estimate made before, marked as one."""
    picos = intent.estimate_picos
    return Settlement(
        id=intent.id,
        at=at,
        outcome="unknown",
        status=0,
        kinds={"input_uncached": intent.bytes_in // ESTIMATED_BYTES_PER_TOKEN},
        fees={},
        picos=picos,
        by_kind={} if picos is None else {"input_uncached": picos},
        price_status="unpriced" if picos is None else "partial",
        price_reason="process_died",
        price_rows=(),
        exact=False,
        model=intent.model,
        upstream=intent.upstream,
        provider=intent.provider,
        served="",
        tier="",
        response_id="",
        attempts=0,
        ttft_ms=None,
        duration_ms=0.0,
        bytes_out=0,
        cache_observed="unknown",
    )


def nobody(settlement: Settlement) -> Intent:
    """An intent for a settlement that has lost its own, so that at least its money is in the books."""
    nothing: dict[str, Any] = dict.fromkeys(Intent.__struct_fields__, "")
    numbers = {"at": settlement.at, "stream": False, "bytes_in": 0, "cache_expected_tokens": None, "estimate_picos": None,
               "known_tokens": 0, "instead_picos": None}  # fmt: skip
    return Intent(**{**nothing, **numbers, "id": settlement.id})


def known(settlement: Settlement) -> Settlement:
    """A settlement without the token kinds that no column holds."""
    kinds = {kind: tokens for kind, tokens in settlement.kinds.items() if kind in _KINDS}
    by_kind = {kind: picos for kind, picos in settlement.by_kind.items() if kind in _KINDS}
    return replace(settlement, kinds=kinds, by_kind=by_kind)
