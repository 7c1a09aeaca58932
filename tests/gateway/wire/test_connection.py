"""One upstream connection over real sockets: what is an answer, what is none, and when it can be used again."""

import asyncio

import pytest

from gateway.wire.connection import HEADER_BYTES_MAX
from gateway.wire.types import Origin, Send
from tests.gateway.wire.rig import (
    CHUNKED,
    Listener,
    attempt,
    carried,
    chunk,
    echo,
    hang,
    pooled,
    run,
    until,
    upstream,
    whole,
)

loops = pytest.mark.parametrize("loop", ["uvloop", "asyncio"])


@loops
@pytest.mark.parametrize(
    "answer",
    [whole(b"ok"), CHUNKED + chunk(b"ok") + b"0\r\n\r\n", b"HTTP/1.1 204 No Content\r\n\r\n"],
    ids=["length", "chunks", "no body"],
)
def test_a_connection_is_used_again(loop, answer):
    async def scenario():
        async with upstream(lambda asked: asked.says(answer)) as up, pooled() as pool:
            for _ in range(5):
                assert (await carried(pool, attempt(up.port))).ended == ("complete", "")
            assert up.connections == 1
            assert up.asked[0].headers[b"host"] == b"127.0.0.1:%d" % up.port

    run(scenario, loop)


NOT_AGAIN = {
    "says close": whole(b"ok", b"200 OK", b"connection: close"),
    "HTTP/1.0": whole(b"ok").replace(b"HTTP/1.1", b"HTTP/1.0"),
    "a second answer": whole(b"ok") * 2,
    "something behind the answer": whole(b"ok") + b"\r\nX",
    "something behind the last answer": whole(b"ok", b"200 OK", b"connection: close") + b"X",
}


@loops
@pytest.mark.parametrize("answer", NOT_AGAIN.values(), ids=NOT_AGAIN.keys())
def test_a_connection_that_may_be_out_of_step_is_not(loop, answer):
    async def scenario():
        async with upstream(lambda asked: asked.says(answer)) as up, pooled() as pool:
            for number in (1, 2):
                listener = await carried(pool, attempt(up.port))
                assert (listener.body, listener.ended) == (b"ok", ("complete", ""))
                assert up.connections == number

    run(scenario, loop)


def test_an_answer_nobody_asked_for_is_nobodys():
    async def script(asked):
        await asked.says(whole(b"ok"), pause_s=0.05)
        await asked.says(whole(b"poison"))

    async def scenario():
        async with upstream(script) as up, pooled() as pool:
            assert (await carried(pool, attempt(up.port))).body == b"ok"
            await until(lambda: up.open == 0)
            assert (await carried(pool, attempt(up.port))).body == b"ok"

    run(scenario)


@loops
def test_a_connection_is_used_again_after_a_pause(loop):
    async def scenario():
        async with upstream(echo) as up, pooled() as pool:
            for _ in range(3):
                listener = Listener()
                flight = pool.open(attempt(up.port, b"z" * 5_000_000), listener)
                flight.pause()
                await asyncio.sleep(0.05)
                assert len(listener.body) < 5_000_000
                flight.resume()
                await until(lambda heard=listener: heard.ended)
                assert len(listener.body) == 5_000_000
            assert up.connections == 1

    run(scenario, loop)


BROKEN = {
    "no HTTP": b"SSH-2.0-x\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
    "a bare CR in a header": b"HTTP/1.1 200 OK\r\nx: a\rb: c\r\n\r\n",
    "another protocol": b"HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n",
    "too many headers": b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 300 + b"\r\n",
    "a header without end": b"HTTP/1.1 200 OK\r\nx: " + b"a" * (HEADER_BYTES_MAX + 1),
    "hints without end": b"HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n" * 5_000,
}


@loops
@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN.keys())
def test_what_is_no_answer_is_a_cut(loop, answer):
    async def script(asked):
        await asked.says(answer)
        await hang(asked)

    async def scenario():
        async with upstream(script) as up, pooled() as pool:
            listener = await carried(pool, attempt(up.port))
            assert (listener.status, listener.ended[0]) == (0, "cut")
            await until(lambda: up.open == 0)

    run(scenario, loop)


def test_what_came_before_a_fault_is_delivered():
    async def script(asked):
        await asked.says(CHUNKED + chunk(b"hello") + b"zz\r\n")
        await hang(asked)

    async def scenario():
        async with upstream(script) as up, pooled() as pool:
            listener = await carried(pool, attempt(up.port))
            assert (listener.status, listener.body, listener.ended[0]) == (200, b"hello", "cut")

    run(scenario)


def test_apaches_offer_of_another_protocol_changes_nothing():
    async def scenario():
        answer = whole(b"ok", b"200 OK", b"upgrade: h2,h2c", b"connection: Upgrade")
        async with upstream(lambda asked: asked.says(answer)) as up, pooled() as pool:
            for _ in range(2):
                assert (await carried(pool, attempt(up.port))).ended == ("complete", "")
            assert up.connections == 1

    run(scenario)


def test_trailers_stay_out_of_the_head():
    async def scenario():
        answer = CHUNKED + chunk(b"ok") + b"0\r\nx-trailer: 1\r\n\r\n"
        async with upstream(lambda asked: asked.says(answer)) as up, pooled() as pool:
            listener = await carried(pool, attempt(up.port))
            assert listener.headers == [(b"transfer-encoding", b"chunked")]

    run(scenario)


def test_a_listener_may_hang_up_at_any_call():
    class Leaving(Listener):
        def upstream_started(self, status, headers):
            super().upstream_started(status, headers)
            self.flight.cancel()

    async def scenario():
        async with upstream(echo) as up, pooled() as pool:
            listener = Leaving()
            listener.flight = pool.open(attempt(up.port), listener)
            await until(lambda: listener.status)
            await until(lambda: up.open == 0)
            assert (listener.body, listener.ended) == (b"", None)

    run(scenario)


def test_a_header_cannot_smuggle_in_another():
    async def scenario():
        async with upstream(echo) as up, pooled() as pool:
            at = Origin(scheme="http", host="127.0.0.1", port=up.port)
            evil = Send(origin=at, method="POST", target="/v1/x", headers=[(b"x-a", b"1\r\nx-key: stolen")], body=b"hi")
            assert (await carried(pool, evil)).body == b"hi"
            assert up.asked[0].headers[b"x-a"] == b"1  x-key: stolen"

    run(scenario)
