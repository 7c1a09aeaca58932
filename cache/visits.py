"""A thread that goes from one model to another and back: each model's cache holds what that model saw.

A record speaks of the model that answered last. What was known of the one before is kept beside it and taken up again when
the thread returns, so that the cache there counts for what it still holds and not as gone.
"""

from msgspec.structs import replace

from cache.types import ThreadRecord, Visit

VISITS_MAX = 2
"""Models remembered beside the last: a thread has one for code and one for the rest, and now and then a fallback."""
BOUNDARIES_KEPT = 2
"""Prefix ends of each: the newest, and one before it for an edit."""


def with_model(record: ThreadRecord, model: str) -> ThreadRecord:
    """The record as it stands with this model; as it is where the model was the last, or never answered."""
    if record.model == model:
        return record
    there = next((visit for visit in record.visits if visit.model == model), None)
    if there is None:
        return record
    return replace(
        record,
        model=there.model,
        served=there.served,
        provider=there.provider,
        upstream=there.upstream,
        last_end=there.last_end,
        cache_ttl_s=there.cache_ttl_s,
        cached_tokens=there.cached_tokens,
        boundaries=there.boundaries,
        standing=there.standing,
        kept_at=0.0,
        answer_id=there.answer_id,
        visits=visits_after(record, model),
    )


def visits_after(record: ThreadRecord, model: str) -> tuple[Visit, ...]:
    """What is kept of the other models when this one answers."""
    if record.model in ("", model):
        return record.visits
    left = Visit(
        model=record.model,
        served=record.served,
        provider=record.provider,
        upstream=record.upstream,
        last_end=max(record.last_end, record.kept_at),
        cache_ttl_s=record.cache_ttl_s,
        cached_tokens=record.cached_tokens,
        boundaries=record.boundaries[-BOUNDARIES_KEPT:],
        standing=record.standing,
        answer_id=record.answer_id,
    )
    return (left, *(visit for visit in record.visits if visit.model != model))[:VISITS_MAX]
