"""What a config says about itself: does everything named exist, can every line be reached, is nothing claimed twice?"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gateway.config.address import AddressError, is_loopback, parse_url
from gateway.config.compiled import fits
from gateway.config.coverage import Given, covers, decides, given
from gateway.config.problems import Problem, did_you_mean
from gateway.config.schema import Config, MatrixLine
from gateway.config.schema_budgets import Budget, RateLimit
from gateway.config.schema_rules import Rule

_CREDENTIAL = re.compile(r"[!-~]*")
_EMPTY_KEY = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""The digest of nothing (FIPS 180-4 test vector), which `printf %s "$KEY"` gives when KEY is not set."""
_RESERVED = "other"
"""The metrics' word for label values outside the config."""


def crosscheck(config: Config) -> tuple[Problem, ...]:
    """All errors and warnings, in the order of the file."""
    return (
        *_listen(config),
        *_upstreams(config),
        *_models(config),
        *_routes(config),
        *_routing(config),
        *_rules(config),
        *_teams(config),
        *_keys(config),
        *_prices(config),
        *_keep_warm(config),
        *_budgets(config),
    )


def _listen(config: Config) -> Iterator[Problem]:
    host = config.listen.host
    if not is_loopback(host) and not any(team.keys for team in config.teams.values()):
        shown = config.as_written("listen.host", host)
        yield Problem(
            "listen.host",
            f"'{shown}' is open to others, and the gateway refuses to start without team keys there; "
            "add a team with a key, or listen on 127.0.0.1",
        )


def _upstreams(config: Config) -> Iterator[Problem]:
    for name, upstream in config.upstreams.items():
        path = f"upstreams.{name}"
        try:
            parse_url(upstream.url)
        except AddressError as error:
            yield Problem(f"{path}.url", str(error))
        if not _CREDENTIAL.fullmatch(upstream.key.get_secret_value()):
            yield Problem(f"{path}.key", "holds a space, a line break or a character that is no ASCII")
        if upstream.diagnostics and upstream.provider not in ("openai", "anthropic"):
            yield Problem(f"{path}.diagnostics", "only openai and anthropic say why their cache missed; leave it out")


def _models(config: Config) -> Iterator[Problem]:
    for name, model in config.models.items():
        path = f"models.{name}"
        yield from _known(config, f"{path}.upstream", "upstream", model.upstream, config.upstreams)
        if name in config.routes:
            yield Problem(path, f"'{name}' is the name of a route, too; one of them must change")


def _routes(config: Config) -> Iterator[Problem]:
    for name, route in config.routes.items():
        path = f"routes.{name}"
        if name == _RESERVED:
            yield Problem(path, f"'{_RESERVED}' is the metrics' word for what is not in the config; take another name")
        yield from _known_model(config, f"{path}.model", route.model)
        for dialect, model in route.by_dialect.items():
            yield from _known_model(config, f"{path}.by_dialect.{dialect}", model)
        tried = {route.model}
        for index, model in enumerate(route.fallbacks):
            place = f"{path}.fallbacks.{index}"
            yield from _known_model(config, place, model)
            if model in tried:
                shown = config.as_written(place, model)
                yield Problem(place, f"'{shown}' has been tried already by then", severity="warning")
            tried.add(model)


def _routing(config: Config) -> Iterator[Problem]:
    routing = config.routing
    for index, alias in enumerate(routing.aliases):
        path = f"routing.aliases.{index}"
        for what, names in (("model", config.models), ("route", config.routes)):
            if alias in names:
                shown = config.as_written(path, alias)
                yield Problem(path, f"'{shown}' is the name of a {what}, too; one of them must change")
    yield from _known(config, "routing.default", "route", routing.default, config.routes)
    for index, name in enumerate(routing.demanding):
        yield from _known(config, f"routing.demanding.{index}", "route", name, config.routes)
    yield from _matrix(config, "routing.matrix", routing.matrix)
    for name, team in config.teams.items():
        yield from _matrix(config, f"teams.{name}.matrix", team.matrix)


def _matrix(config: Config, section: str, lines: Sequence[MatrixLine]) -> Iterator[Problem]:
    catch_all = None
    for index, line in enumerate(lines):
        path = f"{section}.{index}"
        yield from _known(config, f"{path}.route", "route", line.route, config.routes)
        if catch_all is not None:
            yield Problem(path, f"never reached: {catch_all} fits everything", severity="warning")
        elif line.input is None and line.output is None:
            catch_all = path
    if lines and catch_all is None:
        yield Problem(f"{section}.{len(lines) - 1}", "the last line must fit everything: only a route, no conditions")


def _rules(config: Config) -> Iterator[Problem]:
    names: dict[str, int] = {}
    deciding: list[tuple[int, Given]] = []
    for index, rule in enumerate(config.rules):
        path = f"rules.{index}"
        if rule.name in names:
            shown = config.as_written(f"{path}.name", rule.name)
            yield Problem(f"{path}.name", f"'{shown}' is the name of rules.{names[rule.name]}, too")
        names.setdefault(rule.name, index)
        yield from _rule(config, path, rule)
        conditions = given(rule.when)
        covering = next((each for each in deciding if covers(each[1], conditions)), None)
        if covering is not None:
            yield Problem(path, f"never reached: {_covering(*covering, conditions)}", severity="warning")
        elif decides(rule):
            deciding.append((index, conditions))


