"""The upstream side over real sockets: who gets which connection, and who hears what when there is none."""

import asyncio
import os
import socket
import time

import pytest

from gateway.wire import pool as pool_module
from tests.gateway.wire.rig import Listener, attempt, carried, echo, hang, pooled, run, until, upstream

loops = pytest.mark.parametrize("loop", ["uvloop", "asyncio"])


@loops
def test_a_pause_before_the_connection_stands_holds(loop):
    async def scenario():
        async with upstream(echo) as up, pooled() as pool:
            listener = Listener()
            flight = pool.open(attempt(up.port), listener)
            flight.pause()
            await until(lambda: up.asked)
            await asyncio.sleep(0.05)
            assert not listener.status
            flight.resume()
            await until(lambda: listener.ended)

    run(scenario, loop)


def test_requests_wait_for_a_free_connection_in_order():
    async def script(asked):
        await asyncio.sleep(0.03)
        await echo(asked)

    async def scenario():
        async with upstream(script) as up, pooled() as pool:
            listeners = [Listener() for _ in range(5)]
            flights = [
                pool.open(attempt(up.port, b"%d" % n, max_connections=1), each) for n, each in enumerate(listeners)
            ]
            flights[3].cancel()
            await until(lambda: all(each.ended for n, each in enumerate(listeners) if n != 3))
            assert [asked.body for asked in up.asked] == [b"0", b"1", b"2", b"4"]
            assert listeners[3].ended is None
            assert up.connections == 1

    run(scenario)


def test_a_cancelled_request_makes_room_for_the_next():
    async def script(asked):
        await (hang if asked.body == b"hang" else echo)(asked)

    async def scenario():
        async with upstream(script) as up, pooled() as pool:
            first, second = Listener(), Listener()
            flight = pool.open(attempt(up.port, b"hang", max_connections=1), first)
            pool.open(attempt(up.port, max_connections=1), second)
            await until(lambda: up.asked)
            flight.cancel()
            await until(lambda: second.ended)
            assert second.body == b"hi"
            assert (first.ended, first.status) == (None, 0)

    run(scenario)


def test_a_failed_connection_does_not_leave_the_next_waiting():
    async def scenario():
        with socket.create_server(("127.0.0.1", 0)) as unused:
            port = unused.getsockname()[1]
        async with pooled() as pool:
            listeners = [Listener() for _ in range(3)]
            for each in listeners:
                pool.open(attempt(port, max_connections=1), each)
            await until(lambda: all(each.ended for each in listeners), 3)
            assert {each.ended for each in listeners} == {("refused", "cannot connect (ConnectionRefusedError)")}

    run(scenario)


@loops
def test_an_upstream_that_closes_at_once_is_heard_of(loop):
    async def scenario():
        wire = socket.create_server(("127.0.0.1", 0))
        wire.setblocking(False)
        running = asyncio.get_running_loop()

        async def slam():
            while True:
                peer, _ = await running.sock_accept(wire)
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                peer.close()

        task = running.create_task(slam())
        async with pooled() as pool:
            for _ in range(30):
                listener = await carried(pool, attempt(wire.getsockname()[1], max_connections=1))
                assert listener.ended[0] in ("refused", "cut")
        task.cancel()
        wire.close()

    run(scenario, loop)


def test_a_host_that_does_not_answer_is_given_up_in_time():
    async def scenario():
        with socket.socket() as wire:
            wire.bind(("127.0.0.1", 0))
            wire.listen(0)
            crowd = [socket.socket() for _ in range(4)]
            for each in crowd:
                each.setblocking(False)
                each.connect_ex(wire.getsockname())
            async with pooled() as pool:
                listener = await carried(pool, attempt(wire.getsockname()[1], connect_s=0.2))
                assert listener.ended == ("refused", "no connection within 0.2 s")
            for each in crowd:
                each.close()

    run(scenario)


def test_old_idle_connections_are_closed(monkeypatch):
    monkeypatch.setattr(pool_module, "IDLE_MAX_S", 0.2)

    async def script(asked):
        await asyncio.sleep(0.02)
        await echo(asked)

    async def scenario():
        async with upstream(script) as up, pooled() as pool:
            await asyncio.gather(*(carried(pool, attempt(up.port)) for _ in range(8)))
            assert up.open == 8
            for _ in range(5):
                await asyncio.sleep(0.08)
                await carried(pool, attempt(up.port))
            await until(lambda: up.open == 1)
            await asyncio.sleep(0.3)
            before = up.connections
            await carried(pool, attempt(up.port))
            assert up.connections == before + 1

    run(scenario)


@loops
def test_closing_tells_everybody(loop):
    async def scenario():
        async with upstream(hang) as up, pooled() as pool:
            under_way, waiting, late = Listener(), Listener(), Listener()
            pool.open(attempt(up.port, max_connections=1), under_way)
            await until(lambda: up.asked)
            pool.open(attempt(up.port, max_connections=1), waiting)
            connecting = Listener()
            pool.open(attempt(up.port, max_connections=2), connecting)
            pool.close()
            pool.open(attempt(up.port), late)
            await asyncio.sleep(0.02)
            heard = [each.ended and each.ended[0] for each in (under_way, waiting, connecting, late)]
            assert heard == ["cut", "refused", "refused", "refused"]

    run(scenario, loop)


def closed_behind_our_back(asked):
    """The far side closes, and the loop has not read that yet."""
    with socket.socket(fileno=os.dup(asked.writer.get_extra_info("socket").fileno())) as wire:
        wire.shutdown(socket.SHUT_RDWR)
    time.sleep(0.02)


@loops
def test_a_connection_that_went_stale_is_not_used(monkeypatch, loop):
    monkeypatch.setattr(pool_module, "LOOK_AFTER_S", 0.0)

    async def scenario():
        async with upstream(echo) as up, pooled() as pool:
            await carried(pool, attempt(up.port, b"one"))
            await carried(pool, attempt(up.port, b"two"))
            assert up.connections == 1
            closed_behind_our_back(up.asked[-1])
            assert (await carried(pool, attempt(up.port, b"three"))).body == b"three"
            assert up.connections == 2

    run(scenario, loop)


def test_what_was_sent_is_not_sent_again(monkeypatch):
    """Looked at too early to notice: the request is on its way, and may have been billed."""
    monkeypatch.setattr(pool_module, "LOOK_AFTER_S", 60.0)

    async def scenario():
        async with upstream(echo) as up, pooled() as pool:
            await carried(pool, attempt(up.port, b"one"))
            closed_behind_our_back(up.asked[-1])
            listener = Listener()
            pool.open(attempt(up.port, b"two"), listener)
            await until(lambda: listener.ended)
            assert listener.ended[0] == "cut"
            assert [asked.body for asked in up.asked] == [b"one"]

    run(scenario)


def test_a_connection_ends_in_time_for_new_addresses(monkeypatch):
    async def scenario():
        async with upstream(echo) as up, pooled() as pool:
            await carried(pool, attempt(up.port))
            await carried(pool, attempt(up.port))
            assert up.connections == 1
            monkeypatch.setattr(pool_module, "LIFE_MAX_S", -1.0)
            await carried(pool, attempt(up.port))
            await carried(pool, attempt(up.port))
            assert up.connections == 2
            await until(lambda: up.open == 0)

    run(scenario)
