"""What is expected of the provider's cache for one request, from documents and from what was learned; and the learning.

The documents' word stands where nothing was learned. Where it was, the learned chances fill in the numbers, and overrule the
state when they contradict it plainly.
"""

from msgspec import Struct
from msgspec.structs import replace

from cache.fingerprint import Fingerprint
from cache.forecast import Forecast, Subject
from cache.freshness import assess
from cache.look import Look, by_length, by_prefix
from cache.outlook import EVIDENCE_LEAST, WARM_FROM, Outlook
from cache.providers import rules_for
from cache.types import Freshness, State, ThreadRecord
from gateway.config.compiled import Snapshot
from gateway.dialects.ask import Ask
from gateway.dialects.turn import is_persons
from gateway.metering.types import Settlement
from gateway.upstream.plan import Candidate

LIKELY = 0.5
_SETTLED = frozenset(("first_call", "model_changed", "nothing_cached", "below_minimum", "no_rule"))
"""Reasons that chances do not change."""


class Foresight(Struct, frozen=True):
    """What is told of a request, and what is needed to learn from its answer."""

    freshness: Freshness
    subject: Subject | None = None
    """None where there is nothing to learn for: no rules, or no prompt."""
    look: Look | None = None
    """None for a thread's first answer."""

    @property
    def begins_turn(self) -> bool:
        """Whether a person's message ends the prompt; so it does in a first one."""
        return self.look is None or self.look.turn != "tool"


def foreseen(
    record: ThreadRecord | None,
    parent: ThreadRecord | None,
    print_: Fingerprint,
    ask: Ask,
    chosen: Candidate,
    snapshot: Snapshot,
    forecast: Forecast | None,
    wall: float,
) -> Foresight:
    """What to expect if this candidate answers; `parent` is the thread that a new one was forked from."""
    rules = rules_for(snapshot.upstreams[chosen.upstream].provider, chosen.model)
    if record is None and parent is not None:
        freshness = assess(parent, print_, chosen.model, rules, wall)
        if freshness.state == "broken":
            freshness = replace(freshness, reason="forked")
    else:
        freshness = assess(record, print_, chosen.model, rules, wall)
    if rules is None or forecast is None:
        return Foresight(freshness=freshness)
    beginning = print_.digests[print_.lead].hex()
    subject = Subject(rules=rules, model=chosen.upstream_name, account=chosen.upstream, beginning=beginning)
    if record is None or freshness.reason in _SETTLED or not record.standing.requests:
        return Foresight(freshness=freshness, subject=subject)
    standing = record.standing
    person = is_persons(ask, print_.sizes)
    if print_.whole and record.boundaries:
        look = by_prefix(standing, record.boundaries, print_, person, wall, rules)
    else:
        look = by_length(standing, standing.total + standing.out, person, wall - standing.at, rules)
    freshness = judged(freshness, forecast.before(standing, look, subject, wall))
    return Foresight(freshness=freshness, subject=subject, look=look)


def resumed(record: ThreadRecord, forecast: Forecast, now: float) -> Freshness:
    """What to expect if a person goes on with a thread now and nothing in it was changed; no prompt has been seen for it."""
    model = record.served or record.model
    rules = rules_for(record.provider, model)
    freshness = assess(record, None, record.model, rules, now)
    standing = record.standing
    if rules is None or freshness.reason in _SETTLED or not standing.requests:
        return freshness
    subject = Subject(rules=rules, model=model, account=record.upstream, beginning=standing.beginning)
    look = Look(word="intact", turn="user", tokens=standing.total + standing.out)
    return judged(freshness, forecast.before(standing, look, subject, now))


def judged(freshness: Freshness, outlook: Outlook) -> Freshness:
    """The documents' word with the learned numbers in it."""
    if outlook.evidence < EVIDENCE_LEAST:
        return freshness
    state, reason = _state(freshness, outlook)
    return Freshness(
        state=state,
        reason=reason,
        idle_s=freshness.idle_s,
        expected_read_tokens=outlook.expected_read,
        warm_until=freshness.warm_until,
        p_full=outlook.p_full,
        p_cold=outlook.p_cold,
        mean_read_tokens=outlook.mean_read,
        cause=outlook.cause,
    )


def _state(freshness: Freshness, outlook: Outlook) -> tuple[State, str]:
    """State and reason. Chances never make a prompt warm that documents do not: a curve over time is a timer too."""
    state, reason = freshness.state, freshness.reason
    if state == "broken":
        return state, reason
    if outlook.p_cold >= LIKELY:
        return ("cold", reason) if state == "cold" else ("cold", "learned")
    if state == "warm":
        return (state, reason) if outlook.p_full >= WARM_FROM else ("cooling", "learned")
    if state == "cooling":
        return state, reason
    return ("cooling", "learned") if outlook.p_full >= LIKELY else (state, reason)


def learn(
    foresight: Foresight,
    record: ThreadRecord | None,
    foretold: Candidate,
    settled: Settlement,
    forecast: Forecast,
    sent: float,
) -> list[str]:
    """Learn from an answer if it came from where it was foretold, and the one before it too.

    The upstreams whose caches are seen to behave in a new way.
    """
    subject = foresight.subject
    if subject is None or (settled.model, settled.upstream) != (foretold.model, foretold.upstream):
        return []
    if record is not None and record.upstream != settled.upstream:
        return []
    standing = record.standing if record is not None and foresight.look is not None else None
    read = settled.kinds.get("cache_read", 0)
    return forecast.after(standing, foresight.look or _FIRST, subject, sent, read, settled.at)


_FIRST = Look(word="grown", turn="user", tokens=0)
