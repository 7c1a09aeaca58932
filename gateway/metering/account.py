"""What an ended answer used: as the provider reported it, else as far as it was reported, else estimated and marked so."""

from typing import Protocol

from gateway.metering.tally import Tally, estimate
from gateway.metering.types import Outcome, Usage
from routing.types import Dialect

NOTHING = Usage(kinds={})
"""An answer that is known to cost nothing: an error status, or a free endpoint."""


class Relayed(Protocol):
    """What the relay counted."""

    bytes_out: int
    events: int


def outcome(how: str, status: int) -> Outcome:
    """The ledger's word for how a request ended."""
    if how in ("gone", "drained"):
        return "client_gone"
    if how == "timeout":
        return "upstream_timeout"
    if how in ("cut", "stalled"):
        return "upstream_cut"
    return "finished" if how == "complete" and status < 400 else "upstream_error"


def account(
    tally: Tally | None, relayed: Relayed, dialect: Dialect, size: int, how: str, status: int, billable: bool
) -> Usage:
    """The usage to book.

    `billable` says that an attempt was with the upstream, at an endpoint that costs: only then can silence mean money.
    """
    reported = tally.usage() if tally is not None else None
    if reported is not None:
        return reported
    if not billable or how == "refused" or status >= 400:
        return NOTHING
    partial = tally.partial() if tally is not None else None
    guess = estimate(dialect, size, relayed.events, relayed.bytes_out)
    if partial is None:
        return guess
    output = {kind: count for kind, count in guess.kinds.items() if kind == "output"}
    known = {kind: count for kind, count in partial.kinds.items() if kind not in ("output", "reasoning")}
    return Usage(
        kinds={**known, **output},
        model=partial.model,
        tier=partial.tier,
        fees=partial.fees,
        response_id=partial.response_id,
        exact=False,
    )