def _covering(number: int, earlier: Given, later: Given) -> str:
    if not earlier:
        return f"rules.{number} has no conditions"
    return f"rules.{number} has the same conditions" if earlier == later else f"rules.{number} holds wherever it does"


def _rule(config: Config, path: str, rule: Rule) -> Iterator[Problem]:
    if rule.then.route is not None:
        yield from _known(config, f"{path}.then.route", "route", rule.then.route, config.routes)
    if rule.then.model is not None:
        yield from _known_model(config, f"{path}.then.model", rule.then.model)
    teams = {*config.teams, "default"}
    for index, team in enumerate(rule.when.team or ()):
        for problem in _known(config, f"{path}.when.team.{index}", "team", team, teams):
            yield Problem(f"{path}.when.team", problem.message, severity="warning")


def _keys(config: Config) -> Iterator[Problem]:
    sections = {f"teams.{name}": team.keys for name, team in config.teams.items()} | {"admin": config.admin.keys}
    owners: dict[str, str] = {}
    for section, keys in sections.items():
        for index, digest in enumerate(map(str.lower, keys)):
            path = f"{section}.keys.{index}"
            owner = owners.setdefault(digest, section)
            if digest == _EMPTY_KEY:
                yield Problem(path, "is the digest of an empty key; was the variable not set?")
            elif owner != section:
                yield Problem(path, f"the same key is in {owner}.keys; a key must tell who asks")
            elif digest in map(str.lower, keys[:index]):
                yield Problem(path, "the same key is listed twice", severity="warning")


def _keep_warm(config: Config) -> Iterator[Problem]:
    teams = {*config.teams, "default"}
    for place, team in enumerate(config.keep_warm.teams or ()):
        yield from _known(config, f"keep_warm.teams.{place}", "team", team, teams)


def _teams(config: Config) -> Iterator[Problem]:
    for name, team in config.teams.items():
        path = f"teams.{name}"
        if name == _RESERVED:
            yield Problem(path, f"'{_RESERVED}' is the metrics' word for what is not in the config; take another name")
        for index, pattern in enumerate(team.models):
            if "*" not in pattern and pattern not in config.routes and pattern not in config.routing.aliases:
                yield from _known_model(config, f"{path}.models.{index}", pattern)


def _prices(config: Config) -> Iterator[Problem]:
    seen: dict[tuple[str, str, str], int] = {}
    for index, price in enumerate(config.prices):
        earlier = seen.setdefault((price.provider, price.model, price.since or ""), index)
        if earlier != index:
            yield Problem(f"prices.{index}", f"prices.{earlier} is for the same provider and model")


def _budgets(config: Config) -> Iterator[Problem]:
    teams = {*config.teams, "default"}
    sections: Mapping[str, Sequence[Budget | RateLimit]] = {"budgets": config.budgets, "rate_limits": config.rate_limits}
    for section, entries in sections.items():
        names: dict[str, int] = {}
        for index, entry in enumerate(entries):
            path = f"{section}.{index}"
            earlier = names.setdefault(entry.name, index)
            if earlier != index:
                shown = config.as_written(f"{path}.name", entry.name)
                yield Problem(f"{path}.name", f"'{shown}' is the name of {section}.{earlier}, too")
            for place, team in enumerate(entry.teams or ()):
                yield from _known(config, f"{path}.teams.{place}", "team", team, teams)
    for index, budget in enumerate(config.budgets):
        path = f"budgets.{index}"
        if budget.degrade_to is not None:
            yield from _known(config, f"{path}.degrade_to", "route", budget.degrade_to, config.routes)
        if config.ledger.keep_days is not None and budget.window == "total" and budget.per in ("key", "agent_tree"):
            yield Problem(
                path,
                f"counts for ever by {budget.per}, which only single requests tell, and ledger.keep_days has them deleted; "
                "take a window, or count by team or user",
            )
        steps = [step for step in (budget.warn_at, budget.degrade_at, budget.refuse_at) if step is not None]
        if steps != sorted(steps):
            yield Problem(path, "warn_at, degrade_at and refuse_at come in another order than they mean", severity="warning")
        if not steps:
            yield Problem(path, "does nothing but count: it neither warns nor refuses", severity="warning")


def _known_model(config: Config, path: str, name: str) -> Iterator[Problem]:
    if not any(fits(pattern, name) for pattern in config.models):
        yield from _known(config, path, "model", name, (name for name in config.models if "*" not in name))


def _known(config: Config, path: str, what: str, name: str, names: Iterable[str]) -> Iterator[Problem]:
    known = list(names)
    if name not in known:
        shown = config.as_written(path, name)
        yield Problem(path, f"no {what} is called '{shown}'{did_you_mean(shown, known)}")
