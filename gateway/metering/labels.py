"""The closed sets behind the metric labels: which teams, routes, models and providers a config knows."""

from collections.abc import Collection, Iterator
from typing import TypedDict

from msgspec import Struct

from gateway.config.compiled import Snapshot, fits
from gateway.metering.families import DIRECT, OTHER
from routing.types import Route

VALUE_MAX = 100
"""Characters of a label value; longer ones are cut."""


class Place(Struct, frozen=True):
    """Where money can go: the labels under which spend is counted."""

    team: str
    route: str
    model: str
    provider: str


class Labels(TypedDict):
    """What `Metrics` is made of and relabelled with."""

    teams: Collection[str]
    routes: Collection[str]
    models: Collection[str]
    providers: Collection[str]
    expected: Collection[Place]
    rules: Collection[str]
    """Those in shadow: what others do shows as decisions."""
    deciding: Collection[tuple[str, str]]
    """Rules that decide, each with its route; empty where it names a model or refuses."""


class Names:
    """One closed set of label values. It only grows: a series that was shown does not go away."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        """From a name as it arrives to its label."""
        self.patterns: dict[str, str] = {}

    def add(self, names: Collection[str]) -> None:
        """Let these in; a name with a `*` stands for all it fits."""
        for name in names:
            (self.patterns if "*" in name else self.values)[name] = clean(name)

    def all(self) -> list[str]:
        """The names that are in."""
        return [*self.values, *self.patterns]

    def known(self, name: str) -> str:
        """The label of a name: its own, else the first pattern's that fits, else `other`."""
        label = self.values.get(name) or self.patterns.get(name)
        if label is not None:
            return label
        return next((label for pattern, label in self.patterns.items() if fits(pattern, name)), OTHER)


def labels_of(snapshot: Snapshot) -> Labels:
    """The labels of a compiled config. Team `default` is always known: it is everyone where no keys are set."""
    return Labels(
        teams=("default", *snapshot.teams),
        routes=tuple(snapshot.policy.routes),
        models=(*snapshot.models, *(pattern for pattern, _ in snapshot.patterns)),
        providers=tuple({upstream.provider: None for upstream in snapshot.upstreams.values()}),
        expected=tuple(dict.fromkeys(_expected(snapshot))),
        rules=tuple(rule.name for rule in snapshot.policy.rules if rule.shadow),
        deciding=tuple((rule.name, rule.route) for rule in snapshot.policy.rules if rule.decides),
    )


def _expected(snapshot: Snapshot) -> Iterator[Place]:
    """Every team on every route's models first, then every team on the models it may ask for by name."""
    teams = sorted(snapshot.teams) or ["default"]
    for route in snapshot.policy.routes.values():
        for name in _models_of(route):
            model = snapshot.model(name)
            if model is not None:
                provider = snapshot.upstreams[model.upstream].provider
                yield from (Place(team=team, route=route.name, model=name, provider=provider) for team in teams)
    for name, model in (*snapshot.models.items(), *snapshot.patterns):
        provider = snapshot.upstreams[model.upstream].provider
        for team in teams:
            if snapshot.allows(team, name):
                yield Place(team=team, route=DIRECT, model=name, provider=provider)


def _models_of(route: Route) -> tuple[str, ...]:
    return tuple(dict.fromkeys((route.model, *route.by_dialect.values(), *route.fallbacks)))


def clean(value: str) -> str:
    """A label value that cannot break the page: valid UTF-8, no control characters, bounded, never empty.

    JSON and YAML can both spell a lone surrogate, and one of them anywhere makes a whole metrics page unencodable.
    """
    kept = value[:VALUE_MAX].encode("utf-8", "replace").decode()
    return "".join(char if char.isprintable() else "?" for char in kept) or OTHER
