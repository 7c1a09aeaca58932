"""What follows from a head alone is concluded once, and never outlives the configuration it was concluded under."""

import itertools
import json
from hashlib import sha256

import pytest
from msgspec.structs import replace

from cache.forecast import Forecast
from cache.priors import shipped
from cache.stores.memory import MemoryStore
from cache.survival import Survival
from cache.threads import Threads
from gateway.acquaintance import CHOICES_MAX, Acquaintance
from gateway.budgets.budgets import Budgets
from gateway.budgets.counters import LocalCounters
from gateway.config.live import Live
from gateway.house import House, Ids
from gateway.keys import KeyRing
from gateway.metering.journal import Journal
from gateway.metering.labels import labels_of
from gateway.metering.metrics import Metrics
from gateway.metering.prices import PriceBook
from gateway.pipeline import Pipeline
from gateway.wire.exchange import Answer
from gateway.wire.target import Target, head
from gateway.wire.types import Letterhead

CONFIG = {
    "version": 1,
    "upstreams": {"openai": {"url": "https://api.openai.com/v1", "key": "sk-ours", "provider": "openai", "dialects": ["chat"]}},
    "models": {"coder": {"upstream": "openai"}, "writer": {"upstream": "openai"}, "many-*": {"upstream": "openai"}},
    "routes": {"code": {"model": "coder"}, "general": {"model": "writer"}},
    "routing": {"aliases": ["auto"], "default": "general"},
    "teams": {"blue": {"keys": ["sha256:" + sha256(b"k").hexdigest()]}},
}
BY_USER = {"name": "for-ann", "when": {"user": ["ann"]}, "then": {"model": "writer"}}
BY_TEXT = {"name": "poems", "when": {"keywords": ["sonnet"]}, "then": {"model": "writer"}}


class Desk:
    """A line without a wire: requests with one head go in, what was decided comes out."""

    def __init__(self, folder, **config):
        self.file = folder / "pointsman.yaml"
        self.write(**config)
        self.live = Live.open(self.file, {})
        snapshot = self.live.current
        self.house = House(
            live=self.live,
            keys=KeyRing(snapshot.teams),
            journal=Journal.open(folder / "journal", "worker-1"),
            metrics=Metrics(**labels_of(snapshot)),
            prices=PriceBook.load(()),
            threads=Threads(MemoryStore(), 100, 1e6),
            forecast=Forecast(Survival(shipped())),
            budgets=Budgets(LocalCounters(10), LocalCounters(10)),
            seed=7,
            ids=Ids(1),
            wall=lambda: 1_795_533_447.0,
            monotonic=itertools.count(1.0, 0.001).__next__,
            chance=lambda: 0.5,
        )
        self.letterhead = Letterhead(self.head())

    def write(self, **config):
        self.file.write_text(json.dumps({**CONFIG, **config}), "utf-8")

    def reload(self, **config):
        self.write(**config)
        assert self.live.reload()
        self.house.keys = KeyRing(self.live.current.teams)

    def head(self, *lines):
        told = [(b"authorization", b"Bearer k"), (b"x-kept", b"1"), *lines]
        return head("POST", Target(path="/v1/chat/completions", query="", team=""), told, 0)

    def ask(self, model, text="hello", known=True, **more):
        body = json.dumps({"model": model, "messages": [{"role": "user", "content": text}], **more}).encode()
        request = self.letterhead.request(len(body)) if known else self.head()
        return Pipeline(self.house).enter(request, body, 1.0)

    def choices(self):
        return self.letterhead.known._choices


@pytest.fixture
def desk(tmp_path):
    desk = Desk(tmp_path)
    yield desk
    desk.house.journal.close()
    desk.house.threads.close()


def test_equal_heads_are_understood_once(desk):
    assert desk.ask("coder").decision.model == "coder"
    known = desk.letterhead.known
    assert isinstance(known, Acquaintance)
    assert known.owner.team == "blue"
    again = desk.ask("coder")
    assert desk.letterhead.known is known
    assert again.decision is desk.choices()["coder", "", "main"].decision


def test_what_is_kept_is_what_would_be_found_anew(desk):
    for model in ("coder", "code", "many-things", "auto"):
        kept = [desk.ask(model, user="ann") for _ in range(2)][1]
        anew = desk.ask(model, user="ann", known=False)
        assert (kept.decision, kept.candidates, kept.caller) == (anew.decision, anew.candidates, anew.caller)
        sent = [passage.attempt().send for passage in (kept, anew)]
        assert sent[0].headers[:-1] == sent[1].headers[:-1]
        assert (b"x-kept", b"1") in sent[0].headers
        assert (b"authorization", b"Bearer sk-ours") in sent[0].headers


def test_a_key_that_is_taken_back_is_refused_at_once(desk):
    desk.ask("coder")
    desk.reload(teams={"blue": {"keys": ["sha256:" + sha256(b"another").hexdigest()]}})
    answer = desk.ask("coder")
    assert isinstance(answer, Answer)
    assert answer.status == 401


def test_a_key_of_nobody_is_asked_about_again(desk):
    ours, desk.house.keys = desk.house.keys, KeyRing({"blue": replace(desk.live.current.teams["blue"], digests=(bytes(32),))})
    assert desk.ask("coder").status == 401
    assert desk.letterhead.known is None
    desk.house.keys = ours
    assert desk.ask("coder").caller.team == "blue"


def test_a_reload_is_a_new_acquaintance(desk):
    assert desk.ask("coder").decision.source == "override"
    desk.reload(rules=[{"name": "all", "when": {"client": ["unknown"]}, "then": {"model": "writer"}}])
    assert [desk.ask("coder").decision.model for _ in range(2)] == ["writer"] * 2
    assert desk.choices()["coder", "", "main"].decision.rule == "all"


def test_a_rule_about_callers_is_asked_for_each_of_them(desk):
    desk.reload(rules=[BY_USER])
    asked = [("coder", "ann"), ("coder", "bob"), ("coder", "ann"), ("coder", "bob")]
    assert [desk.ask(model, user=user).decision.model for model, user in asked] == ["writer", "coder"] * 2
    assert len(desk.choices()) == 2


@pytest.mark.parametrize("rule", [BY_TEXT, {**BY_TEXT, "then": {"model": "writer", "shadow": True}}, {**BY_TEXT, "when": {"hours": "08:00-09:00"}}])
def test_what_a_text_or_a_clock_decides_is_decided_anew(desk, rule):
    desk.reload(rules=[rule])
    for text in ("hello", "a sonnet") * 2:
        expected = "writer" if text == "a sonnet" and rule is BY_TEXT else "coder"
        assert desk.ask("coder", text).decision.model == expected
    assert not desk.choices()


def test_an_alias_is_decided_anew(desk):
    assert {desk.ask("auto").decision.source for _ in range(2)} <= {"classifier", "fallback", "sticky"}
    assert not desk.choices()


def test_no_choice_is_kept_that_cannot_be_served(desk):
    assert desk.ask("nobody").status == 404
    assert not desk.choices()


def test_choices_are_bounded(desk):
    for number in range(3 * CHOICES_MAX):
        assert desk.ask(f"many-{number}").decision.model == f"many-{number}"
        assert len(desk.choices()) <= CHOICES_MAX


def test_without_a_letterhead_nothing_is_kept(desk):
    desk.ask("coder", known=False)
    assert desk.letterhead.known is None
