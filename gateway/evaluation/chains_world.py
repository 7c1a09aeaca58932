"""One gateway in front of one simulated provider, in one process and in a time that is moved: the gateway's own line, its
bodies, its answers as they stream, and no sockets between them.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from cache.forecast import Forecast
from cache.priors import shipped
from cache.stores.memory import MemoryStore
from cache.survival import Survival
from cache.threads import Threads
from cache.types import Freshness
from gateway.budgets.budgets import Budgets
from gateway.budgets.counters import LocalCounters
from gateway.config.live import Live
from gateway.evaluation.chains_text import Dialect
from gateway.house import House, Ids
from gateway.keys import KeyRing
from gateway.metering.journal import Journal
from gateway.metering.labels import labels_of
from gateway.metering.metrics import Metrics
from gateway.metering.prices import PriceBook
from gateway.passage import RequestPassage
from gateway.pipeline import Pipeline
from gateway.simulator import app
from gateway.simulator.clock import StillClock
from gateway.simulator.generations import Profile
from gateway.simulator.provider import Call, Job
from gateway.wire.exchange import Exchange, Forward
from gateway.wire.target import Target, head

THREADS_MAX = 10_000
FORGET_S = 30 * 86_400.0
PATHS: Mapping[Dialect, str] = {"messages": "/v1/messages", "responses": "/v1/responses"}


class Rule(Struct, frozen=True):
    """A provider's way with its cache, and who asks it."""

    name: str
    dialect: Dialect
    provider: str
    model: str
    """The one that stands for whichever model did the work, and a small one for those that are."""
    small: str
    known: bool
    """Whether documents name the end of an entry; otherwise it must be learned."""
    profile: Profile
    settings: Mapping[str, Any]
    """Of the simulated caches, as `Caches` takes them."""
    block: int
    """Tokens by which a count may be off."""
    marker: Mapping[str, str] | None = None


_FIVE_MINUTES = Rule(
    name="anthropic-5m",
    dialect="messages",
    provider="anthropic",
    model="claude-opus-4-5",
    small="claude-haiku-4-5",
    known=True,
    profile="anthropic",
    settings={"slack_s": 0.0},
    block=64,
    marker={"type": "ephemeral"},
)
RULES = (
    _FIVE_MINUTES,
    replace(_FIVE_MINUTES, name="anthropic-1h", marker={"type": "ephemeral", "ttl": "1h"}),
    Rule(
        name="openai-11m",
        dialect="responses",
        provider="openai",
        model="gpt-5.5",
        small="gpt-5.4-mini",
        known=False,
        profile="openai-5.5",
        settings={"retention": "11m"},
        block=128,
    ),
    Rule(
        name="openai-30m",
        dialect="responses",
        provider="openai",
        model="gpt-6.1-sol",
        small="gpt-6-luna",
        known=False,
        profile="openai-6",
        settings={"afterlife_s": 0.0},
        block=64,
    ),
)
"""Anthropic's lifetimes as documented; and two that no document names: eleven minutes of an OpenAI that promises five and
allows two hours, and one that keeps its thirty minutes to the second where more is allowed."""


class Asked(Struct, frozen=True):
    """A request under way: what was foretold of it, and how to go on."""

    freshness: Freshness
    exchange: Exchange
    job: Job


class World:
    """The two, and their clock."""

    def __init__(self, rule: Rule, home: Path) -> None:
        self.rule = rule
        self.clock = StillClock()
        self.simulator = app.create(rule.profile, clock=self.clock, **rule.settings).provider
        live = Live(home / "pointsman.yaml", {}, data=msgspec.json.encode(_config(rule)))
        self._journal = Journal.open(home / "journal", "replay")
        self._threads = Threads(MemoryStore(wall=self.clock.now), THREADS_MAX, FORGET_S, wall=self.clock.now)
        self.house = House(
            live=live,
            keys=KeyRing({}, ()),
            journal=self._journal,
            metrics=Metrics(**labels_of(live.current)),
            prices=PriceBook.load(()),
            threads=self._threads,
            forecast=Forecast(Survival({} if rule.known else shipped())),
            budgets=Budgets(LocalCounters(10), LocalCounters(10)),
            seed=7,
            ids=Ids(1),
            wall=self.clock.now,
            monotonic=self.clock.now,
            chance=_half,
        )
        self._line = Pipeline(self.house)

    def close(self) -> None:
        self._threads.close()
        self._journal.close()

    def send(self, headers: Mapping[bytes, bytes], body: bytes) -> Asked:
        """A request through the gateway to where the provider has it."""
        path = PATHS[self.rule.dialect]
        lines = [(b"content-type", b"application/json"), (b"authorization", b"Bearer any"), *headers.items()]
        exchange = Exchange(self._line)
        told = exchange.begin(head("POST", Target(path, "", ""), lines, len(body)), body, self.clock.now())
        passage = exchange.passage
        assert isinstance(told, Forward), f"the gateway refused: {told}"
        assert isinstance(passage, RequestPassage)
        sent = told.send
        call = Call(sent.method, path, b"", dict(reversed(sent.headers)), sent.body)
        return Asked(passage.freshness, exchange, self.simulator.take(call, self.rule.dialect))

    def begins(self, asked: Asked) -> None:
        """Its answer begins."""
        job, now = asked.job, self.clock.now()
        assert job.begun is not None
        job.begun()
        asked.exchange.upstream_started(job.status, job.headers, now)
        asked.exchange.upstream_bytes(job.pieces[0][0])

    def ends(self, asked: Asked) -> int:
        """Its answer ends; the tokens that the provider bills as read."""
        job, now = asked.job, self.clock.now()
        asked.exchange.upstream_bytes(b"".join([data for data, _, _ in job.pieces[1:]]))
        _, generated, reported = job.pieces[-1]
        assert job.settle is not None
        job.settle(generated, reported, "finished")
        asked.exchange.upstream_ended("complete", "", now)
        return self.simulator.bill.rows[-1].kinds.get("cache_read", 0)


@contextmanager
def opened(rule: Rule) -> Iterator[World]:
    """A world whose books are thrown away."""
    with TemporaryDirectory(prefix="pointsman-chains-") as folder:
        world = World(rule, Path(folder))
        try:
            yield world
        finally:
            world.close()


def _config(rule: Rule) -> object:
    return {
        "version": 1,
        "upstreams": {
            "provider": {"url": "http://127.0.0.1:9/v1", "key": "k", "provider": rule.provider, "dialects": [rule.dialect]}
        },
        "models": {rule.model: {"upstream": "provider"}, rule.small: {"upstream": "provider"}},
        "routes": {"code": {"model": rule.model}, "general": {"model": rule.small}},
        "routing": {"default": "code"},
    }


def _half() -> float:
    return 0.5
