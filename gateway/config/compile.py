"""A `Config` to a `Snapshot`: everything resolved that can be resolved before the first request."""

import re
from collections.abc import Iterable

from gateway.config import compiled, schema, schema_rules
from gateway.config.address import is_loopback, parse_url
from gateway.config.compile_budgets import compile_budget, compile_limit
from gateway.config.crosscheck import crosscheck
from gateway.config.problems import ConfigError
from gateway.config.schema_keep_warm import KeepWarm
from gateway.config.schema_warnings import Warnings
from gateway.metering.ledger_postgres import Database
from gateway.metering.types import PICOS_PER_USD
from gateway.upstream.plan import Retry
from gateway.wire.types import Headers, Origin
from routing import policy
from routing.types import Route

__all__ = ["compile_config", "is_loopback"]

_MIB = 1024 * 1024
_DAY_S = 86400.0
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def compile_config(config: schema.Config, version: str) -> compiled.Snapshot:
    """The snapshot a config means. Raises `ConfigError` with every error of `crosscheck`; warnings do not stop it."""
    problems = crosscheck(config)
    if any(problem.severity == "error" for problem in problems):
        raise ConfigError(problems)
    return compiled.Snapshot(
        version=version,
        policy=_policy(config),
        upstreams={name: _upstream(name, upstream) for name, upstream in config.upstreams.items()},
        models={name: _model(name, model) for name, model in config.models.items() if "*" not in name},
        patterns=tuple((name, _model(name, model)) for name, model in config.models.items() if "*" in name),
        teams={name: _team(name, team, config.warnings) for name, team in config.teams.items()},
        retry=Retry(
            attempts=config.retries.attempts,
            backoff_s=config.retries.backoff_s,
            max_wait_s=config.retries.max_wait_s,
            circuit_failures=config.retries.circuit.failures,
            circuit_open_s=config.retries.circuit.open_s,
        ),
        limits=compiled.Limits(
            body_bytes=config.limits.body_mb * _MIB,
            inflight=config.limits.inflight,
            header_bytes=config.limits.header_kb * 1024,
        ),
        streams=compiled.Streams(
            keepalive_s=config.streams.keepalive_s,
            drain_s=config.streams.drain_s,
            drain_bytes=config.streams.drain_mb * _MIB,
        ),
        forget_s=config.cache.forget_days * _DAY_S,
        threads_in_memory=config.cache.threads,
        ledger_on_error=config.ledger.on_error,
        ledger_database=Database.parse(url) if (url := config.ledger.url.get_secret_value()) else None,
        ledger_keep_days=config.ledger.keep_days,
        ledger_log_requests=config.ledger.log_requests,
        price_overrides=tuple(_price(price) for price in config.prices),
        host=config.listen.host,
        port=config.listen.port,
        admin_digests=_digests(config.admin.keys),
        warnings=_warnings(config.warnings),
        keep_warm=_keep_warm(config.keep_warm),
        budgets=tuple(map(compile_budget, config.budgets)),
        rate_limits=tuple(map(compile_limit, config.rate_limits)),
    )


def _policy(config: schema.Config) -> policy.Policy:
    matrix = config.routing.matrix or (schema.MatrixLine(route=config.routing.default),)
    return policy.Policy(
        routes={
            name: Route(
                name=name,
                model=route.model,
                by_dialect=dict[str, str](route.by_dialect.items()),
                fallbacks=route.fallbacks,
                effort=route.effort or "",
            )
            for name, route in config.routes.items()
        },
        rules=tuple(_rule(rule) for rule in config.rules),
        matrix=_matrix(matrix),
        matrix_of={name: _matrix(team.matrix) for name, team in config.teams.items() if team.matrix},
        aliases=frozenset(config.routing.aliases),
        default=config.routing.default,
        min_confidence=config.routing.min_confidence,
        demanding=frozenset(config.routing.demanding),
    )


def _matrix(lines: Iterable[schema.MatrixLine]) -> tuple[policy.MatrixLine, ...]:
    return tuple(
        policy.MatrixLine(route=line.route, input=_any_of(line.input), output=_any_of(line.output)) for line in lines
    )


def _rule(rule: schema_rules.Rule) -> policy.Rule:
    return policy.Rule(
        name=rule.name,
        when=_when(rule.when),
        route=rule.then.route or "",
        model=rule.then.model or "",
        refuse=rule.then.refuse or "",
        because=rule.because or "",
        effort=rule.then.effort or "",
        ask=rule.then.ask or "",
        warn=rule.then.warn or "",
        shadow=rule.then.shadow,
    )


