"""What goes into the books before a request leaves: who spends, on what, why there, and what was weighed against it."""

from typing import TYPE_CHECKING

from gateway.metering.rebuilt import cause_of
from gateway.metering.types import Intent
from gateway.metering.whatif import moved_from

if TYPE_CHECKING:
    from gateway.passage import RequestPassage


def intent_of(passage: "RequestPassage") -> Intent:
    """The intent of a request that has been decided."""
    caller = passage.caller
    decision = passage.decision
    workload = decision.workload
    return Intent(
        id=passage.id,
        at=passage.wall,
        team=caller.team,
        user=caller.user,
        client=caller.client,
        client_version=caller.client_version,
        session=caller.session,
        thread=caller.thread,
        parent=caller.parent,
        agent=caller.agent,
        thread_rule=caller.rule,
        endpoint=passage.endpoint if passage.ask is not None else passage.head.path[:100],
        dialect=passage.dialect,
        model_asked=passage.ask.model if passage.ask is not None else "",
        route=decision.route,
        model=passage.attempt_now.candidate.model,
        upstream=passage.upstream.name,
        provider=passage.upstream.provider,
        source=decision.source,
        reason=decision.reasons[0].word,
        rule=decision.rule,
        input_kind=workload.input if workload is not None else "",
        output_kind=workload.output if workload is not None else "",
        stream=passage.ask.stream if passage.ask is not None else False,
        bytes_in=passage.size,
        cache_state=passage.freshness.state,
        cache_expected_tokens=passage.freshness.expected_read_tokens,
        estimate_picos=passage.estimate.picos,
        key_id=caller.key_id,
        known_tokens=passage.left.cached_tokens if passage.left is not None else 0,
        cache_cause="" if passage.freshness.state == "unknown" else cause_of(passage.freshness),
        breaker=passage.breaker,
        instead=decision.instead,
        instead_picos=decision.instead_picos,
        moved_from=moved_from(passage.left, passage.attempt_now.candidate.model),
    )
