"""What a config says about itself: does everything named exist, can every line be reached, is nothing claimed twice?"""

import re
from collections.abc import Iterable, Iterator

from gateway.config.address import AddressError, is_loopback, parse_url
from gateway.config.compiled import fits
from gateway.config.problems import Problem, did_you_mean
from gateway.config.schema import Config, Rule, When

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
    catch_all = None
    for index, line in enumerate(routing.matrix):
        path = f"routing.matrix.{index}"
        yield from _known(config, f"{path}.route", "route", line.route, config.routes)
        if catch_all is not None:
            yield Problem(path, f"never reached: {catch_all} fits everything", severity="warning")
        elif line.input is None and line.output is None:
            catch_all = path
    if routing.matrix and catch_all is None:
        last = f"routing.matrix.{len(routing.matrix) - 1}"
        yield Problem(last, "the last line must fit everything: only a route, no conditions")


def _rules(config: Config) -> Iterator[Problem]:
    names: dict[str, int] = {}
    seen: dict[str, int] = {}
    catch_all = None
    for index, rule in enumerate(config.rules):
        path = f"rules.{index}"
        if rule.name in names:
            shown = config.as_written(f"{path}.name", rule.name)
            yield Problem(f"{path}.name", f"'{shown}' is the name of rules.{names[rule.name]}, too")
        names.setdefault(rule.name, index)
        yield from _rule(config, path, rule)
        if catch_all is not None:
            yield Problem(path, f"never reached: {catch_all} has no conditions", severity="warning")
        elif (conditions := rule.when.model_dump_json()) in seen:
            yield Problem(path, f"never reached: rules.{seen[conditions]} has the same conditions", severity="warning")
        elif rule.when == When():
            catch_all = path
        else:
            seen[conditions] = index


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


def _known_model(config: Config, path: str, name: str) -> Iterator[Problem]:
    if not any(fits(pattern, name) for pattern in config.models):
        yield from _known(config, path, "model", name, (name for name in config.models if "*" not in name))


def _known(config: Config, path: str, what: str, name: str, names: Iterable[str]) -> Iterator[Problem]:
    known = list(names)
    if name not in known:
        shown = config.as_written(path, name)
        yield Problem(path, f"no {what} is called '{shown}'{did_you_mean(shown, known)}")
