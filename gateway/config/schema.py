"""A config as it is written: one model per section of pointsman.yaml, strict, with the documentation of every key.

The descriptions are the reference manual: docs/reference/config.md and schema.json are generated from them.
"""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, PrivateAttr, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from gateway.config.scalars import (
    Count,
    Day,
    Host,
    KeyDigest,
    LedgerUrl,
    Line,
    ModelName,
    ModelPattern,
    Name,
    Percent,
    Port,
    Seconds,
    Share,
    Usd,
    UsdPerMillion,
)
from gateway.config.schema_base import Inputs, Outputs, Section
from gateway.config.schema_budgets import Budget, RateLimit
from gateway.config.schema_keep_warm import KeepWarm
from gateway.config.schema_rules import Rule
from gateway.config.schema_warnings import TeamWarnings, Warnings
from routing.policy import MIN_CONFIDENCE
from routing.types import Dialect, Effort

Endpoint = Literal["chat", "responses", "messages", "embeddings", "completions"]




class Listen(Section):
    """Where the gateway listens. A change needs a restart."""

    host: Host = Field(
        default="127.0.0.1",
        description="Address to bind. Anything but a loopback address needs at least one team key.",
    )
    port: Port = Field(default=4000, description="TCP port; 0 takes a free one.")


class Timeouts(Section):
    """How patient to be with an upstream, in seconds."""

    connect_s: Seconds = Field(default=10.0, gt=0, description="For a connection, TLS included.")
    first_byte_s: Seconds = Field(
        default=600.0,
        gt=0,
        description="From the request to the first byte of the answer; long thinking takes minutes.",
    )
    idle_s: Seconds = Field(default=300.0, gt=0, description="For the next byte, once an answer has begun.")


class Reports(Section):
    """The provider's usage and cost reports, for `pointsman reconcile`; nothing else reads this."""

    key: SecretStr = Field(
        default=SecretStr(""), description="Admin key that may read them. Take it from the environment."
    )
    key_id: Line | None = Field(
        default=None, description="What they call the upstream's own key, such as `key_AbC`; else keys are not told apart."
    )


class Upstream(Section):
    """A provider endpoint requests can go to."""

    url: str = Field(description="Base URL with its version path, such as `https://api.openai.com/v1`.")
    key: SecretStr = Field(
        default=SecretStr(""),
        description="Credential sent to the upstream: as `x-api-key` where the provider is anthropic, else as a bearer "
        "token. Take it from the environment: `${OPENAI_API_KEY:-}`. Empty sends none.",
    )
    reports: Reports = Field(default=Reports(), description="The provider's usage and cost reports.")
    provider: Name = Field(
        description="Whose prices and prompt-cache rules apply: `openai`, `anthropic`, or another provider's name."
    )
    dialects: tuple[Endpoint, ...] = Field(
        min_length=1,
        description="What the upstream speaks natively; requests in other dialects reach it by translation.",
    )
    on_disconnect: Literal["cancel", "drain"] = Field(
        default="cancel",
        description="When a client hangs up in mid-answer: `cancel` the answer, or `drain` it to learn what it cost.",
    )
    timeouts: Timeouts = Field(default=Timeouts(), description="How patient to be with this upstream.")
    max_connections: Count = Field(
        default=4096,
        le=65535,
        description="Connections open to it at once; further requests wait for one. At first as many as `limits.inflight`.",
    )
    diagnostics: Share = Field(
        default=0.0,
        description="Share of requests, from 0 to 1, in which the provider is asked why its prompt cache missed: OpenAI in "
        "Responses since GPT-5.6, Anthropic in Messages. It adds a member to the request and one to the answer.",
    )


class Model(Section):
    """Which upstream owns a model name, and what it is called there."""

    upstream: Name = Field(description="Name of an upstream.")
    name: ModelName | None = Field(
        default=None, description="What the upstream calls the model; the name asked for when left out."
    )
    images: bool = Field(default=True, description="Whether it takes images; a thread leaves one that does not.")


class Route(Section):
    """A destination for requests that leave the choice to the gateway."""

    model: ModelName = Field(description="Model to use; a name from `models`, or one that fits a pattern there.")
    by_dialect: Mapping[Dialect, ModelName] = Field(
        default={}, description="Another model for a dialect, which keeps its clients on their native wire."
    )
    fallbacks: tuple[ModelName, ...] = Field(
        default=(), max_length=8, description="Models to try in this order when the first fails before its first byte."
    )
    effort: Effort | None = Field(
        default=None,
        description="Reasoning effort asked for in place of the client's; only for models that know the word. Left out, "
        "the client's passes.",
    )


