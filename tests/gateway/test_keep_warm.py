"""The keeper under a clock that is turned by hand: what it holds, when it pings, and what makes it stop."""

import itertools
import json
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from cache.fingerprint import fingerprint
from cache.forecast import Forecast
from cache.priors import shipped
from cache.standing import Answered
from cache.survival import Survival
from cache.threads import remember
from gateway.budgets.allowance import Allowance
from gateway.budgets.counters import LocalCounters
from gateway.config.compile import compile_config
from gateway.config.schema import Config
from gateway.dialects.ask import read
from gateway.identify import Caller
from gateway.keep_warm import Keeper
from gateway.metering.prices import PriceBook
from gateway.upstream.plan import Candidate, Circuit
from gateway.wire.types import Head
from tests.gateway.metering.records import settlement

NOW = 1_800_000_000.0
MODEL = "claude-opus-5-5"
CALLER = Caller(team="a", thread="t", session="s", client="claude-code", rule="claude_code")
HEAD = Head(method="POST", path="/v1/messages", query="", headers=(), first={})
TOKENS = 90_000
PRICES = PriceBook.load(())
WARM, COLD = TOKENS * 200_000, TOKENS * 5_000_000
"""On Opus 5.5 in pico-dollars: a read at $0.20 a million, a write at $5."""


def settled(read_tokens, at, picos=WARM, status=200, **changes):
    made = settlement("1", kinds={"cache_read": read_tokens} if read_tokens else {"cache_write_5m": TOKENS}, picos=picos)
    changes = {"ttft_ms": None, "duration_ms": 0.0, "model": MODEL, "cache_observed": "hit"} | changes
    return replace(made, at=at, status=status, **changes)


class Office:
    """A keeper, one thread, and what was sent."""

    def __init__(self, **keep_warm) -> None:
        upstream = {"url": "http://127.0.0.1:9/v1", "key": "k", "provider": "anthropic", "dialects": ["messages"]}
        config = {
            "version": 1,
            "upstreams": {"anthropic": upstream},
            "models": {"claude-*": {"upstream": "anthropic"}},
            "routes": {"code": {"model": MODEL}},
            "routing": {"default": "code"},
            "teams": {"a": {}},
            "keep_warm": {"enabled": True, "cap_usd_per_day": 100, **keep_warm},
        }
        self.snapshot = compile_config(Config.model_validate(config), "0")
        self.now = NOW
        self.known = {}
        self.told = []
        self.sent = []
        self.lets = True
        numbers = itertools.count()
        self.house = SimpleNamespace(
            live=SimpleNamespace(current=self.snapshot),
            prices=PRICES,
            forecast=Forecast(Survival(shipped())),
            circuits={},
            draining=False,
            wall=lambda: self.now,
            monotonic=lambda: self.now - NOW,
            chance=lambda: 0.5,
            upstream_did=lambda *_: None,
            ids=SimpleNamespace(new=lambda at: str(next(numbers))),
            threads=SimpleNamespace(recall=lambda thread, team: self.known.get((team, thread)), remember=self._remember),
            metrics=SimpleNamespace(
                pinged=lambda team, ping, picos: self.told.append(ping),
                kept_warm=lambda team, picos: self.told.append(("saved", picos)),
            ),
        )
        self.allowance = Allowance("keep_warm", LocalCounters(10))
        self.keeper = Keeper(self.house, self.allowance, self._send)

    def _remember(self, record) -> None:
        self.known[record.team, record.thread] = record

    def _send(self, passage) -> bool:
        if self.lets:
            self.sent.append(passage)
        return self.lets

    def answers(self, caller=CALLER, tokens=TOKENS, back=None, observed="hit", state="warm", **body):
        """A request of the thread is answered now."""
        content = {"model": MODEL, "max_tokens": 9, "system": "Mind the gap " * 100, "messages": [], **body}
        ask = read(json.dumps(content).encode(), "messages", "messages")
        before = self.known.get((caller.team, caller.thread))
        passage = SimpleNamespace(
            caller=caller, ask=ask, head=HEAD, record=before, wall=self.now, snapshot=self.snapshot,
            freshness=SimpleNamespace(state=state), decision=SimpleNamespace(effort=""),
            upstream=self.snapshot.upstreams["anthropic"],
            attempt_now=SimpleNamespace(candidate=Candidate(model=MODEL, upstream="anthropic", upstream_name=MODEL)),
        )  # fmt: skip
        self.keeper.came(passage)
        after = remember(
            before, thread=caller.thread, team=caller.team, client="c", user="", agent=caller.agent, session="s", parent="",
            route="", model=MODEL, served=MODEL, provider="anthropic", upstream="anthropic", dialect="messages",
            fingerprint=fingerprint("messages", ask.fields, 1, b"a"), window_number=0, now=self.now, picos=0, written=tokens,
            answered=Answered(at=self.now, total=tokens, read=0, out=10, begins_turn=True, granted_s=300.0),
        )  # fmt: skip
        self._remember(after)
        self.keeper.answered(passage, settled(tokens, self.now, cache_observed=observed), after)

    def at(self, seconds: float):
        """The ping that is sent at this moment after the beginning; None for none."""
        self.now = NOW + seconds
        count = len(self.sent)
        self.keeper.tick(1.0)
        return self.sent[-1] if len(self.sent) > count else None

    def ends(self, ping, read_tokens=TOKENS, **changes) -> None:
        ping.settled = settled(read_tokens, self.now, **{"picos": WARM if read_tokens else COLD, **changes})
        ping._told(ping)


