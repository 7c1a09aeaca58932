"""A decision that was wrong, as something to learn from.

Without more it holds numbers alone: what was observed of the request, under the names that `routing/weights/score.json`
weighs. The words stay where they are. With the consent of whoever wrote them, the excerpts the classifier looked at go
along, and only those: then the words can be learned from as well.
"""

from collections.abc import Mapping
from typing import Any

from gateway.evaluation.routing_cases import seen
from routing.classify import by_errand, by_media
from routing.grams import grams
from routing.observe import observe
from routing.text import score_of
from routing.types import Dialect, Signals
from routing.weights import weights

DIGITS = 4


class NothingToLearn(ValueError):
    """The request was decided by structure; the message says by which."""


def corrected(dialect: Dialect, body: bytes, label: str, source: str) -> dict[str, Any]:
    """Numbers, and which route would have been right. Raises `NotReadable` and `NothingToLearn`."""
    signals, caller = seen(dialect, body)
    if work := by_media(signals) or by_errand(signals, caller.agent, caller.client, caller.request_kind):
        raise NothingToLearn(f"decided by {work.evidence[0].name}, not by what is learned; write a rule instead")
    learned = weights()
    values = observe(signals, caller.client, lambda text: score_of(grams(text), learned)).values
    observed = {name: round(value, DIGITS) for name, value in sorted(values.items())}
    return {"label": label, "source": source, "observed": observed}


def quoted(dialect: Dialect, body: bytes, label: str, source: str, consent: str) -> dict[str, Any]:
    """A labelled case with the excerpts that were looked at, and who allowed them to be kept."""
    signals, _ = seen(dialect, body)
    return {
        "label": label,
        "source": source,
        "slice": source,
        "license": consent,
        "api": "chat",
        "request": excerpted(signals),
    }


def excerpted(signals: Signals) -> Mapping[str, Any]:
    """A request that shows the classifier what this one did, and nothing else."""
    turns = [
        {"role": role, "content": text}
        for role, text in (
            ("system", signals.system_text),
            ("user", signals.previous_text),
            ("assistant", "" if not signals.previous_text else "…"),
            ("user", signals.turn_text),
        )
        if text
    ]
    tools = [{"type": "function", "function": {"name": name}} for name in signals.tool_names]
    return {"model": "auto", "messages": turns, **({"tools": tools} if tools else {})}
