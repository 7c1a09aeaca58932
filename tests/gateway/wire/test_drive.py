"""The drive with a client, a carrier and a clock of the test's own: who is told what, and when patience ends."""

import asyncio
import logging

import pytest

from gateway.wire import drive as module
from gateway.wire.drive import TICK_S, UNSENT_MAX, Drive, Wires
from gateway.wire.exchange import Answer, Begin, Forward
from gateway.wire.target import Target, head
from gateway.wire.types import Origin, Send

ORIGIN = Origin(scheme="http", host="127.0.0.1", port=1, first_byte_s=30.0, idle_s=20.0)
HEAD = head("POST", Target(path="/v1/x", query="", team=""), [], 2)


class FakeFlight:
    def __init__(self):
        self.paused, self.cancelled = False, False

    def pause(self):
        self.paused = True

    def resume(self):
        self.paused = False

    def cancel(self):
        self.cancelled = True


class FakeCarrier:
    def __init__(self):
        self.flights = []

    def open(self, send, listener):
        self.flights.append(FakeFlight())
        return self.flights[-1]


class FakeClient:
    def __init__(self):
        self.log = []

    def answer(self, status, headers, body):
        self.log.append(("answer", status, body))

    def begin(self, status, headers, length):
        self.log.append(("begin", status))

    def write(self, data):
        self.log.append(("write", data))

    def finish(self):
        self.log.append("finish")

    def abort(self):
        self.log.append("abort")


class FakePassage:
    def __init__(self, again_after_s=None, drain=False, last_words=b""):
        self.again_after_s, self.drain, self.last_words = again_after_s, drain, last_words
        self.settled, self.event = [], b": k\n\n"

    def attempt(self):
        return Forward(send=Send(origin=ORIGIN, method="POST", target="/v1/x", headers=[], body=b"{}"))

    def failed(self, how, status, headers, detail, now):
        after_s, self.again_after_s = self.again_after_s, None
        return None if after_s is None else Forward(send=self.attempt().send, after_s=after_s)

    def started(self, status, headers, now):
        return Begin(status=status, headers=[], length=None)

    def relay(self, data):
        return data

    def trailer(self):
        return b""

    def refuse(self, how, detail):
        return Answer(status=504, headers=[], body=how.encode())

    def broken(self, how):
        return self.last_words

    def keepalive(self):
        return self.event

    def drains(self):
        return self.drain

    def settle(self, how, now):
        self.settled.append(how)


class Desk:
    """A drive and all it touches."""

    def __init__(self, passage):
        self.passage, self.carrier, self.client = passage, FakeCarrier(), FakeClient()
        self.wires = Wires(asyncio.get_running_loop(), self.carrier, self.carrier)
        self.drive = Drive(self, self.client, self.wires)
        self.drive.begin(HEAD, b"{}")

    def enter(self, head, body, now):
        return self.passage

    @property
    def flight(self):
        return self.carrier.flights[-1]

    def wait(self, seconds):
        for _ in range(round(seconds)):
            self.drive.tick(1.0)


def at_desk(passage, scenario):
    async def main():
        desk = Desk(passage)
        try:
            result = scenario(desk)
            if result is not None:
                await result
        finally:
            desk.wires.close()

    asyncio.run(main())


def test_no_first_byte_in_time():
    def scenario(desk):
        desk.wait(30)
        assert not desk.flight.cancelled
        desk.wait(1)
        assert desk.flight.cancelled
        assert desk.client.log == [("answer", 504, b"timeout")]
        assert desk.passage.settled == ["timeout"]
        assert not desk.wires.open

    at_desk(FakePassage(), scenario)


def test_silence_in_mid_answer():
    def scenario(desk):
        desk.wires.keepalive_s = 100.0
        desk.drive.upstream_started(200, [])
        desk.wait(15)
        desk.drive.upstream_bytes(b"x")
        desk.wait(20)
        assert not desk.flight.cancelled
        desk.wait(1)
        assert desk.flight.cancelled
        assert desk.client.log == [("begin", 200), ("write", b"x"), "abort"]
        assert desk.passage.settled == ["stalled"]

    at_desk(FakePassage(), scenario)


def test_last_words_make_it_a_clean_end():
    def scenario(desk):
        desk.drive.upstream_started(200, [])
        desk.drive.upstream_ended("cut", "")
        assert desk.client.log == [("begin", 200), ("write", b"error"), "finish"]

    at_desk(FakePassage(last_words=b"error"), scenario)


def test_a_silent_stream_is_kept_alive_once_an_interval():
    def scenario(desk):
        desk.wires.keepalive_s = 5.0
        desk.wait(12)
        assert desk.client.log == [], "not before the head"
        desk.drive.upstream_started(200, [])
        desk.wait(12)
        assert desk.client.log[1:] == [("write", b": k\n\n")] * 2
        desk.passage.event = b""
        desk.wait(5)
        assert len(desk.client.log) == 3

    at_desk(FakePassage(), scenario)