def test_it_pings_just_before_the_end_and_again_as_long_as_it_pays():
    office = Office()
    office.answers()
    assert office.at(284) is None
    count, second = 0, 286.0
    while (ping := office.at(second)) is not None and count < 50:
        count += 1
        assert office.at(second + 1) is None, "one at a time"
        office.ends(ping)
        record = office.known["a", "t"]
        assert (record.last_end, record.kept_at, record.standing.at) == (NOW, office.now, office.now)
        assert record.requests == 1, "the thread's past is as it was"
        second = office.now - NOW + 286
    assert 4 <= count <= 12, "at a twentieth the hazard falls below 4.2 % after half an hour or so"
    assert office.keeper.bytes_held == 0
    assert office.allowance.spent(office.now) == count * WARM


def test_nothing_is_sent_when_the_thread_is_taken_up_again():
    office = Office()
    office.answers()
    office.now = NOW + 200
    office.answers()
    assert office.at(286) is None
    assert office.at(486) is not None


def test_another_worker_went_on_with_it():
    office = Office()
    office.answers()
    record = office.known["a", "t"]
    office._remember(replace(record, last_end=NOW + 100, standing=replace(record.standing, at=NOW + 100)))
    assert office.at(286) is None
    assert office.keeper.bytes_held == 0


def test_too_late_is_too_late():
    office = Office()
    office.answers()
    assert office.at(301) is None
    assert office.keeper.bytes_held == 0, "a ping now would pay for a write"


@pytest.mark.parametrize(
    "request_",
    [
        {"caller": replace(CALLER, agent="subagent")},
        {"caller": replace(CALLER, agent="auxiliary")},
        {"caller": replace(CALLER, team="b")},
        {"tokens": 19_999},
        {"thinking": {"type": "enabled", "budget_tokens": 2000}},
    ],
)
def test_what_is_never_held(request_):
    office = Office(teams=["a"])
    office.answers(**request_)
    assert office.keeper.bytes_held == 0
    assert office.at(286) is None


