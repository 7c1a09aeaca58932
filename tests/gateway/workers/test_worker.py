"""A worker does as its supervisor says, and goes when there is nobody to say anything."""

import asyncio
import os
import signal
import threading

import pytest

from gateway.workers.messages import Ask, Drain, Hurry, Leaving, Page, Reload, Tell
from gateway.workers.share import Share
from tests.gateway.workers.rig import CHAT, ask, connected, settings, told, worker
from tests.line.rig import Upstream, answer, wait_for

WAIT_S = 15


@pytest.fixture
def upstream():
    made = Upstream()
    made.script = lambda asked, wire: wire.sendall(answer(b"{}"))
    yield made
    made.close()


@pytest.fixture
def serving(upstream, tmp_path):
    """Runs a script against a worker."""

    def run(script, share=None):
        async def whole():
            async with worker(tmp_path, settings(upstream), share or Share.make(2)) as hand:
                return await asyncio.wait_for(script(hand), WAIT_S)

        return asyncio.run(whole())

    return run


async def ended(hand):
    while await hand.hear() is not None:
        pass
    return hand.process.wait(WAIT_S)


def test_it_reports_when_asked_and_unasked(serving):
    async def script(hand):
        hand.say(Tell(number=7))
        return [(await told(hand)).number for _ in range(4)]

    numbers = serving(script)
    assert 7 in numbers
    assert 0 in numbers


def test_a_page_asked_of_it_is_the_supervisors(serving):
    async def script(hand):
        client = connected(hand)
        client.sendall(b"GET /metrics HTTP/1.1\r\nhost: gateway\r\n\r\n")
        while not isinstance(message := await hand.hear(), Ask):
            pass
        hand.say(Page(number=message.number + 1, page=b"of another question"))
        hand.say(Page(number=message.number, page=b"all there is\n"))
        said = b""
        while not said.endswith(b"is\n"):
            said += await asyncio.to_thread(client.recv, 4096)
        client.close()
        return said

    assert serving(script).endswith(b"all there is\n")


def test_drained_it_finishes_what_is_under_way(serving, upstream):
    def slow(asked, wire):
        released.wait(10)
        wire.sendall(answer(b'{"done":1}'))

    released = threading.Event()
    upstream.script = slow

    async def script(hand):
        client = connected(hand)
        answered = asyncio.create_task(asyncio.to_thread(ask, client, b"POST /v1/chat/completions", CHAT))
        await asyncio.to_thread(wait_for, lambda: upstream.arrived or None)
        hand.say(Drain())
        await asyncio.sleep(0.3)
        assert hand.process.poll() is None
        released.set()
        said = await answered
        client.close()
        return said, await ended(hand)

    said, code = serving(script)
    assert said.endswith(b'{"done":1}')
    assert code == 0


def test_hurried_it_waits_for_nobody_and_accounts_for_all(serving, upstream):
    hold = threading.Event()
    upstream.script = lambda asked, wire: hold.wait(20)
    share = Share.make(2)

    async def script(hand):
        client = connected(hand)
        client.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\ncontent-length: %d\r\n\r\n" % len(CHAT) + CHAT)
        await asyncio.to_thread(wait_for, lambda: upstream.arrived or None)
        assert share.columns.inside_all() == 1
        hand.say(Hurry())
        code = await ended(hand)
        client.close()
        return code

    assert serving(script, share) == 0
    hold.set()
    assert share.columns.inside_all() == 0


def test_sent_away_alone_it_says_so_first(serving):
    async def script(hand):
        os.kill(hand.process.pid, signal.SIGTERM)
        while not isinstance(await hand.hear(), Leaving):
            pass
        return await ended(hand)

    assert serving(script) == 0


def test_a_terminals_signal_is_not_for_it(serving):
    async def script(hand):
        os.kill(hand.process.pid, signal.SIGINT)
        hand.say(Reload())
        hand.say(Tell(number=1))
        while (await told(hand)).number != 1:
            pass
        return hand.process.poll()

    assert serving(script) is None


def test_without_a_supervisor_it_ends(serving):
    async def script(hand):
        hand.close()
        return await asyncio.to_thread(hand.process.wait, WAIT_S)

    assert serving(script) == 0