def test_while_the_client_does_not_read_the_upstream_is_not_blamed(monkeypatch):
    monkeypatch.setattr(module, "STUCK_MAX_S", 100.0)

    def scenario(desk):
        desk.drive.upstream_started(200, [])
        desk.drive.pause()
        assert desk.flight.paused
        desk.wait(100)
        assert desk.passage.settled == []
        desk.drive.resume()
        assert not desk.flight.paused
        desk.drive.pause()
        desk.wait(100)
        assert desk.passage.settled == [], "reading on starts the wait anew"
        desk.wait(1)
        assert desk.passage.settled == ["gone"]
        assert desk.client.log[-1] == "abort"
        assert desk.flight.cancelled
        assert not desk.wires.open

    at_desk(FakePassage(), scenario)


def test_a_pause_holds_for_the_next_attempt():
    def scenario(desk):
        desk.drive.pause()
        desk.drive.upstream_started(500, [])
        assert len(desk.carrier.flights) == 2
        assert desk.carrier.flights[0].cancelled
        assert desk.flight.paused

    at_desk(FakePassage(again_after_s=0.0), scenario)


def test_a_client_that_leaves_during_a_pause_before_the_next_attempt():
    async def scenario(desk):
        desk.drive.upstream_ended("refused", "")
        desk.drive.client_gone()
        assert desk.passage.settled == ["unsent"]
        await asyncio.sleep(0.05)
        assert len(desk.carrier.flights) == 1, "nothing is tried for a client that left"

    at_desk(FakePassage(again_after_s=0.02, drain=True), scenario)


def test_a_drain_ends_by_time_or_by_bytes():
    def by_time(desk):
        desk.drive.upstream_started(200, [])
        desk.drive.client_gone()
        desk.wait(60)
        assert desk.passage.settled == []
        desk.wait(1)
        assert desk.passage.settled == ["gone"]
        assert desk.flight.cancelled

    def by_bytes(desk):
        desk.wires.drain_bytes = 1000
        desk.drive.upstream_started(200, [])
        desk.drive.client_gone()
        desk.drive.upstream_bytes(bytes(1001))
        desk.wait(1)
        assert desk.passage.settled == ["gone"]

    def whole(desk):
        desk.drive.upstream_started(200, [])
        desk.drive.client_gone()
        desk.drive.upstream_ended("complete", "")
        assert desk.passage.settled == ["drained"]
        assert desk.client.log == [("begin", 200)]

    for scenario in (by_time, by_bytes, whole):
        at_desk(FakePassage(drain=True), scenario)


@pytest.mark.parametrize("drain", [False, True])
def test_a_stop_settles_whatever_is_open(drain):
    def scenario(desk):
        desk.drive.upstream_started(200, [])
        if drain:
            desk.drive.client_gone()
        desk.wires.close()
        assert desk.passage.settled == ["gone"]
        assert desk.flight.cancelled
        assert not desk.wires.open

    at_desk(FakePassage(drain=drain), scenario)


def test_a_fault_in_one_exchange_does_not_stop_the_clock(caplog):
    class Faulty:
        ticks = 0

        def tick(self, passed_s):
            self.ticks += 1
            raise RuntimeError("a bug")

    async def scenario(desk):
        faulty = Faulty()
        desk.wires.watched.add(faulty)
        with caplog.at_level(logging.CRITICAL, "pointsman.wire"):
            await asyncio.sleep(2.3 * TICK_S)
        assert faulty.ticks == 2

    at_desk(FakePassage(), scenario)


def test_writes_put_off_are_written_in_order_and_never_pile_up():
    def scenario(desk):
        written = []
        for number in range(UNSENT_MAX + 5):
            desk.wires.send_soon(lambda number=number: written.append(number))
        assert written == list(range(UNSENT_MAX)), "so many do not wait for the rest"

        async def later():
            await asyncio.sleep(0)
            assert written == list(range(UNSENT_MAX + 5))

        return later()

    at_desk(FakePassage(), scenario)


def test_what_nobody_waits_for_is_done_once_what_is_to_be_sent_is_sent(caplog):
    def scenario(desk):
        done = []

        def faulty():
            raise RuntimeError("planted")

        desk.wires.after_sending(faulty)
        desk.wires.after_sending(lambda: done.append("counted"))
        desk.wires.send_soon(lambda: done.append("sent"))
        desk.wires.before_sending(faulty)
        desk.wires.before_sending(lambda: done.append("known"))
        assert not done

        async def later():
            await asyncio.sleep(0)
            assert done == ["known", "sent", "counted"]
            del done[0]
            desk.wires.after_sending(lambda: done.append("alone"))
            await asyncio.sleep(0)
            assert done[2:] == ["alone"]
            desk.wires.before_sending(lambda: done.append("known alone"))
            await asyncio.sleep(0)
            assert done[3:] == ["known alone"]
            desk.wires.after_sending(lambda: done.append("at the stop"))
            desk.wires.before_sending(lambda: done.append("known at the stop"))
            desk.wires.close()
            assert done[4:] == ["known at the stop", "at the stop"]

        return later()

    at_desk(FakePassage(), scenario)
    assert "what was put off could not be done" in caplog.text
