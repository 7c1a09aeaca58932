"""A ping is booked as a request of its own, and says when its prompt had been read."""

from gateway.metering.types import PING
from gateway.ping import Nobody, Straight
from tests.gateway.test_keep_warm import CALLER, NOW, Office, settled


def test_it_is_a_kind_of_agent_with_a_thread_of_its_own():
    office = Office()
    office.answers()
    ping = office.at(286)
    intent = ping.intent
    assert (intent.agent, intent.thread, intent.parent) == (PING, f"{CALLER.thread}/{PING}", CALLER.thread)
    assert (intent.team, intent.session, intent.route, intent.reason) == (CALLER.team, CALLER.session, "", PING)
    assert ping.fingerprint is None, "nothing of it is remembered of the thread"
    assert ping.is_metered()


def test_one_attempt_with_the_bytes_of_the_thread():
    office = Office()
    office.answers()
    ping = office.at(286)
    send = ping.attempt().send
    assert (send.method, send.target) == ("POST", "/v1/messages")
    assert b"Mind the gap" in send.body
    assert ping.failed("complete", 529, (), "", 0.0) is None, "it is not tried again"


def test_when_its_prompt_had_been_read():
    office = Office()
    office.answers()
    ping = office.at(286)
    ping.settled = settled(90_000, NOW + 290, ttft_ms=1500.0, duration_ms=3000.0)
    ping.forwarded_at = ping.entered_at + 0.5
    assert ping.read_at == NOW + 290 - 3.0 + 0.5 + 1.5
    ping.settled = settled(0, NOW + 290)
    assert ping.read_at == NOW + 290, "it was never answered"


def test_nobody_hears_it():
    nobody = Nobody()
    nobody.begin(200, (), None)
    nobody.write(b"x")
    nobody.finish()
    nobody.answer(500, (), b"")
    nobody.abort()
    passage = object()
    assert Straight(passage).enter(None, b"", 0.0) is passage
