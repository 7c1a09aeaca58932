"""The vocabulary of prompt-cache memory: what is remembered of a thread, and what that says about its cache."""

from typing import Literal

from msgspec import Struct

from cache.course import Course
from cache.standing import Standing

State = Literal["warm", "cooling", "cold", "broken", "unknown"]


class Boundary(Struct, frozen=True, array_like=True):
    """A place in the prompt whose token count the provider reported."""

    digest: str
    """Hex chain digest of everything up to here."""
    size: int
    """Bytes of prompt up to here (tools, system and messages, as chained)."""
    tokens: int
    """Input tokens the provider reported for exactly this prefix."""
    at: float = 0.0
    """Unix seconds at which it was last read or written, as far as usage tells; 0 where that was not kept."""


class Left(Struct, frozen=True):
    """Where a prompt leaves the one its thread sent before."""

    end: bytes
    """That one's last digest."""
    size: int
    """Bytes the two have in common, up to the end of a turn."""


class Visit(Struct, frozen=True, array_like=True):
    """How a thread stood with a model that is not its last: what that one's cache may still hold."""

    model: str
    served: str = ""
    provider: str = ""
    upstream: str = ""
    last_end: float = 0.0
    cache_ttl_s: float = 0.0
    cached_tokens: int = 0
    boundaries: tuple[Boundary, ...] = ()
    standing: Standing = Standing()
    answer_id: str = ""


class ThreadRecord(Struct, frozen=True):
    """What is remembered of one thread. No prompt text: digests, counts and times only."""

    thread: str
    team: str
    client: str = "unknown"
    user: str = ""
    agent: str = "main"
    session: str = ""
    parent: str = ""
    route: str = ""
    model: str = ""
    """Configured model name last used."""
    served: str = ""
    """Model name the provider reported, which prices and cache scope follow."""
    provider: str = ""
    upstream: str = ""
    dialect: str = ""
    started_at: float = 0.0
    last_end: float = 0.0
    """Unix seconds at which the last answer ended; the cache clock runs from here."""
    requests: int = 0
    window_number: int = 0
    cache_ttl_s: float = 0.0
    """Lifetime tier the last answer granted or implied; 0 when the provider's default applies."""
    cached_tokens: int = 0
    """Tokens the next request can read if its prefix is intact: the last reported input total."""
    first_tokens: int = 0
    """Input tokens of the thread's first request: about what starting afresh takes."""
    boundaries: tuple[Boundary, ...] = ()
    """Newest last, at most `BOUNDARIES_MAX`."""
    standing: Standing = Standing()
    """What the learned forecast needs of the last answers, by the same model."""
    picos: int = 0
    """Dollars spent so far, in pico-dollars, where known."""
    course: Course = Course()
    """Its turns, and how those of one kind followed each other."""
    visits: tuple[Visit, ...] = ()
    """The models it was with before its last one, newest first (`cache.visits`)."""
    tool_set: str = ""
    """Digest of its tools in any order (`cache.breakers`)."""
    kept_at: float = 0.0
    """Unix seconds at which a ping last read its cache (`cache.keep_warm`), from which the cache's clock then runs; 0 before
    that, and again after every answer."""
    warned_at: float = 0.0
    """Unix seconds at which somebody was warned of resuming it; 0 before that, and again after every answer."""
    answer_id: str = ""
    """The provider's id of the last answer, kept where its diagnostics are asked for; else empty."""


class Freshness(Struct, frozen=True):
    """What is expected of the provider's prompt cache for the request at hand."""

    state: State
    reason: str
    """A stable word.

    warm: within_lifetime. cooling: near_expiry, no_promise, prefix_unseen. cold: past_lifetime, model_changed,
    nothing_cached, below_minimum. broken: tools_changed, system_changed, prefix_changed, settings_changed, compacted,
    forked. unknown:
    first_call, no_rule, no_promise. Where what was seen of the provider overrules its documents: learned.
    """
    idle_s: float | None = None
    expected_read_tokens: int | None = None
    warm_until: float | None = None
    """Unix seconds, documented lifetime; None where nothing is known."""
    p_full: float | None = None
    """Chance that at least 90 % of the last prompt is read; None, as the three below, where the evidence is thin."""
    p_cold: float | None = None
    """Chance that less than half of it is."""
    mean_read_tokens: float | None = None
    cause: str = ""
    """Why it will be lost, if it is (`cache.cause`)."""
