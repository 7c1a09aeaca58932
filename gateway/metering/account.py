"""What an ended answer used: as the provider reported it, else as far as it was reported, else estimated and marked so."""

from typing import Protocol

from msgspec.structs import replace

from gateway.metering.tally import Tally, estimate
from gateway.metering.types import Outcome, Usage
from routing.types import Dialect

NOTHING = Usage(kinds={})
"""An answer that is known to cost nothing: an error status, or a free endpoint."""
UNREPORTED = Usage(kinds={}, exact=False, problem="no_usage")
"""An answer whose cost nobody can guess: nothing was reported, and what was sent is no prompt."""
OUTPUT = frozenset(("output", "reasoning", "output_audio", "output_image"))


class Relayed(Protocol):
    """What the relay counted."""

    bytes_out: int
    events: int


def outcome(how: str, status: int) -> Outcome:
    """The ledger's word for how a request ended."""
    if how in ("gone", "unsent", "drained"):
        return "client_gone"
    if how == "timeout":
        return "upstream_timeout"
    if how in ("cut", "stalled"):
        return "upstream_cut"
    return "finished" if how == "complete" and status < 400 else "upstream_error"


def account(
    tally: Tally | None,
    relayed: Relayed,
    dialect: Dialect,
    size: int,
    how: str,
    status: int,
    billable: bool,
    prompt: bool = True,
) -> Usage:
    """The usage to book.

    `billable` says that an attempt was with the upstream, at an endpoint that costs: only then can silence mean money.
    `prompt` says that the `size` bytes sent were one: only then can they be turned into tokens. `how` is how the exchange
    ended, `drained` when the answer was read to its end for a client that had left.
    """
    reported = tally.usage() if tally is not None else None
    if reported is not None:
        return reported
    partial = tally.partial() if tally is not None else None
    if partial is not None and dialect != "messages" and how in ("complete", "drained"):
        return partial  # imitators of OpenAI send running totals; of a stream that ended by itself the last is the total
    if not billable or how in ("refused", "unsent") or status >= 400:
        return NOTHING
    if partial is None:
        return estimate(dialect, size, relayed.events, relayed.bytes_out) if prompt else UNREPORTED
    return _with_guessed_output(partial, estimate(dialect, size, relayed.events, relayed.bytes_out))


def _with_guessed_output(partial: Usage, guess: Usage) -> Usage:
    """What was reported of a broken stream, its output as far as it was seen: reported early, it only counts the start."""
    said = sum(tokens for kind, tokens in partial.kinds.items() if kind in OUTPUT)
    unsaid = max(0, guess.kinds.get("output", 0) - said)
    kinds = dict(partial.kinds)
    if unsaid:
        kinds["output"] = kinds.get("output", 0) + unsaid
    problem = "" if partial.problem == "output_missing" else partial.problem
    return replace(partial, kinds=kinds, exact=False, problem=problem, reported=None, parts=())
