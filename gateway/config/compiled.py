"""The compiled configuration: everything a request needs, resolved, frozen, in one value.

A reload builds a new `Snapshot` from scratch and installs it by one assignment; a request keeps the one it began with.
"""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from gateway.budgets.types import Budget, RateLimit
from gateway.metering.ledger_postgres import Database
from gateway.upstream.plan import Candidate, Retry
from gateway.wire.types import Headers, Origin
from routing.policy import Policy


class Upstream(Struct, frozen=True):
    """A provider endpoint. `headers` carry its credentials and are added to every attempt."""

    name: str
    provider: str
    origin: Origin
    base_path: str
    """Path prefix such as `/v1`, without a trailing slash."""
    dialects: frozenset[str]
    """Endpoints spoken natively: chat, responses, messages, embeddings, completions."""
    headers: Headers
    key: str
    on_disconnect: Literal["cancel", "drain"] = "cancel"
    diagnostics: float = 0.0
    """Share of the requests in which it is asked why its cache missed."""

    @property
    def base_url(self) -> str:
        return f"{self.origin.scheme}://{self.origin.host}:{self.origin.port}{self.base_path}"


class Model(Struct, frozen=True):
    """A model a client can be sent to: its name here, the upstream that owns it, and its name there."""

    name: str
    upstream: str
    upstream_name: str
    images: bool = True

    @property
    def candidate(self) -> Candidate:
        return Candidate(model=self.name, upstream=self.upstream, upstream_name=self.upstream_name)


class Warnings(Struct, frozen=True):
    """When to warn that a thread's prompt cache has gone, and how loudly."""

    at_least_picos: int = 250_000_000_000
    at_least_times: float = 3.0
    inline: bool = False
    ask_first: bool = False


class KeepWarm(Struct, frozen=True):
    """Whether and how far resting threads' prompt caches are kept warm."""

    enabled: bool = False
    cap_picos: int = 10**12
    min_tokens: int = 20_000
    memory_bytes: int = 64 * 1024 * 1024
    teams: frozenset[str] | None = None
    """Only these; None for all."""

    def holds_for(self, team: str) -> bool:
        """Whether this team's threads are."""
        return self.enabled and (self.teams is None or team in self.teams)


class Team(Struct, frozen=True):
    """A paying team and what it may ask for. `digests` are sha256 of its keys."""

    name: str
    digests: tuple[bytes, ...]
    models: tuple[str, ...] = ("*",)
    """Patterns over model names; aliases and routes are always allowed."""
    warnings: Warnings | None = None
    """None where the team has those of all."""


class Limits(Struct, frozen=True):
    body_bytes: int = 32 * 1024 * 1024
    """SDKs and Claude Code send up to 32 MB (research: clients §1, line 14)."""
    inflight: int = 4096
    header_bytes: int = 64 * 1024


class Streams(Struct, frozen=True):
    keepalive_s: float = 15.0
    drain_s: float = 60.0
    drain_bytes: int = 16 * 1024 * 1024


class Snapshot(Struct, frozen=True):
    """One whole configuration, compiled. `version` is the digest of the file it came from."""

    version: str
    policy: Policy
    upstreams: Mapping[str, Upstream]
    models: Mapping[str, Model]
    """Exact names."""
    patterns: tuple[tuple[str, Model], ...]
    """Wildcard names in file order (`gpt-*`)."""
    teams: Mapping[str, Team]
    retry: Retry
    limits: Limits
    streams: Streams
    forget_s: float
    threads_in_memory: int
    ledger_on_error: Literal["serve", "refuse"]
    ledger_database: Database | None
    """None for the home's own file."""
    ledger_keep_days: int | None
    """How long single requests are kept; None for ever."""
    ledger_log_requests: bool
    price_overrides: tuple[Mapping[str, str], ...]
    host: str
    port: int
    admin_digests: tuple[bytes, ...] = ()
    """sha256 of the keys that may see every team's numbers."""
    warnings: Warnings = Warnings()
    keep_warm: KeepWarm = KeepWarm()
    budgets: tuple[Budget, ...] = ()
    rate_limits: tuple[RateLimit, ...] = ()

    def model(self, name: str) -> Model | None:
        """The model a name means: exact first, then the first pattern that fits, else None."""
        found = self.models.get(name)
        if found is not None:
            return found
        for pattern, model in self.patterns:
            if fits(pattern, name):
                return replace(model, name=name, upstream_name=model.upstream_name or name)
        return None

    def has(self, name: str) -> bool:
        """Whether a name means a model."""
        return name in self.models or any(fits(pattern, name) for pattern, _ in self.patterns)

    def warnings_of(self, team: str) -> Warnings:
        """How a team is warned."""
        known = self.teams.get(team)
        return self.warnings if known is None or known.warnings is None else known.warnings

    def allows(self, team: str, model: str) -> bool:
        """Whether a team may ask for this model by name; a team that is not configured may ask for any."""
        known = self.teams.get(team)
        return known is None or any(fits(pattern, model) for pattern in known.models)


def fits(pattern: str, name: str) -> bool:
    """Whether a name fits a pattern with at most one `*`."""
    prefix, star, suffix = pattern.partition("*")
    if not star:
        return name == pattern
    return len(name) >= len(prefix) + len(suffix) and name.startswith(prefix) and name.endswith(suffix)
