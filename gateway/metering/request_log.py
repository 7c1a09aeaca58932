"""A line of JSON for each settled request, for those who collect logs; off unless the config asks for it.

The ledger's writer prints it, behind the requests: it costs them nothing, and a reader that does not read holds up the
books, not an answer. What may be in a line is listed here. Nothing in it is a person's, a secret's, or a client's own words:
no user, session, thread, key, address, body, or model as it was asked for. What the gateway itself refused is in no ledger,
and so in no line; `pointsman_refusals_total` counts it.
"""

import contextlib
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import BinaryIO

import msgspec

from gateway.metering.ledger_rows import Settled
from gateway.metering.types import Intent, Settlement, usd

FROM_INTENT = (
    "id", "team", "client", "agent", "endpoint", "stream", "route", "source", "reason", "rule", "cache_state", "bytes_in",
)  # fmt: skip
FROM_SETTLEMENT = (
    "model", "upstream", "provider", "tier", "status", "outcome", "attempts", "ttft_ms", "duration_ms", "bytes_out",
    "cache_observed", "price_status", "exact",
)  # fmt: skip
FIELDS = ("time", *FROM_INTENT, *FROM_SETTLEMENT, "tokens", "usd")
"""All there is, in this order."""
_encode = msgspec.json.Encoder().encode


def line(intent: Intent, settled: Settlement) -> bytes:
    """One request's line, without its end."""
    said = {
        "time": datetime.fromtimestamp(settled.at, UTC).isoformat(timespec="milliseconds"),
        **{name: getattr(intent, name) for name in FROM_INTENT},
        **{name: getattr(settled, name) for name in FROM_SETTLEMENT},
        "tokens": settled.kinds,
        "usd": None if settled.picos is None else usd(settled.picos),
    }
    return _encode(said)


class RequestLog:
    """Lines that wait for their commit, and where they then go."""

    def __init__(self, out: BinaryIO | None = None) -> None:
        """Print to `out`, or to standard output as it is then."""
        self._out = out
        self._waiting: list[bytes] = []

    def add(self, booked: Iterable[Settled]) -> None:
        """What a transaction books."""
        self._waiting += [line(intent, settled) for intent, settled, *_ in booked]

    def drop(self) -> None:
        """It was undone."""
        self._waiting.clear()

    def tell(self) -> None:
        """It is in the books. Where nobody listens any more, the lines are lost."""
        if not self._waiting:
            return
        lines, self._waiting = b"\n".join([*self._waiting, b""]), []
        with contextlib.suppress(OSError, ValueError, AttributeError):
            out = sys.stdout.buffer if self._out is None else self._out
            out.write(lines)
            out.flush()
