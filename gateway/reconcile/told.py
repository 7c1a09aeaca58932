"""A reconciliation as JSON, in full for programs and in short for the gateway's metrics."""

import contextlib
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway.metering.types import usd
from gateway.reconcile.pages import DAY_S
from gateway.reconcile.types import Cause, Gap, Part, Reconciled

NAME = "reconciled.json"


def as_json(found: Reconciled) -> dict[str, Any]:
    """All of it for a JSON writer; dollars are exact decimal strings."""
    return {
        "first_day": date(found.first_day),
        "last_day": date(found.last_day),
        "captured": found.captured,
        "billed": {"tokens": found.billed_tokens, "usd": _usd(found.billed_picos)},
        "booked": {"tokens": found.booked_tokens, "usd": usd(found.booked_picos)},
        "causes": {cause: _part(part) for cause, part in by_cause(found).items()},
        "gaps": [_gap(gap) for gap in found.gaps],
    }


def by_cause(found: Reconciled) -> dict[Cause, Part]:
    """What each cause comes to over all gaps."""
    sums: dict[Cause, Part] = {}
    for gap in found.gaps:
        for part in gap.parts:
            before = sums.get(part.cause, Part(cause=part.cause, tokens=0, picos=None))
            picos = before.picos if part.picos is None else (before.picos or 0) + part.picos
            sums[part.cause] = Part(cause=part.cause, tokens=before.tokens + part.tokens, picos=picos)
    return sums


def date(day: int) -> str:
    """A day as people write it."""
    return datetime.fromtimestamp(day * DAY_S, UTC).strftime("%Y-%m-%d")


def note(home: Path, found: Reconciled) -> None:
    """Leave the share captured where the gateway's metrics find it; a home that cannot be written does without."""
    fresh = home / f"{NAME}.{os.getpid()}"
    with contextlib.suppress(OSError):
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as out:
            json.dump({"captured": found.captured, "last_day": found.last_day}, out)
        fresh.replace(home / NAME)


def noted(home: Path) -> float | None:
    """The share that was captured when last somebody looked; None when nobody has."""
    try:
        captured = json.loads((home / NAME).read_text()).get("captured")
    except (OSError, ValueError, AttributeError):
        return None
    return float(captured) if isinstance(captured, int | float) else None


def lines(found: Reconciled) -> Iterator[tuple[str, ...]]:
    """A line for each cause of each gap."""
    for gap in found.gaps:
        place = gap.place
        for part in gap.parts:
            where = (date(place.day), place.provider, place.key or "*", place.model, gap.kind, place.tier or "*")
            yield (*where, part.cause, str(part.tokens), "" if part.picos is None else usd(part.picos))


def _gap(gap: Gap) -> dict[str, Any]:
    place = gap.place
    return {
        "day": date(place.day),
        "provider": place.provider,
        "key": place.key or None,
        "model": place.model,
        "kind": gap.kind,
        "tier": place.tier or None,
        "billed": {"tokens": gap.billed, "usd": _usd(gap.billed_picos)},
        "booked": {"tokens": gap.booked, "usd": _usd(gap.booked_picos)},
        "causes": {part.cause: _part(part) for part in gap.parts},
    }


def _part(part: Part) -> dict[str, Any]:
    return {"tokens": part.tokens, "usd": _usd(part.picos)}


def _usd(picos: int | None) -> str | None:
    return None if picos is None else usd(picos)
