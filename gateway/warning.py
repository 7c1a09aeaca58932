"""Whether to warn that a thread is resumed after its prompt cache has gone, and in which words.

Advice about money that is about to be spent, so it comes before the call, once for each time a thread lay idle, and only to
somebody who can act on it: never to a sub-agent, a title, a compaction, or a program that waits for structured output.
"""

from msgspec import Struct

from cache.standing import HALF
from cache.types import Freshness, ThreadRecord
from gateway.config.compiled import Warnings
from gateway.dialects.ask import Ask
from gateway.dialects.signals import wants_structure
from gateway.identify import Caller
from gateway.metering.prices import PriceBook
from gateway.metering.resume import ResumeCost, resume_cost
from gateway.metering.types import PICOS_PER_USD

IDLE_S = 240.0
"""A shorter silence is no break: every lifetime that is promised at all is at least five minutes."""
PAYS_MAX = 200
"""Requests after which compacting is no advice any more; one session in ten has more than 170."""
_EXPECTED = frozenset(
    ("first_call", "model_changed", "nothing_cached", "below_minimum", "no_rule", "compacted", "forked", "not_a_prompt")
)
"""Reasons for a cold prompt that somebody chose, or that no cache was ever to help against."""
_HOURS_FROM_S, _DAYS_FROM_S = 5400.0, 172_800.0
_CHANGED = {
    "tools_changed": "its tools changed",
    "system_changed": "its system prompt changed",
    "prefix_changed": "its history changed",
    "settings_changed": "its settings changed",
}


class ColdResume(Struct, frozen=True):
    """A thread that is about to be paid for anew. The prices are of its known prompt alone, in pico-dollars."""

    idle_s: float
    tokens: int
    p_cold: float
    reason: str
    go_on_picos: int
    warm_picos: int
    compact_picos: int | None
    fresh_picos: int | None
    pays_after: int | None
    """Requests after which compacting first has cost less than going on."""

    @property
    def sentence(self) -> str:
        """For a person: what happened, and the prices of what can be done. Plain ASCII without quotes, fit for a header and
        for JSON as it is."""
        why = _CHANGED.get(self.reason)
        told = f"Idle for {_span(self.idle_s)}{f' and {why}' if why else ''}: "
        told += f"about {self.tokens:,} tokens are no longer cached{_likely(self.p_cold)}. "
        told += f"Going on costs {usd(self.go_on_picos)} for the prompt instead of {usd(self.warm_picos)}"
        if self.compact_picos is not None and self.pays_after is not None and self.pays_after <= PAYS_MAX:
            told += f"; compacting first {usd(self.compact_picos)} (pays after {self.pays_after} requests)"
        if self.fresh_picos is not None:
            told += f"; a new thread {usd(self.fresh_picos)}"
        return told + "."

    @property
    def header(self) -> bytes:
        """The prices as a dictionary of RFC 9651, whose decimals have three places."""
        named = (
            ("go_on", self.go_on_picos),
            ("warm", self.warm_picos),
            ("compact", self.compact_picos),
            ("fresh", self.fresh_picos),
        )
        return ", ".join(f"{name}={picos / PICOS_PER_USD:.3f}" for name, picos in named if picos is not None).encode()


def may_be_warned(record: ThreadRecord | None, caller: Caller, freshness: Freshness) -> bool:
    """Whether a request is the first of a resumed thread of somebody who can act: a few comparisons, for every request."""
    return (
        record is not None
        and (freshness.idle_s or 0.0) >= IDLE_S
        and not record.warned_at
        and caller.agent == "main"
        and freshness.reason not in _EXPECTED
        and caller.window_number <= record.window_number
    )


def cold_resume(
    record: ThreadRecord, freshness: Freshness, prices: PriceBook, policy: Warnings, now: float
) -> ColdResume | None:
    """The warning for going on with a thread now; None where it would not be worth one, or a price is not known."""
    p_cold = chance_cold(record, freshness)
    cost = resume_cost(record, prices, now)
    warm, cold = cost.warm_picos, cost.cold_picos
    if p_cold is None or warm is None or cold is None:
        return None
    if p_cold * (cold - warm) < policy.at_least_picos or cold < policy.at_least_times * warm:
        return None
    return ColdResume(
        idle_s=freshness.idle_s or 0.0,
        tokens=record.cached_tokens,
        p_cold=p_cold,
        reason=freshness.reason,
        go_on_picos=cold,
        warm_picos=warm,
        compact_picos=cost.compact_picos,
        fresh_picos=cost.fresh_picos,
        pays_after=_pays_after(cost),
    )


def is_for_a_program(ask: Ask) -> bool:
    """Whether the answer must follow a schema, so that nobody reads it as text."""
    return wants_structure(ask.fields)


def chance_cold(record: ThreadRecord, freshness: Freshness) -> float | None:
    """The chance that less than half is read: what was learned, else what documents or digests leave no doubt of."""
    if freshness.p_cold is not None:
        return freshness.p_cold
    expected = freshness.expected_read_tokens
    if freshness.state in ("cold", "broken") and expected is not None and expected < HALF * record.cached_tokens:
        return 1.0
    return None


def _pays_after(cost: ResumeCost) -> int | None:
    """Rounded up."""
    if cost.compact_picos is None or cost.cold_picos is None or not cost.compact_saves_picos:
        return None
    return -(-(cost.compact_picos - cost.cold_picos) // cost.compact_saves_picos)


def usd(picos: int) -> str:
    """Dollars and cents, and smaller parts where there is nothing else."""
    return f"${picos / PICOS_PER_USD:.2f}" if picos >= PICOS_PER_USD // 20 else f"${picos / PICOS_PER_USD:.3f}"


def _span(seconds: float) -> str:
    if seconds >= _DAYS_FROM_S:
        return f"{seconds / 86_400:.0f} days"
    return f"{seconds / 3600:.0f} h" if seconds >= _HOURS_FROM_S else f"{seconds / 60:.0f} min"


def _likely(p_cold: float) -> str:
    return "" if p_cold >= 0.99 else f" ({100 * p_cold:.0f} % likely)"
