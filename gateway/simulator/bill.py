"""The provider's own bill: one row per billed request, kept apart from anything a client computes."""

from collections import deque
from collections.abc import Mapping

from msgspec import Struct

ROWS_MAX = 1_000_000
"""Rows kept in memory; older ones fall out but stay in the totals."""


class Row(Struct, frozen=True):
    """One billed request."""

    id: str
    """The response's id."""
    key: str
    """First characters of the API key's SHA-256; never the key."""
    model: str
    endpoint: str
    kinds: Mapping[str, int]
    picos: int | None
    """Pico-dollars, None for a model without a price."""
    reported: bool
    """Whether the usage was written out to the client."""
    outcome: str
    """`finished`, `cut` by a fault, or `gone` when the client hung up."""
    at: float
    request_id: str | None
    """The caller's `x-pointsman-request-id`, if it sent one."""
    by_kind: Mapping[str, int] = {}
    """The pico-dollars of each kind."""
    tier: str = "standard"
    """Service tier it is billed at."""


class Bill:
    """All rows of one run, bounded, with totals that never forget."""

    def __init__(self, rows_max: int = ROWS_MAX) -> None:
        self.rows: deque[Row] = deque(maxlen=rows_max)
        self.clear()

    def clear(self) -> None:
        """Start an empty bill."""
        self.rows.clear()
        self.count = 0
        self.picos = 0
        self.unpriced = 0
        self.unreported = 0

    def add(self, row: Row) -> None:
        """Write one row; the oldest falls out when the bill is full."""
        self.rows.append(row)
        self.count += 1
        self.unreported += not row.reported
        if row.picos is None:
            self.unpriced += 1
        else:
            self.picos += row.picos
