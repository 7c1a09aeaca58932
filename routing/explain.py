"""Why a decision came out as it did, and what would have changed it."""

from typing import Any

from routing.types import Decision, Reason, Workload

EVIDENCE_MAX = 12
"""Observations told, the weightiest first."""
HEADER_MAX = 200


def header(decision: Decision) -> bytes:
    """The `x-pointsman-reason` header: source and the reasons' words, printable ASCII."""
    said = f"{decision.source};{','.join(reason.word for reason in decision.reasons)}"
    return bytes(code if 32 < code < 127 else 63 for code in said[:HEADER_MAX].encode("ascii", "replace"))


def explain(decision: Decision, workload: Workload | None = None) -> dict[str, Any]:
    """A decision ready for a JSON writer. `workload` is what the request looks like, also where that decided nothing."""
    work = decision.workload or workload
    return {
        "route": decision.route or None,
        "model": decision.model or None,
        "source": decision.source,
        "rule": decision.rule or None,
        "refusal": decision.refusal or None,
        "workload": None if work is None else _workload(work),
        "reasons": [_reason(reason) for reason in decision.reasons],
        "fallbacks": list(decision.fallbacks),
        "would_change": would_change(decision, work),
    }


def would_change(decision: Decision, work: Workload | None) -> str:
    """The smallest thing that would have led elsewhere, in words."""
    if decision.rule:
        return f"without rule {decision.rule!r} the request would have been decided by its model name, thread or words"
    if decision.source == "override":
        return "asking for an alias such as 'auto' leaves the choice to the gateway"
    if decision.source == "sticky":
        return "a new thread is decided by its own words; a rule overrides a pinned thread"
    if work is None:
        return ""
    if decision.source == "fallback":
        return "clearer evidence, or a lower routing.min_confidence"
    score = sum(each.weight for each in work.evidence)
    strongest = max(work.evidence, key=lambda each: each.weight if score > 0 else -each.weight, default=None)
    if strongest is None or (score - strongest.weight > 0) is (score > 0):
        return f"no single observation: the evidence adds up to {score:+.2f}, and the sign decides"
    rest = score - strongest.weight
    return f"without {strongest.name!r} ({strongest.weight:+.2f}) the evidence would add up to {rest:+.2f}"


def _workload(work: Workload) -> dict[str, Any]:
    told = sorted(work.evidence, key=lambda each: -abs(each.weight))[:EVIDENCE_MAX]
    return {
        "input": work.input,
        "output": work.output,
        "confidence": round(work.confidence, 4),
        "evidence": [{"name": each.name, "weight": each.weight, "detail": each.detail} for each in told],
    }


def _reason(reason: Reason) -> dict[str, str]:
    return {"word": reason.word, "text": reason.text}
