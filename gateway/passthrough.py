"""Requests under /v1 that are no dialect of ours: whose they are, so that they can pass untouched."""

from collections.abc import Callable

from msgspec import Struct

from gateway.config.compiled import Snapshot
from gateway.dialects.ask import Ask, NotReadable, read
from gateway.upstream.plan import Candidate
from gateway.wire.types import Head
from routing.types import Decision, Dialect, Reason


class Owned(Struct, frozen=True):
    """A request that belongs to one upstream."""

    candidate: Candidate
    decision: Decision
    ask: Ask | None
    """Set when the body is JSON and names a model."""


def owner(
    head: Head, body: bytes, dialect: Dialect, snapshot: Snapshot, minted_by: Callable[[str], str | None]
) -> Owned | None:
    """Whose request this is: of the model it names, of the account that minted the id in its path, of its dialect."""
    ask = _asked(head, body, dialect)
    if ask is not None and (model := snapshot.model(ask.model)) is not None:
        return _owned(model.candidate, "model_owner", f"{ask.model} is served there", ask)
    segments = head.path.split("/")
    minted = minted_by(segments[3]) if len(segments) > 3 else None
    if minted is not None and minted in snapshot.upstreams:
        return _owned(Candidate(model="", upstream=minted), "minted_there", "that upstream made this id", None)
    preferred = ("messages",) if dialect == "messages" else ("responses", "chat")
    for wanted in preferred:
        for name, upstream in snapshot.upstreams.items():
            if wanted in upstream.dialects:
                first = Candidate(model="", upstream=name)
                return _owned(first, "dialect_owner", f"the first upstream that speaks {wanted}", None)
    return None


def _asked(head: Head, body: bytes, dialect: Dialect) -> Ask | None:
    if not body or b"json" not in head.first.get(b"content-type", b""):
        return None
    try:
        return read(body, "other", dialect)
    except NotReadable:
        return None


def _owned(chosen: Candidate, word: str, text: str, ask: Ask | None) -> Owned:
    decision = Decision(route="", model=chosen.model, source="override", reasons=(Reason(word=word, text=text),))
    return Owned(candidate=chosen, decision=decision, ask=ask)
