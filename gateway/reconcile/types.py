"""The vocabulary of reconciliation: what a provider billed, what we booked, and how the two differ."""

from typing import Literal

from msgspec import Struct

Kind = Literal["input", "cache_read", "cache_write", "output"]
"""What both vendors' reports tell apart: OpenAI's has one sum for all writes, and reasoning is output in both."""
KINDS: tuple[Kind, ...] = ("input", "cache_read", "cache_write", "output")
STANDARD = "standard"

Cause = Literal[
    "bypassed", "late", "not_billed_yet", "tier_mismatch", "estimated", "unpriced", "price_lag", "rounding", "unexplained"
]
CAUSES: dict[Cause, str] = {
    "bypassed": "traffic of this key that did not come through here",
    "late": "booked on the other side of midnight",
    "not_billed_yet": "the bill does not reach so far",
    "tier_mismatch": "billed at another service tier than booked",
    "estimated": "the answer broke off before its usage was told, and was estimated",
    "unpriced": "no price was known here",
    "price_lag": "another price here than on the bill",
    "rounding": "less than the bill can show",
    "unexplained": "none of these",
}


class Place(Struct, frozen=True, order=True):
    """Where usage is compared. `key` is the provider's id of an API key; empty where the bill does not tell keys apart."""

    day: int
    """Days since 1970, in UTC."""
    provider: str
    key: str
    model: str
    tier: str
    """Empty where the bill does not tell tiers apart."""


class Used(Struct):
    """Tokens by kind of one place, and from how many requests."""

    requests: int = 0
    tokens: dict[Kind, int] = {}


class Cost(Struct, frozen=True):
    """One charge. `key` and `tier` are empty where the provider's costs do not tell them apart."""

    place: Place
    kind: Kind
    picos: int


class Bill(Struct):
    """What a provider says: usage, costs, or both, and which days each covers."""

    used: dict[Place, Used] = {}
    costs: list[Cost] = []
    usage_days: set[int] = set()
    cost_days: set[int] = set()
    skipped: int = 0
    """Charges that are for no tokens (searches, storage)."""


class Booked(Struct):
    """What the ledger says of one place."""

    requests: int = 0
    tokens: dict[Kind, int] = {}
    picos: dict[Kind, int] = {}
    estimated: dict[Kind, int] = {}
    """Tokens of these that nobody reported."""
    estimated_picos: dict[Kind, int] = {}
    """What those were booked at."""
    estimated_requests: int = 0
    unpriced: dict[Kind, int] = {}
    """Tokens of these that were reported and have no price."""
    late: dict[Kind, int] = {}
    """Tokens settled so near midnight that the provider may have them on the other day."""


class Part(Struct, frozen=True):
    """One cause's share of a gap: the bill's less ours. Dollars are None where the bill names none."""

    cause: Cause
    tokens: int
    picos: int | None


class Gap(Struct, frozen=True):
    """One place and kind where bill and ledger differ; its parts add up to it."""

    place: Place
    kind: Kind
    billed: int
    booked: int
    billed_picos: int | None
    booked_picos: int | None
    parts: tuple[Part, ...]


class Reconciled(Struct, frozen=True):
    """All gaps, and how much of the bill came through here."""

    gaps: tuple[Gap, ...]
    billed_tokens: int
    booked_tokens: int
    billed_picos: int | None
    booked_picos: int
    captured: float | None
    """Share of the bill that is not bypassed traffic: of its dollars, or of its tokens where it has none."""
    first_day: int
    last_day: int
