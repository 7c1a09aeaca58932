"""What to try, in which order, and when to stop: retries and fallbacks as pure functions of what happened.

Only what surely was not answered is tried again: a refused connection, or an error status before the client has seen a
byte. A connection cut after the request was sent is not: the provider may have done, and billed, the work.
"""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

RETRIED_STATUSES = frozenset((408, 429, 500, 502, 503, 504, 529))
"""The statuses the vendors' own SDKs retry; 409 is left to the client, which knows whether its call may repeat."""
AILING_STATUSES = frozenset((500, 502, 503, 504, 529))
"""Statuses that say the upstream is unwell; a 429 only says we ask too much."""


class Retry(Struct, frozen=True):
    """How patient to be. Times in seconds."""

    attempts: int
    backoff_s: float
    max_wait_s: float
    circuit_failures: int
    circuit_open_s: float


class Candidate(Struct, frozen=True):
    """A model at an upstream that may carry the request."""

    model: str
    upstream: str
    upstream_name: str = ""
    """The model's name there."""


class Attempt(Struct, frozen=True):
    """Try this candidate, after a pause."""

    candidate: Candidate
    number: int
    """1 for the first."""
    after_s: float = 0.0


class Failure(Struct, frozen=True):
    """Why an attempt came to nothing."""

    kind: Literal["refused", "status", "cut", "timeout"]
    status: int = 0
    retry_after_s: float | None = None


class Circuit(Struct, frozen=True):
    """The recent health of one upstream. While open, it is only tried when nothing else is left to try."""

    failures: int = 0
    open_until: float = 0.0


def failure_of(how: str, status: int, retry_after_s: float | None) -> Failure:
    """The failure of an attempt that ended like this (`gateway.wire.types.Ended`), or with a status."""
    if status:
        return Failure(kind="status", status=status, retry_after_s=retry_after_s)
    if how == "refused":
        return Failure(kind="refused")
    return Failure(kind="timeout" if how == "timeout" else "cut")


def first(candidates: tuple[Candidate, ...], circuits: Mapping[str, Circuit], now: float) -> Attempt:
    """The first attempt: the first candidate whose circuit is closed, else the first of all."""
    assert candidates, "a decision names at least one model"
    for candidate in candidates:
        if not is_open(circuits.get(candidate.upstream), now):
            return Attempt(candidate=candidate, number=1)
    return Attempt(candidate=candidates[0], number=1)


def after(
    last: Attempt,
    failure: Failure,
    candidates: tuple[Candidate, ...],
    retry: Retry,
    circuits: Mapping[str, Circuit],
    now: float,
    jitter: float,
) -> Attempt | None:
    """The attempt after a failed one, or None to give up. `jitter` is uniform in [0, 1).

    The next candidate is tried at once; the same one again only after a pause: what `retry-after` asks for, or the
    back-off doubled per attempt with full jitter on its upper half.
    """
    if last.number >= retry.attempts or not is_retried(failure):
        return None
    number = last.number + 1
    position = candidates.index(last.candidate)
    for candidate in candidates[position + 1 :]:
        if not is_open(circuits.get(candidate.upstream), now):
            return Attempt(candidate=candidate, number=number)
    pause_s = failure.retry_after_s
    if pause_s is None:
        pause_s = retry.backoff_s * 2 ** (last.number - 1) * (0.5 + jitter / 2)
    if pause_s > retry.max_wait_s or is_open(circuits.get(last.candidate.upstream), now + pause_s):
        return None
    return Attempt(candidate=last.candidate, number=number, after_s=pause_s)


def is_retried(failure: Failure) -> bool:
    """Whether a failure says that nothing was done."""
    return failure.kind == "refused" or (failure.kind == "status" and failure.status in RETRIED_STATUSES)


def is_open(circuit: Circuit | None, now: float) -> bool:
    return circuit is not None and circuit.open_until > now


def observed(circuit: Circuit | None, failure: Failure | None, retry: Retry, now: float) -> Circuit:
    """The circuit after one more outcome; `failure` None means the upstream answered well.

    It opens when as many failures follow each other as the config says, and after its time lets one request through:
    a success closes it, another failure opens it again at once.
    """
    if failure is None:
        return HEALTHY
    ailing = failure.kind in ("refused", "timeout") or failure.status in AILING_STATUSES
    if not ailing:
        return circuit or HEALTHY
    failures = (circuit.failures if circuit is not None else 0) + 1
    if failures < retry.circuit_failures:
        return Circuit(failures=failures)
    return Circuit(failures=failures, open_until=now + retry.circuit_open_s)


HEALTHY = Circuit()
