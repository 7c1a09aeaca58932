"""Why a decision came out as it did, and what would have changed it."""

from typing import Any

from routing.observe import looked_at
from routing.stay import PICOS_PER_USD
from routing.text import telling
from routing.types import Decision, Reason, Workload
from routing.weights import weights

EVIDENCE_MAX = 12
"""Observations told, the weightiest first."""
HEADER_MAX = 200


def header(decision: Decision) -> bytes:
    """The `x-pointsman-reason` header: source and the reasons' words, printable ASCII."""
    said = f"{decision.source};{','.join(reason.word for reason in decision.reasons)}"
    if said.isascii() and said.isprintable() and " " not in said:
        return said[:HEADER_MAX].encode()
    return bytes(code if 32 < code < 127 else 63 for code in said[:HEADER_MAX].encode("ascii", "replace"))


def explain(decision: Decision, workload: Workload | None = None, turn_text: str = "") -> dict[str, Any]:
    """A decision ready for a JSON writer. `workload` is what the request looks like, also where that decided nothing.

    Of `turn_text` the words are told that moved the learned score most, where that was asked.
    """
    work = decision.workload or workload
    return {
        "route": decision.route or None,
        "model": decision.model or None,
        "effort": decision.effort or None,
        "source": decision.source,
        "rule": decision.rule or None,
        "refusal": decision.refusal or None,
        "workload": None if work is None else _workload(work, turn_text),
        "reasons": [_reason(reason) for reason in decision.reasons],
        "fallbacks": list(decision.fallbacks),
        "instead": _instead(decision),
        "warning": decision.warning or None,
        "question": decision.question or None,
        "shadows": [_shadow(each, decision) for each in decision.shadows],
        "would_change": would_change(decision, work),
    }


def would_change(decision: Decision, work: Workload | None) -> str:
    """The smallest thing that would have led elsewhere, in words; empty where nothing is known of it."""
    if decision.rule:
        return f"without rule {decision.rule!r} the model name, the thread or the work would have decided"
    if decision.source == "override":
        return "an alias such as 'auto' as the model leaves the choice to the gateway"
    if decision.source == "sticky":
        return "a new thread is decided by its work; a rule overrides a thread's past"
    if work is None:
        return ""
    if decision.source == "fallback":
        return "clearer evidence, or a lower routing.min_confidence"
    return _turned(work)


def _turned(work: Workload) -> str:
    """Which single observation the verdict hangs on, if it hangs on one."""
    evidence, score = work.evidence, work.score
    if len(evidence) == 1:
        return f"without {evidence[0].name!r} the words of the turn would have decided"
    sign = 1 if score > 0 else -1
    seen = [each for each in evidence if each.name != "bias"]
    strongest = max(seen, key=lambda each: sign * each.weight, default=None)
    if strongest is None or sign * (score - strongest.weight) > 0:
        return f"no single observation: all of them add up to {score:+.2f}, and the sign decides"
    told = f"{strongest.name!r} ({strongest.weight:+.2f})"
    return f"without {told} the evidence would add up to {score - strongest.weight:+.2f}, and the sign decides"


def _workload(work: Workload, turn_text: str) -> dict[str, Any]:
    evidence = work.evidence
    words = telling(looked_at(turn_text), weights()) if any(each.name == "text" for each in evidence) else []
    told = sorted(evidence, key=lambda each: -abs(each.weight))[:EVIDENCE_MAX]
    return {
        "input": work.input,
        "output": work.output,
        "confidence": round(work.confidence, 4),
        "evidence": [{"name": each.name, "weight": round(each.weight, 3), "detail": each.detail} for each in told],
        "words": [{"gram": gram, "share": share} for gram, share in words],
    }


def _shadow(shadow: Decision, decision: Decision) -> dict[str, Any]:
    return {
        "rule": shadow.rule,
        "route": shadow.route or None,
        "model": shadow.model or None,
        "effort": shadow.effort or None,
        "refusal": shadow.refusal or None,
        "differs": shadow.differs(decision),
    }


def _instead(decision: Decision) -> dict[str, Any] | None:
    """The model that was weighed and not taken, and what it was expected to cost more, in dollars."""
    if not decision.instead:
        return None
    picos = decision.instead_picos
    return {"model": decision.instead, "usd_more": None if picos is None else round(picos / PICOS_PER_USD, 6)}


def _reason(reason: Reason) -> dict[str, str]:
    return {"word": reason.word, "text": reason.text}