def test_memory_is_bounded_and_the_oldest_give_way():
    office = Office(memory_mb=1)
    for number in range(30):
        office.answers(replace(CALLER, thread=f"t{number}"), system="x" * 100_000)
    assert 900_000 < office.keeper.bytes_held <= 1024 * 1024
    office.at(286)
    assert {ping.caller.parent for ping in office.sent} == {f"t{number}" for number in range(20, 30)}
    office.keeper.clear()
    assert office.keeper.bytes_held == 0


def test_the_cap_counts_what_a_ping_may_cost_at_most():
    office = Office(cap_usd_per_day="0.73")
    office.answers()
    office.answers(replace(CALLER, thread="u"))
    first = office.at(286)
    assert office.told == ["capped"], "written for an hour a prompt is 72 cents: there is room for one at a time"
    assert office.at(287) is None
    office.ends(first)
    assert office.at(289) is None, "two cents are spent, and there is no room for another"
    assert office.at(301) is None
    assert office.allowance.spent(office.now) == WARM


def test_a_ping_that_is_not_let_through_holds_nothing():
    office = Office()
    office.lets = False
    office.answers()
    assert office.at(286) is None
    assert office.told == ["refused"]
    assert office.allowance.hold(100 * 10**12, 100 * 10**12, office.now)


def test_a_ping_that_failed_is_the_last_and_its_dollars_count():
    office = Office()
    office.answers()
    office.ends(office.at(286), status=529)
    assert office.told == ["failed"]
    assert office.at(288) is None
    office.answers()
    office.ends(office.at(288 + 286), exact=False, picos=None)
    assert office.allowance.spent(office.now) > COLD, "what is not known counts as the most it can be"


def test_writes_instead_of_reads_are_proof():
    office = Office()
    for thread in ("t", "u"):
        office.answers(replace(CALLER, thread=thread))
    for _ in range(2):
        office.at(286)
    for ping in office.sent:
        office.ends(ping, read_tokens=0)
    assert office.told == ["missed", "missed"]
    assert office.known["a", "t"].kept_at == 0.0
    office.answers(replace(CALLER, thread="v"))
    assert office.keeper.bytes_held == 0, "none for a day"
    office.now += 86_401
    office.answers(replace(CALLER, thread="v"))
    assert office.keeper.bytes_held > 0


def test_a_miss_in_spite_of_pings_is_proof():
    office = Office()
    for number in range(2):
        office.ends(office.at(office.now - NOW + 286) if number else _first(office))
        office.now += 100
        office.answers(observed="miss", state="cooling")
    assert office.keeper.bytes_held == 0


def _first(office):
    office.answers()
    return office.at(286)


def test_what_was_saved_is_told_once_it_was():
    office = Office()
    office.answers()
    office.ends(office.at(286))
    office.now = NOW + 290
    office.answers()
    assert office.told == ["read"], "it would have been warm anyway"
    office.ends(office.at(290 + 286))
    office.now = NOW + 290 + 400
    office.answers()
    assert office.told == ["read", "read", ("saved", COLD - WARM)]


def test_a_ping_in_the_air_does_not_overwrite_what_came_meanwhile():
    office = Office()
    office.answers()
    ping = office.at(286)
    office.now = NOW + 287
    office.answers()
    office.ends(ping)
    assert office.known["a", "t"].kept_at == 0.0
    assert office.at(287 + 284) is None
    assert office.at(287 + 286) is not None


def test_a_gateway_that_stops_sends_none():
    office = Office()
    office.answers()
    office.house.draining = True
    assert office.at(286) is None


def test_none_to_an_upstream_that_is_failing():
    office = Office()
    office.answers()
    office.house.circuits["anthropic"] = Circuit(failures=5, open_until=1000.0)
    assert office.at(286) is None


def test_a_reload_that_leaves_the_team_out():
    office = Office()
    office.answers()
    office.house.live.current = replace(office.snapshot, keep_warm=replace(office.snapshot.keep_warm, teams=frozenset("b")))
    assert office.at(286) is None
    assert office.keeper.bytes_held == 0