def _when(when: schema_rules.When) -> policy.When:
    header = None
    if when.header is not None:
        header = {name.lower().encode("ascii"): pattern for name, pattern in when.header.items()}
    return policy.When(
        team=_any_of(when.team),
        user=_any_of(when.user),
        client=_any_of(when.client),
        agent=_any_of(when.agent),
        model=when.model,
        tools=_any_of(when.tools),
        image=when.image,
        input=_any_of(when.input),
        output=_any_of(when.output),
        language=_any_of(when.language),
        size_over=when.size_over,
        size_under=when.size_under,
        keywords=None if when.keywords is None else tuple(word.casefold() for word in when.keywords),
        regex=None if when.regex is None else re.compile(when.regex),
        dialect=_any_of(when.dialect),
        path=when.path,
        header=header,
        hours=None if when.hours is None else _minutes(when.hours),
        weekdays=None if when.weekdays is None else frozenset(map(_WEEKDAYS.index, when.weekdays)),
        thread_age_over_s=when.thread_age_over_s,
        thread_age_under_s=when.thread_age_under_s,
        idle_over_s=when.idle_over_s,
        freshness=_any_of(when.freshness),
        resume_over_usd=None if when.resume_over_usd is None else float(when.resume_over_usd),
    )


def _any_of(words: Iterable[str] | None) -> frozenset[str] | None:
    return None if words is None else frozenset(words)


def _minutes(hours: str) -> tuple[int, int]:
    """`22:00-06:00` as minutes since midnight; the form has been checked."""
    start, end = hours.split("-")
    return int(start[:2]) * 60 + int(start[3:]), int(end[:2]) * 60 + int(end[3:])


def _upstream(name: str, upstream: schema.Upstream) -> compiled.Upstream:
    address = parse_url(upstream.url)
    key = upstream.key.get_secret_value()
    return compiled.Upstream(
        name=name,
        provider=upstream.provider,
        origin=Origin(
            scheme=address.scheme,
            host=address.host,
            port=address.port,
            connect_s=upstream.timeouts.connect_s,
            first_byte_s=upstream.timeouts.first_byte_s,
            idle_s=upstream.timeouts.idle_s,
            max_connections=upstream.max_connections,
        ),
        base_path=address.base_path,
        dialects=frozenset(upstream.dialects),
        headers=_credentials(upstream.provider, key),
        key=key,
        on_disconnect=upstream.on_disconnect,
        diagnostics=upstream.diagnostics,
    )


def _credentials(provider: str, key: str) -> Headers:
    """Header lines that carry the key. Anthropic's API reads `x-api-key` (its API reference, "Authentication"); the
    OpenAI API and those made after it read a bearer token.
    """
    if not key:
        return ()
    if provider == "anthropic":
        return ((b"x-api-key", key.encode("ascii")),)
    return ((b"authorization", b"Bearer " + key.encode("ascii")),)


def _model(name: str, model: schema.Model) -> compiled.Model:
    """For a pattern without a name of its own the name asked for is the name there, which empty stands for."""
    own = "" if "*" in name else name
    return compiled.Model(name=name, upstream=model.upstream, upstream_name=model.name or own, images=model.images)


def _team(name: str, team: schema.Team, warnings: Warnings) -> compiled.Team:
    own = team.warnings.model_dump(exclude_none=True)
    return compiled.Team(
        name=name,
        digests=_digests(team.keys),
        models=team.models,
        warnings=_warnings(warnings.model_copy(update=own)) if own else None,
    )


def _warnings(warnings: Warnings) -> compiled.Warnings:
    return compiled.Warnings(
        at_least_picos=int(warnings.at_least_usd * PICOS_PER_USD),
        at_least_times=warnings.at_least_times,
        inline=warnings.inline,
        ask_first=warnings.ask_first,
    )


def _keep_warm(wanted: KeepWarm) -> compiled.KeepWarm:
    return compiled.KeepWarm(
        enabled=wanted.enabled,
        cap_picos=int(wanted.cap_usd_per_day * PICOS_PER_USD),
        min_tokens=wanted.min_tokens,
        memory_bytes=wanted.memory_mb * _MIB,
        teams=None if wanted.teams is None else frozenset(wanted.teams),
    )


def _digests(keys: Iterable[str]) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(key.removeprefix("sha256:")) for key in keys)


def _price(price: schema.Price) -> dict[str, str]:
    """Exact decimals in plain notation, kinds without a price left out."""
    names = {"provider": price.provider, "model": price.model} | ({"since": price.since} if price.since else {})
    numbers = price.model_dump(exclude_none=True, exclude=set(names))
    return names | {name: format(number, "f") for name, number in numbers.items()}
