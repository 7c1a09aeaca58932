"""Why a request would go where it would go, without sending it: one answer for the CLI and for HTTP."""

import time
from collections.abc import Mapping
from typing import Any

from cache.fingerprint import fingerprint
from cache.types import Freshness
from gateway.config.compiled import Snapshot
from gateway.dialects.ask import NotReadable, read
from gateway.dialects.signals import signals
from gateway.house import House
from gateway.identify import identify
from gateway.pipeline import assessed, considered
from gateway.wire.target import Target, head
from routing.classify import classify
from routing.explain import explain
from routing.types import Dialect

PATHS: Mapping[str, str] = {
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
    "messages": "/v1/messages",
}


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

    Raises `NotExplainable` for a body the gateway would refuse.
    """
    lines = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
    asked_head = head("POST", Target(path=PATHS[dialect], query="", team=""), lines, "", len(request))
    began = time.perf_counter()
    try:
        ask = read(request, dialect, dialect)
    except NotReadable as error:
        raise NotExplainable(str(error)) from None
    caller = identify(asked_head, ask, team)
    wall = time.time()
    record = house.threads.recall(caller.thread, team) if house is not None and caller.thread else None
    decision = considered(asked_head, ask, caller, record, snapshot, wall)
    elapsed_us = (time.perf_counter() - began) * 1e6
    freshness = Freshness(state="unknown", reason="no_memory")
    if house is not None and decision.model:
        print_ = fingerprint(ask.dialect, ask.fields, house.seed, team.encode())
        freshness = assessed(record, print_, decision.model, snapshot, wall)
    model = snapshot.model(decision.model)
    story = explain(decision, classify(signals(ask), caller.agent, caller.client, caller.request_kind))
    story["client"] = caller.client
    story["agent"] = caller.agent
    story["thread"] = caller.thread
    story["thread_rule"] = caller.rule
    story["upstream"] = model.upstream if model is not None else None
    story["freshness"] = {
        "state": freshness.state,
        "reason": freshness.reason,
        "idle_s": freshness.idle_s,
        "expected_read_tokens": freshness.expected_read_tokens,
    }
    story["elapsed_us"] = round(elapsed_us, 1)
    return story