class MatrixLine(Section):
    """One line of the matrix: a route for an input kind and an output kind. An axis left out fits everything."""

    input: Inputs | None = Field(default=None, description="Kinds of input, one or several.")
    output: Outputs | None = Field(default=None, description="Kinds of output, one or several.")
    route: Name = Field(description="Name of a route.")


class Routing(Section):
    """How requests that leave the choice to the gateway are decided."""

    aliases: tuple[ModelName, ...] = Field(default=("auto",), description='Model names that mean "you decide".')
    default: Name = Field(description="Route below the threshold, for a thread without a past.")
    min_confidence: Share = Field(
        default=MIN_CONFIDENCE,
        description="Confidence the classifier needs, from 0 to 1; below it the thread stays where it was.",
    )
    matrix: tuple[MatrixLine, ...] = Field(
        default=(),
        description="Lines tried in order, the first that fits wins; the last must fit everything. Without lines all "
        "goes to the default route.",
    )
    demanding: tuple[Name, ...] = Field(
        default=(),
        description="Routes whose work no other may do: a thread moves there as soon as a turn is theirs, whatever its "
        "cache is worth. Elsewhere a thread moves when that is cheaper.",
    )


class Team(Section):
    """Who may ask, and for what."""

    keys: tuple[KeyDigest, ...] = Field(
        default=(), description='Digests of its keys: `printf %s "$KEY" | sha256sum`, written `sha256:<64 hex>`.'
    )
    models: tuple[ModelPattern, ...] = Field(
        default=("*",),
        min_length=1,
        description="Models the team may name, patterns included; aliases and routes are always allowed.",
    )
    warnings: TeamWarnings = Field(
        default=TeamWarnings(), description="Where the team's warnings differ from those of all."
    )
    matrix: tuple[MatrixLine, ...] = Field(
        default=(), description="A matrix of its own, in place of `routing.matrix`; the last line must fit everything."
    )


class Admin(Section):
    """Who may see the numbers of every team."""

    keys: tuple[KeyDigest, ...] = Field(default=(), description="Digests of admin keys, written as those of teams.")


class Circuit(Section):
    """When to leave a failing upstream alone."""

    failures: Count = Field(default=5, description="Failures in a row that open the circuit.")
    open_s: Seconds = Field(default=30.0, description="Seconds an open circuit keeps requests away.")


class Retries(Section):
    """What to do when an upstream fails before the first byte of its answer."""

    attempts: Count = Field(default=3, le=10, description="Attempts in all, over the model and its fallbacks.")
    backoff_s: Seconds = Field(
        default=0.25, description="Wait before the second attempt; doubled each time, with jitter."
    )
    max_wait_s: Seconds = Field(default=5.0, description="A longer retry-after is passed on to the client.")
    circuit: Circuit = Field(default=Circuit(), description="When to leave a failing upstream alone.")


class Limits(Section):
    """What one client, or all of them together, may take."""

    body_mb: Count = Field(default=32, le=1024, description="Largest request body in MiB, after decompression.")
    inflight: Count = Field(default=4096, description="Requests under way at once.")
    header_kb: Count = Field(default=64, le=1024, description="Largest request head in KiB.")


class Streams(Section):
    """Care for streamed answers."""

    keepalive_s: Seconds = Field(
        default=15.0, gt=0, description="Silence after which the client gets an event its idle timer honours."
    )
    drain_s: Seconds = Field(default=60.0, description="How long an abandoned stream may be drained for its usage.")
    drain_mb: Count = Field(default=16, le=1024, description="How many MiB of it may be drained.")


class Cache(Section):
    """What is remembered of threads and their prompt caches."""

    threads: Count = Field(
        default=20_000, description="Threads remembered in memory, some 6 KB each; all are on disk."
    )
    forget_days: Count = Field(default=14, le=3650, description="Days after which an idle thread is forgotten.")


class Ledger(Section):
    """The record of what was spent."""

    url: LedgerUrl = Field(
        default=SecretStr(""),
        description="`postgresql://user:password@host:port/database`, which several gateways may share; empty for SQLite in "
        "the home. Options: `sslmode` (disable, require, verify-full), `sslrootcert`, `host`. A change needs a restart.",
    )
    on_error: Literal["serve", "refuse"] = Field(
        default="serve", description="When it cannot be written, as on a full disk: go on serving, or refuse."
    )
    keep_days: int | None = Field(
        default=None, ge=35, le=36_500,
        description="For how many days single requests are kept, at least 35; then only their hourly sums by team, user, "
        "client, route and model. Left out, for ever. In a database that several gateways share, the smallest number holds.",
    )  # fmt: skip
    log_requests: bool = Field(
        default=False,
        description="Print a line of JSON for each request once it is booked: team and client, where it went and why, "
        "how it ended, tokens and dollars. No user, session, key, address or text is ever in it.",
    )


