"""Why a request would go where it would go, without sending it: one answer for the CLI and for HTTP."""

import time
from collections.abc import Mapping
from typing import Any

from cache.fingerprint import fingerprint
from cache.types import Freshness
from cache.visits import with_model
from gateway.budgets.ease import eased
from gateway.config.compiled import Snapshot
from gateway.dialects.ask import Ask, NotReadable, read
from gateway.dialects.signals import signals
from gateway.errors import Refused
from gateway.foresight import foreseen
from gateway.house import House
from gateway.identify import Caller, identify
from gateway.pipeline import considered, origin, rooted, servable, threaded
from gateway.upstream.plan import Candidate
from gateway.wire.target import Target, head
from routing.classify import classify
from routing.explain import explain
from routing.types import Decision, Dialect

PATHS: Mapping[Dialect, str] = {
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
    "messages": "/v1/messages",
}
NO_SEED = 0
"""Fingerprints are compared with nothing where there is no house; any seed names a chain as well as another."""


class NotExplainable(ValueError):
    """The request cannot be read; the message says why."""


def explain_request(
    snapshot: Snapshot,
    dialect: Dialect,
    headers: Mapping[str, str],
    request: bytes,
    house: House | None = None,
    team: str = "default",
) -> dict[str, Any]:
    """The decision for a request body with its reasons; with a house, its threads' memory takes part.

    The stations asked are those of the line, in its order, so what is told is what would be done; `elapsed_us` is theirs.
    Where the line would refuse, `refusal` says what the client would be told. Raises `NotExplainable` for a body the
    gateway cannot read.
    """
    lines = [
        (name.lower().encode("latin-1", "replace"), value.encode("latin-1", "replace")) for name, value in headers.items()
    ]
    asked = head("POST", Target(path=PATHS[dialect], query="", team=""), lines, len(request))
    wall = time.time() if house is None else house.wall()
    began = time.perf_counter()
    try:
        ask = read(request, dialect, dialect)
    except NotReadable as error:
        raise NotExplainable(str(error)) from None
    caller = identify(asked, ask, team)
    seed = NO_SEED if house is None else house.seed
    print_ = fingerprint(ask.dialect, ask.fields, seed, team.encode("utf-8", "replace"), request)
    caller = threaded(caller, ask.dialect, print_, house)
    record = house.threads.recall(caller.thread, team) if house is not None and caller.thread else None
    parent = origin(caller, house)
    decision = considered(asked, ask, caller, print_, record or parent, snapshot, wall, house)
    if house is not None:
        caller = rooted(caller, house)
        decision = eased(decision, house.budgets.standing(caller, wall), dialect, snapshot.policy)
    elapsed_us = (time.perf_counter() - began) * 1e6
    chosen, refusal = _destination(decision, ask, caller, snapshot)
    freshness = Freshness(state="unknown", reason="no_memory")
    if house is not None and chosen is not None:
        there = None if record is None else with_model(record, chosen.model)
        freshness = foreseen(there, parent, print_, ask, chosen, snapshot, house.forecast, wall).freshness
    seen = signals(ask, print_.turns)
    story = explain(decision, classify(seen, caller.agent, caller.client, caller.request_kind), seen.turn_text)
    return {
        **story,
        "model": chosen and chosen.model,
        "upstream": chosen and chosen.upstream,
        "refusal": refusal or None,
        "caller": {
            "team": caller.team,
            "user": caller.user,
            "client": caller.client,
            "agent": caller.agent,
            "thread": caller.thread,
            "thread_rule": caller.rule,
        },
        "freshness": _told(freshness),
        "elapsed_us": round(elapsed_us, 1),
    }


def _told(freshness: Freshness) -> dict[str, Any]:
    return {
        "state": freshness.state,
        "reason": freshness.reason,
        "idle_s": freshness.idle_s,
        "expected_read_tokens": freshness.expected_read_tokens,
        "warm_until": freshness.warm_until,
        "p_full": freshness.p_full,
        "p_cold": freshness.p_cold,
        "mean_read_tokens": freshness.mean_read_tokens,
    }


def _destination(decision: Decision, ask: Ask, caller: Caller, snapshot: Snapshot) -> tuple[Candidate | None, str]:
    """Who would be tried first, or nobody and the refusal."""
    try:
        return servable(decision, ask, caller, snapshot)[0], ""
    except Refused as no:
        return None, no.refusal.message
