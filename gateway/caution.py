"""Says that a thread is resumed cold: once for each time it lay idle, to log, metrics, and whoever asks.

That it was said stands in the thread's own record, which is on disk: so after a restart nobody is told or asked a second
time before the next request gets through. The next answer clears it. A thread that is not remembered is not warned of: the
gate fails open.
"""

import logging
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from cache.fingerprint import Fingerprint
from cache.types import Freshness, ThreadRecord
from gateway.clients import is_attended
from gateway.config.compiled import Warnings
from gateway.dialects.ask import Ask
from gateway.dialects.endpoints import TRANSLATED
from gateway.dialects.turn import is_persons
from gateway.house import House
from gateway.identify import Caller
from gateway.metering.types import PICOS_PER_USD
from gateway.warning import ColdResume, cold_resume, is_for_a_program, may_be_warned
from gateway.wire.types import Head

Channel = Literal["header", "inline", "ask_first"]
"""The loudest way in which a warning is told; the header always is."""

_log = logging.getLogger("pointsman.freshness")


class Caution(Struct, frozen=True):
    """A warning for the request at hand, and how it is told."""

    cold: ColdResume
    channel: Channel


def caution(
    record: ThreadRecord | None,
    freshness: Freshness,
    head: Head,
    ask: Ask,
    caller: Caller,
    print_: Fingerprint,
    house: House,
    wall: float,
) -> Caution | None:
    """The warning for a request, noted as told; None for nearly all."""
    if record is None or not may_be_warned(record, caller, freshness) or ask.endpoint not in TRANSLATED:
        return None
    policy = house.live.current.warnings_of(caller.team)
    cold = cold_resume(record, freshness, house.prices, policy, wall)
    if cold is None or is_for_a_program(ask):
        return None
    channel = _channel(policy, head, ask, print_)
    house.threads.remember(replace(record, warned_at=wall))
    house.metrics.warned(caller.team, caller.client, channel)
    _log.warning(
        "cold resume: team=%s client=%s channel=%s reason=%s idle_s=%d tokens=%d p_cold=%.2f go_on_usd=%.4f warm_usd=%.4f",
        caller.team, caller.client, channel, cold.reason, cold.idle_s, cold.tokens, cold.p_cold,
        cold.go_on_picos / PICOS_PER_USD, cold.warm_picos / PICOS_PER_USD,
    )  # fmt: skip
    return Caution(cold=cold, channel=channel)


def _channel(policy: Warnings, head: Head, ask: Ask, print_: Fingerprint) -> Channel:
    """Only a person who has just typed something is interrupted: an agent at work between tools has nobody to ask."""
    if not policy.ask_first and not policy.inline:
        return "header"
    first = head.first
    if not is_attended(first.get(b"user-agent", b""), first.get(b"originator", b"")):
        return "header"
    if not is_persons(ask, print_.sizes):
        return "header"
    return "ask_first" if policy.ask_first else "inline"
