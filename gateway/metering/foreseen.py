"""Words that rare events are expected to come with: for every name of the config these series exist before any event.

Prometheus sees no increase in a series that first appears with its first event, and here the first event is the news.
"""

from typing import get_args

from gateway.errors import KINDS as REFUSAL_KINDS
from gateway.metering.families import (
    BREAKERS,
    BROKEN_COST,
    CACHE_OUTCOMES,
    CACHE_REQUESTS,
    CACHE_SHIFTS,
    CHANNELS,
    DECISIONS,
    DIRECT,
    OBSERVED,
    PINGED,
    PINGS,
    PINGS_COST,
    PINGS_SAVED,
    REFUSALS,
    SAVED,
    SHADOWS,
    SOURCES,
    STALE_CLIENT_COST,
    STALE_COST,
    STALE_RESUMES,
    STATES,
    SWITCHES,
    UNPRICED,
    WARNINGS,
    WASTED,
)
from routing.stay import STAYS, Word
from routing.types import InputKind, OutputKind

CAUSES = (
    "past_lifetime", "prefix_changed", "unexplained", "model_changed", "tools_changed", "system_changed", "compacted",
    "affinity",
)  # fmt: skip
"""Why a cache was lost (`gateway.metering.rebuilt`), the commonest first: there is not room for all in a large config."""
COMPARED = ("routing", "caching", "switching")
"""What an event is compared with (`gateway.metering.ledger_savings`)."""
CLIENTS = ("codex", "claude-code", "opencode", "openai-python", "anthropic-python", "curl", "unknown")

NAMED = ("explicit_model", "unknown_model", "model_owner", "minted_there", "dialect_owner")
"""Why no route was chosen: a model was named (`routing.decide`), or what is wanted has one owner (`gateway.passthrough`)."""

FORESEEN: dict[str, tuple[dict[str, str], ...]] = {
    UNPRICED.name: tuple(
        {"reason": word}
        for word in (
            "unknown_model", "unknown_tier", "unknown_kind", "unknown_fee",
            "no_usage", "incomplete_usage", "impossible_usage",
        )
    ),
    DECISIONS.name: (
        *({"route": DIRECT, "source": "override", "reason": reason} for reason in NAMED),
        *(
            {"source": source, "reason": reason}
            for source, reason in (
                ("override", "route_name"),
                ("sticky", "thread_pinned"),
                *(("sticky" if word in STAYS else "classifier", word) for word in get_args(Word)),
                ("fallback", "low_confidence"),
                ("budget", "budget"),
                *(("classifier", f"{into}_to_{out}") for into in get_args(InputKind) for out in get_args(OutputKind)),
            )
        ),
    ),
    CACHE_OUTCOMES.name: tuple(
        {"predicted": predicted, "observed": observed} for predicted in STATES for observed in OBSERVED
    ),
    SWITCHES.name: tuple({"cause": source} for source in SOURCES),
    CACHE_SHIFTS.name: ({},),
    SHADOWS.name: ({"differs": "yes"}, {"differs": "no"}),
    CACHE_REQUESTS.name: tuple({"state": state} for state in STATES),
    REFUSALS.name: tuple({"refusal": kind} for kind in REFUSAL_KINDS),
    STALE_RESUMES.name: tuple({"client": client} for client in CLIENTS),
    WARNINGS.name: tuple({"client": client, "channel": channel} for client in CLIENTS for channel in CHANNELS),
    PINGS.name: tuple({"ping": ping} for ping in PINGED),
    PINGS_COST.name: ({},),
    PINGS_SAVED.name: ({},),
    STALE_CLIENT_COST.name: tuple({"client": client, "cause": cause} for client in CLIENTS for cause in CAUSES),
    BROKEN_COST.name: tuple({"client": client, "breaker": breaker} for client in CLIENTS for breaker in BREAKERS),
    STALE_COST.name: tuple({"cause": cause} for cause in CAUSES),
    SAVED.name: tuple({"reason": reason} for reason in COMPARED),
    WASTED.name: tuple({"reason": reason} for reason in (*COMPARED, *CAUSES)),
}
