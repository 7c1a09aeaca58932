"""The vocabulary of metering: token kinds that never overlap, exact money, and the two halves of a ledger event."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

Kind = Literal[
    "input_uncached",
    "cache_read",
    "cache_write_5m",
    "cache_write_30m",
    "cache_write_1h",
    "cache_write_12h",
    "output",
    "reasoning",
    "input_audio",
    "output_audio",
    "input_image",
    "output_image",
]
KINDS: tuple[Kind, ...] = (
    "input_uncached",
    "cache_read",
    "cache_write_5m",
    "cache_write_30m",
    "cache_write_1h",
    "cache_write_12h",
    "output",
    "reasoning",
    "input_audio",
    "output_audio",
    "input_image",
    "output_image",
)
INPUT_KINDS: tuple[Kind, ...] = (
    "input_uncached",
    "cache_read",
    "cache_write_5m",
    "cache_write_30m",
    "cache_write_1h",
    "cache_write_12h",
    "input_audio",
    "input_image",
)

_INPUT = frozenset(INPUT_KINDS)

WRITE_TTL_S = {"cache_write_12h": 43_200.0, "cache_write_1h": 3600.0, "cache_write_30m": 1800.0, "cache_write_5m": 300.0}
"""The lifetime in seconds that each kind of write grants."""

PING = "keep_warm"
"""Kind of agent under which pings that keep a prompt cache warm are booked."""

PICOS_PER_USD = 10**12
"""Every first-party list price times any tier multiplier is a whole number of pico-dollars per token."""

PriceStatus = Literal["priced", "partial", "unpriced"]
Outcome = Literal["finished", "upstream_error", "upstream_cut", "upstream_timeout", "client_gone", "unknown"]


def usd(picos: int) -> str:
    """Pico-dollars as an exact decimal."""
    dollars, rest = divmod(abs(picos), PICOS_PER_USD)
    return f"{'-' if picos < 0 else ''}{dollars}.{rest:012}"


def input_tokens(kinds: Mapping[str, int]) -> int:
    """The tokens of a prompt, however they were billed."""
    total = 0
    for kind, tokens in kinds.items():
        if kind in _INPUT:
            total += tokens
    return total


def granted_ttl_s(kinds: Mapping[str, int]) -> float:
    """The lifetime in seconds of the longest-lived cache write among these; 0 where nothing was written."""
    longest = 0.0
    for kind in kinds:
        if kind in WRITE_TTL_S and kinds[kind]:
            longest = max(longest, WRITE_TTL_S[kind])
    return longest


class Usage(Struct, frozen=True):
    """What one answer used, in disjoint kinds whose sum is the billable tokens. Zero counts are left out."""

    kinds: Mapping[str, int]
    model: str = ""
    """Model the answer named, empty when it named none."""
    tier: str = ""
    """Service tier the answer named (it bills by the served tier, not the one asked for)."""
    fees: Mapping[str, int] = {}
    """Counted extras billed per call, such as `web_search`."""
    response_id: str = ""
    exact: bool = True
    """False when these are our estimate because the provider reported nothing, or nothing that can be right."""
    problem: str = ""
    """Why the numbers cannot be right (`negative`, `cached_exceeds_input`, …); such usage is never `priced`."""
    reported: int | None = None
    """Pico-dollars the provider says it cost, where it is one that says so."""
    diagnosis: str = ""
    """What the provider says became of its cache (`gateway.metering.diagnosis`); empty where it says nothing of it."""
    parts: tuple["Usage", ...] = ()
    """Each step's own share where an answer took several, which may have run on several models; `kinds` is their sum."""

    @property
    def input_tokens(self) -> int:
        return input_tokens(self.kinds)


class Priced(Struct, frozen=True):
    """Exact dollars of one usage, in pico-dollars; None where nothing is known, never 0 for unknown."""

    picos: int | None
    by_kind: Mapping[str, int]
    rows: tuple[str, ...]
    """Identifiers of the price rows used, so history can be re-priced."""
    status: PriceStatus
    reason: str = ""


class Intent(Struct, frozen=True, array_like=True):
    """Written before the upstream is called: who is about to spend, on what, and why there.

    This and `Settlement` are written without the names of their fields: new ones go at the end, with a default.
    """

    id: str
    at: float
    """Unix seconds."""
    team: str
    user: str
    client: str
    client_version: str
    session: str
    thread: str
    parent: str
    agent: str
    thread_rule: str
    """Which identification rule found the thread."""
    endpoint: str
    dialect: str
    model_asked: str
    route: str
    model: str
    upstream: str
    provider: str
    source: str
    reason: str
    rule: str
    input_kind: str
    output_kind: str
    stream: bool
    bytes_in: int
    cache_state: str
    cache_expected_tokens: int | None
    estimate_picos: int | None
    key_id: str = ""
    """First digits of the digest of the key it came with; empty where none is configured."""
    known_tokens: int = 0
    """Tokens of its thread that were cached when it came."""
    cache_cause: str = ""
    """Why they would be lost, if they were (`gateway.metering.rebuilt`); empty where nothing is known."""
    moved_from: str = ""
    """Provider and model its thread was on, `openai/gpt-6.1-sol`, where this request goes to another."""
    breaker: str = ""
    """What broke its thread's prompt (`gateway.breaker`); empty where nothing did."""
    instead: str = ""
    """The model that was weighed against this one when the thread might have moved; empty where none was."""
    instead_picos: int | None = None
    """What taking it was expected to cost more over the requests ahead; negative where money was not the reason."""


class Settlement(Struct, frozen=True, array_like=True):
    """Written once after: what came of an intent. `model` and `upstream` are those that answered."""

    id: str
    at: float
    outcome: Outcome
    status: int
    """HTTP status the client saw; 0 when it saw none."""
    kinds: Mapping[str, int]
    fees: Mapping[str, int]
    picos: int | None
    by_kind: Mapping[str, int]
    price_status: PriceStatus
    price_reason: str
    price_rows: tuple[str, ...]
    exact: bool
    model: str
    upstream: str
    provider: str
    served: str
    """Model name the provider reported."""
    tier: str
    response_id: str
    attempts: int
    ttft_ms: float | None
    duration_ms: float
    bytes_out: int
    cache_observed: str
    """`hit`, `partial`, `miss` or `unknown`, judged from the reported cache reads."""
    cause: str = ""
    """Why the cache was lost by the provider's own word, which takes the place of the intent's; empty where it gave none."""


SpendRow = tuple[str, str, str, str, str, int, int]
"""team, route, model, provider, kind, tokens, picos."""
SavingRow = tuple[str, str, str, int]
"""team, `saved` or `wasted`, reason, picos."""
RequestRow = tuple[str, str, str, str, str, int]
"""team, route, model, provider, status class, requests."""
