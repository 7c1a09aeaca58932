"""The exchange as a transcript: events in, actions out, no socket anywhere."""

import itertools
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.exchange import Answer, Begin, Exchange, Finish, Forward, State
from gateway.wire.target import Target, head
from gateway.wire.types import Origin, Send

ORIGIN = Origin(scheme="http", host="127.0.0.1", port=1)
HEAD = head("POST", Target(path="/v1/messages", query="", team=""), [], 2)


def a_send() -> Send:
    return Send(origin=ORIGIN, method="POST", target="/v1/messages", headers=[], body=b"{}")


@dataclass
class FakePassage:
    """Counts settlements; has as many further attempts as it is given."""

    retries: int = 0
    drain: bool = False
    settled: list[str] = field(default_factory=list)
    relayed: list[bytes] = field(default_factory=list)

    def attempt(self):
        return Forward(send=a_send())

    def failed(self, how, status, headers, detail, now):
        self.retries -= 1
        return Forward(send=a_send(), after_s=0.5) if self.retries >= 0 else None

    def started(self, status, headers, now):
        return Begin(status=status, headers=[], length=None)

    def relay(self, data):
        self.relayed.append(data)
        return data

    def trailer(self):
        return b"rest"

    def refuse(self, how, detail):
        return Answer(status=502, headers=[], body=how.encode())

    def broken(self, how):
        return b"event: error\n\n"

    def keepalive(self):
        return b": k\n\n"

    def drains(self):
        return self.drain

    def settle(self, how, now):
        self.settled.append(how)


class Stations:
    def __init__(self, result):
        self.result = result

    def enter(self, head, body, now):
        return self.result


def begun(passage: FakePassage) -> Exchange:
    exchange = Exchange(Stations(passage))
    assert isinstance(exchange.begin(HEAD, b"{}", 0.0), Forward)
    return exchange


def test_a_whole_answer():
    passage = FakePassage()
    exchange = begun(passage)
    assert exchange.upstream_started(200, [], 1.0) == Begin(status=200, headers=[], length=None)
    assert exchange.upstream_bytes(b"abc") == b"abc"
    assert exchange.upstream_ended("complete", "", 2.0) == Finish(data=b"rest", clean=True)
    assert passage.settled == ["complete"]


def test_a_refusal_by_the_stations_is_the_end():
    answer = Answer(status=401, headers=[], body=b"no")
    exchange = Exchange(Stations(answer))
    assert exchange.begin(HEAD, b"", 0.0) is answer
    assert exchange.state is State.DONE
    assert exchange.client_gone(1.0, False) is False


def test_an_error_status_is_tried_again_before_the_first_byte():
    passage = FakePassage(retries=1)
    exchange = begun(passage)
    assert isinstance(exchange.upstream_started(503, [], 1.0), Forward)
    assert isinstance(exchange.upstream_started(503, [], 2.0), Begin), "the last error is the client's to see"
    exchange.upstream_ended("complete", "", 3.0)
    assert passage.settled == ["complete"]


def test_nothing_is_tried_again_after_the_first_byte():
    passage = FakePassage(retries=5)
    exchange = begun(passage)
    exchange.upstream_started(200, [], 1.0)
    exchange.upstream_bytes(b"x")
    assert exchange.upstream_ended("cut", "", 2.0) == Finish(data=b"event: error\n\n", clean=True)
    assert passage.retries == 5
    assert passage.settled == ["cut"]


def test_no_connection_at_all_is_our_answer():
    passage = FakePassage()
    exchange = begun(passage)
    assert exchange.upstream_ended("refused", "", 1.0) == Answer(status=502, headers=[], body=b"refused")
    assert passage.settled == ["refused"]


def test_a_client_that_leaves_cancels():
    passage = FakePassage()
    exchange = begun(passage)
    exchange.upstream_started(200, [], 1.0)
    assert exchange.client_gone(2.0, True) is False
    assert passage.settled == ["gone"]


def test_a_client_that_leaves_may_be_drained():
    passage = FakePassage(drain=True)
    exchange = begun(passage)
    exchange.upstream_started(200, [], 1.0)
    assert exchange.client_gone(2.0, True) is True
    assert exchange.upstream_bytes(b"usage") == b""
    assert passage.relayed == [b"usage"], "the meter still looks on"
    assert exchange.upstream_ended("complete", "", 3.0) is None
    assert passage.settled == ["drained"]


def test_a_pause_before_the_next_attempt_is_never_drained():
    passage = FakePassage(retries=1, drain=True)
    exchange = begun(passage)
    exchange.upstream_ended("refused", "", 1.0)
    assert exchange.client_gone(1.1, False) is False
    assert passage.settled == ["unsent"]


EVENTS = st.sampled_from(["start200", "start503", "bytes", "complete", "cut", "refused", "unsent", "stop"])


@given(events=st.lists(EVENTS, max_size=12), retries=st.integers(0, 3), drain=st.booleans())
def test_settled_exactly_once_whatever_happens(events, retries, drain):
    passage = FakePassage(retries=retries, drain=drain)
    exchange = begun(passage)
    started = False
    clock = itertools.count(1)
    for event in [*events, "gone", "stop"]:
        now = float(next(clock))
        if exchange.state is State.DONE:
            break
        if event.startswith("start") and not started:
            started = isinstance(exchange.upstream_started(int(event[5:]), [], now), Begin)
        elif event == "bytes" and started:
            exchange.upstream_bytes(b"x")
        elif event in ("complete", "cut", "refused"):
            if event == "complete" and not started:
                continue
            if isinstance(exchange.upstream_ended(event, "", now), Forward):
                started = False
        elif event == "gone":
            exchange.client_gone(now, True)
        elif event == "stop":
            exchange.abandon(now)
    assert exchange.state is State.DONE
    assert len(passage.settled) == 1


def test_what_must_not_happen_is_asserted():
    exchange = Exchange(Stations(FakePassage()))
    with pytest.raises(AssertionError):
        exchange.upstream_bytes(b"before anything began")