class Price(Section):
    """What was agreed with a provider: USD per million tokens or by the call, and a share of the list price for the rest."""

    provider: Name = Field(description="Provider whose model it is.")
    model: ModelPattern = Field(
        description="Model name as the provider reports it; may hold one `*`. Exact names win, then the first that fits."
    )
    since: Day | None = Field(
        default=None,
        description="Day from which it holds, UTC; before it an earlier entry for the same name, or the list price.",
    )
    percent: Percent | None = Field(
        default=None,
        description="What everything without a price here costs of its list price: 85 is a discount of 15 percent, 110 a "
        "surcharge, as OpenAI's for regional processing, which no answer shows.",
    )
    input_uncached: UsdPerMillion | None = Field(default=None, description="Input read afresh.")
    cache_read: UsdPerMillion | None = Field(default=None, description="Input read from the prompt cache.")
    cache_write_5m: UsdPerMillion | None = Field(default=None, description="Input cached for five minutes.")
    cache_write_30m: UsdPerMillion | None = Field(default=None, description="Input cached for thirty minutes.")
    cache_write_1h: UsdPerMillion | None = Field(default=None, description="Input cached for an hour.")
    cache_write_12h: UsdPerMillion | None = Field(default=None, description="Input cached for twelve hours.")
    output: UsdPerMillion | None = Field(default=None, description="Output without reasoning.")
    reasoning: UsdPerMillion | None = Field(default=None, description="Reasoning.")
    input_audio: UsdPerMillion | None = Field(default=None, description="Audio input.")
    output_audio: UsdPerMillion | None = Field(default=None, description="Audio output.")
    input_image: UsdPerMillion | None = Field(default=None, description="Image input.")
    output_image: UsdPerMillion | None = Field(default=None, description="Image output.")
    web_search: Usd | None = Field(default=None, description="One web search, in USD.")
    file_search: Usd | None = Field(default=None, description="One file search, in USD.")
    container: Usd | None = Field(
        default=None, description="One container that an answer worked in, in USD; its size and time are in no answer."
    )
    image_generation: Usd | None = Field(
        default=None, description="One image made by a tool, in USD; the tokens it took are in no answer."
    )

    @model_validator(mode="after")
    def _some_price(self) -> "Price":
        if not self.model_dump(exclude_none=True).keys() - {"provider", "model", "since"}:
            raise PydanticCustomError("rule", "has no price for any kind of token or call and no percent")
        return self


class Config(Section):
    """A whole config, as written, with the environment filled in."""

    version: Literal[1] = Field(description="Version of this format: 1.")
    listen: Listen = Field(default=Listen(), description="Where the gateway listens.")
    upstreams: Mapping[Name, Upstream] = Field(min_length=1, description="Provider endpoints, by name.")
    models: Mapping[ModelPattern, Model] = Field(
        min_length=1,
        description="Models by name. A name may hold one `*`; exact names win, then the first pattern that fits.",
    )
    routes: Mapping[Name, Route] = Field(min_length=1, description="Destinations, by name.")
    routing: Routing = Field(description="How requests that leave the choice to the gateway are decided.")
    rules: tuple[Rule, ...] = Field(default=(), max_length=1000, description="Overrides; the first that holds wins.")
    teams: Mapping[Name, Team] = Field(default={}, description="Teams, by name. Without any, everyone is `default`.")
    admin: Admin = Field(default=Admin(), description="Who may see the numbers of every team.")
    retries: Retries = Field(default=Retries(), description="What to do when an upstream fails.")
    limits: Limits = Field(default=Limits(), description="What clients may take.")
    streams: Streams = Field(default=Streams(), description="Care for streamed answers.")
    cache: Cache = Field(default=Cache(), description="What is remembered of threads.")
    warnings: Warnings = Field(default=Warnings(), description="When to warn of a lost prompt cache, and how.")
    keep_warm: KeepWarm = Field(
        default=KeepWarm(), description="Pings that keep the caches of resting threads warm; off unless asked for."
    )
    ledger: Ledger = Field(default=Ledger(), description="The record of what was spent.")
    budgets: tuple[Budget, ...] = Field(default=(), max_length=1000, description="What may be spent, and by whom.")
    rate_limits: tuple[RateLimit, ...] = Field(default=(), max_length=1000, description="How fast, and by whom.")
    prices: tuple[Price, ...] = Field(default=(), description="Contract prices; they win over the built-in table.")

    _written: Mapping[str, str] = PrivateAttr(default_factory=dict)

    def as_written(self, path: str, value: str) -> str:
        """The value at a path, fit for a message: where it came from the environment, the reference instead."""
        parts = path.split(".")
        for end in range(len(parts), 0, -1):
            written = self._written.get(".".join(parts[:end]))
            if written is not None:
                return written
        return value
