"""The x-pointsman headers of an answer: what was decided, why, and what the cache makes of it."""

from cache.types import Freshness
from gateway import headers
from gateway.metering.estimate import Estimate
from gateway.warning import ColdResume
from routing.explain import header as reason_header
from routing.types import Decision

WARNING_MAX = 600
"""Characters of all warnings together; a sentence about a cold resume takes some 250."""


def story(
    request_id: str, decision: Decision, model: str, freshness: Freshness, estimate: Estimate, cold: ColdResume | None
) -> list[tuple[bytes, bytes]]:
    """The lines in their usual order; what is not known is left out."""
    lines = [
        (b"x-pointsman-request-id", request_id.encode()),
        (b"x-pointsman-route", (decision.route or "direct").encode()),
        (b"x-pointsman-model", headers.safe(model)),
        (b"x-pointsman-reason", reason_header(decision)),
        (b"x-pointsman-cache", freshness.state.encode()),
    ]
    if freshness.idle_s is not None:
        lines.append((b"x-pointsman-cache-idle-s", b"%d" % freshness.idle_s))
    if freshness.expected_read_tokens is not None:
        lines.append((b"x-pointsman-cache-expected-read-tokens", b"%d" % freshness.expected_read_tokens))
    lines += estimate.headers()
    if cold is not None:
        lines.append((b"x-pointsman-resume-usd", cold.header))
    if cold is not None or decision.warning:
        said = [decision.warning] if decision.warning else []
        if cold is not None:
            said.append(cold.sentence)
        lines.append((b"x-pointsman-warning", headers.safe("; ".join(said), WARNING_MAX)))
    return lines
