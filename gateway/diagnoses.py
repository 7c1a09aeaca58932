"""Asking a provider why its cache missed, for a share of the requests, and holding its answer against our own.

Asked only where the question is known to be taken: at OpenAI in Responses with models since GPT-5.6 (older ones refuse it
with status 400), at Anthropic in Messages. A prompt with signed thinking is left alone: what its signatures cover is the
vendor's secret, and a refused turn costs more than an answer is worth.
"""

from typing import TYPE_CHECKING

from cache.providers import rules_for
from gateway.dialects.ask import Ask, Edit
from gateway.dialects.opaque import opaque
from gateway.dialects.question import compares, question_edits
from gateway.metering.diagnosis import agreed, cause_in, our_word
from gateway.metering.types import Usage

if TYPE_CHECKING:
    from gateway.passage import RequestPassage

VENDORS = {"responses": "openai", "messages": "anthropic"}
"""Whose API has the question, by dialect."""


def question(passage: "RequestPassage") -> list[Edit]:
    """What to insert into the request of the present attempt; nothing where it is not, or cannot be, asked."""
    record, ask, upstream = passage.record, passage.ask, passage.upstream
    if record is None or ask is None or not record.answer_id or record.upstream != upstream.name:
        return []
    if record.model != passage.attempt_now.candidate.model or passage.freshness.reason == "first_call":
        return []
    if not _takes_it(ask, upstream.provider, passage.model_name) or passage.house.chance() >= upstream.diagnostics:
        return []
    if opaque(ask) == "signed_thinking":
        return []
    edits = question_edits(ask, record.answer_id)
    if edits:
        passage.asked_why = upstream.name
    return edits


def told(passage: "RequestPassage", usage: Usage) -> str:
    """The cause the provider gives for a miss, empty where it gives none; whether we had the same is counted."""
    ask, record, print_ = passage.ask, passage.record, passage.fingerprint
    if ask is None or not (passage.asked_why == passage.upstream.name or compares(ask)):
        return ""
    seen = print_ is not None and print_.whole and record is not None and bool(record.boundaries)
    ours = our_word(passage.freshness, seen)
    theirs = agreed(usage.diagnosis, ours)
    passage.house.metrics.diagnosed(passage.upstream.provider, ours, theirs)
    return cause_in(theirs) if passage.freshness.state != "unknown" else ""


def _takes_it(ask: Ask, provider: str, model: str) -> bool:
    if VENDORS.get(ask.dialect) != provider:
        return False
    if provider == "anthropic":
        return True
    rules = rules_for(provider, model)
    return rules is not None and rules.breakpoints == "breakpoints"
