"""The fast adapter where it is alone: pipelining, old clients, upgrades, bounds, and what an attacker would try."""

import asyncio
import itertools
import random
import time

import pytest

from gateway.wire import hot
from tests.gateway.wire.rig import (
    BODY_MAX,
    CHUNKED,
    Client,
    Reply,
    ask,
    chunk,
    echo,
    hang,
    line,
    post,
    run,
    until,
    upstream,
    whole,
)


def test_a_request_behind_another_is_sent_again_on_a_new_connection():
    async def script(asked):
        await asyncio.sleep(0.05)
        await echo(asked)

    async def scenario():
        async with upstream(script) as up, line("hot", up.port) as rig:
            client = await Client.to(rig.port)
            await client.send(post(b"/v1/first", b"one") + post(b"/v1/second", b"two"))
            assert (await client.reply()).body == b"one"
            assert await client.at_end()
            await client.leave()
            client = await Client.to(rig.port)
            await client.send(post(b"/v1/first", b"one"))
            await until(lambda: len(up.asked) == 2)
            await client.send(post(b"/v1/second", b"two"))
            reply = await client.reply()
            assert (reply.body, reply.headers[b"connection"]) == (b"one", b"close")
            assert await client.at_end()
            await client.leave()
            assert [asked.target for asked in up.asked] == [b"/v1/first"] * 2, "what is not answered is not paid for"

    run(scenario)


def test_a_closed_request_takes_no_other_with_it():
    async def scenario():
        async with upstream(echo) as up, line("hot", up.port) as rig:
            client = await Client.to(rig.port)
            await client.send(post(b"/v1/refused", b"x", b"connection: close") + post(b"/v1/second"))
            assert (await client.reply()).status == 401
            assert await client.at_end()
            await client.leave()
            assert not up.asked

    run(scenario)


def test_line_and_app_take_turns_on_one_connection():
    async def scenario():
        async with upstream(echo) as up, line("hot", up.port) as rig:
            client = await Client.to(rig.port)
            for _ in range(3):
                await client.send(post(b"/v1/x", b"one"))
                assert (await client.reply()).body == b"one"
                await client.send(post(b"/page", b"12345"))
                reply = await client.reply()
                assert (reply.body, reply.headers[b"x-body"]) == (b"behind POST /page", b"5")
            await client.leave()
            assert rig.server.server_state.total_requests == 6

    run(scenario)


def test_garbage_behind_a_request_does_not_spoil_its_answer():
    async def script(asked):
        await asked.says(CHUNKED, chunk(b"hello"), pause_s=0.1)
        await asked.says(chunk(b" world"), b"0\r\n\r\n")

    async def scenario():
        async with upstream(script) as up, line("hot", up.port) as rig:
            for together in (True, False):
                client = await Client.to(rig.port)
                await client.send(post(b"/v1/x") + (b"\x00\x01garbage" if together else b""))
                if not together:
                    await client.reader.readuntil(b"hello")
                    await client.send(b"\x00\x01garbage")
                    assert b"world\r\n0\r\n\r\n" in await client.reader.read()
                else:
                    assert (await client.reply()).body == b"hello world"
                    assert await client.at_end()
                await client.leave()
            assert rig.settled == ["complete"] * 2

    run(scenario)


def test_garbage_is_told_so():
    async def scenario():
        async with upstream(echo) as up, line("hot", up.port) as rig:
            for garbage in (b"\x16\x03\x01\x02\x00", b"GET / HTTP/1.1\r\nbad header\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"):
                reply = await ask(rig.port, garbage)
                assert (reply.status, reply.headers[b"connection"]) == (400, b"close")
            lying = b"POST /v1/x HTTP/1.1\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
            assert (await ask(rig.port, lying)).status == 400
            twice = b"POST /v1/x HTTP/1.1\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nhey"
            assert (await ask(rig.port, twice)).status == 400
            assert not up.asked

    run(scenario)


@pytest.mark.parametrize("keep", [b"", b"connection: keep-alive\r\n"])
def test_an_old_proxy_gets_no_chunks(keep):
    async def script(asked):
        await asked.says(CHUNKED, chunk(b"hello"), chunk(b" world"), b"0\r\n\r\n")

    async def scenario():
        async with upstream(script) as up, line("hot", up.port) as rig:
            reply = await ask(rig.port, b"POST /v1/x HTTP/1.0\r\n%bcontent-length: 2\r\n\r\nhi" % keep)
            assert b"transfer-encoding" not in reply.headers
            assert reply.body == b"hello world"

    run(scenario)


def test_an_old_proxy_sees_a_cut():
    async def script(asked):
        await asked.says(CHUNKED, chunk(b"hello"), pause_s=0.05)
        raise EOFError

    async def scenario():
        async with upstream(script) as up, line("hot", up.port) as rig:
            with pytest.raises(ConnectionResetError):
                await ask(rig.port, b"POST /v1/x HTTP/1.0\r\ncontent-length: 2\r\n\r\nhi")

    run(scenario)


def test_a_client_that_offers_h2c_is_served_as_if_it_had_not():
    async def scenario():
        async with upstream(echo) as up, line("hot", up.port) as rig:
            client = await Client.to(rig.port)
            offer = (b"connection: Upgrade, HTTP2-Settings", b"upgrade: h2c", b"http2-settings: AAMAAABkAAQAoAAA")
            for path, answer in ((b"/v1/x", b"hello"), (b"/page", b"behind POST /page")):
                request = post(path, b"hello", *offer)
                await client.send(request[:-3])
                await asyncio.sleep(0.02)
                await client.send(request[-3:])
                reply = await client.reply()
                assert reply.body == answer
                await client.send(request)
                assert (await client.reply()).body == answer
            assert reply.headers[b"x-body"] == b"5"
            assert up.asked[0].body == b"hello"
            await client.leave()

    run(scenario)


def test_a_websocket_is_the_apps_to_refuse():
    async def scenario():
        async with upstream(echo) as up, line("hot", up.port) as rig:
            reply = await ask(
                rig.port, b"GET /v1/responses HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
            )
            assert reply.body == b"behind GET /v1/responses"
            assert not up.asked

    run(scenario)


def test_trailers_do_not_pass_for_headers():
    async def scenario():
        async with upstream(echo) as up, line("hot", up.port) as rig:
            head = b"POST /v1/x HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
            reply = await ask(rig.port, head + chunk(b"hi") + b"0\r\nx-team: other\r\n\r\n")
            assert reply.body == b"hi"
            assert b"x-team" not in up.asked[0].headers

    run(scenario)


TOO_LARGE = {
    "one long line": b"POST /v1/x HTTP/1.1\r\nx-long: %b\r\n\r\n" % (b"a" * 20_000),
    "many short lines": b"POST /v1/x HTTP/1.1\r\n%b\r\n" % (b"a:\r\n" * 1_000),
    "a long address": b"POST /v1/%b HTTP/1.1\r\n\r\n" % (b"a" * 20_000),
    "for the app": b"GET /page HTTP/1.1\r\nx-long: %b\r\n\r\n" % (b"a" * 20_000),
}


@pytest.mark.parametrize("request_", TOO_LARGE.values(), ids=TOO_LARGE.keys())
def test_a_head_over_the_bound_is_refused(request_):
    async def scenario():
        async with upstream(echo) as up, line("hot", up.port) as rig:
            assert (await ask(rig.port, request_)).status == 431
            assert not up.asked

    run(scenario)


ENDLESS = {
    "a header": b"POST /v1/x HTTP/1.1\r\nx-endless: ",
    "an address": b"POST /v1/",
    "headers": b"POST /v1/x HTTP/1.1\r\n",
    "a trailer": b"POST /v1/x HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nx-endless: ",
    "a chunk extension": b"POST /v1/x HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1;",
}


@pytest.mark.parametrize("start", ENDLESS.values(), ids=ENDLESS.keys())
def test_what_never_ends_is_not_collected(start):
    async def scenario():
        async with upstream(echo) as up, line("hot", up.port) as rig:
            client = await Client.to(rig.port)
            await client.send(start)
            await asyncio.sleep(0.02)
            piece = b"x-a: b\r\n" * 1_000 if start.endswith(b"1.1\r\n") else b"a" * 8_000
            for _ in range(6):
                await client.send(piece)
                await asyncio.sleep(0.005)
            assert (await client.reply()).status == 431
            await client.leave()
            assert not up.asked

    run(scenario)


def test_small_chunks_are_not_taken_for_an_attack():
    async def scenario():
        async with upstream(echo) as up, line("hot", up.port) as rig:
            client = await Client.to(rig.port)
            await client.send(b"POST /v1/x HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
            for _ in range(20):
                await client.send(b"1\r\nx\r\n" * 1_000)
                await asyncio.sleep(0.001)
            await client.send(b"0\r\n\r\n")
            assert (await client.reply()).body == b"x" * 20_000
            await client.leave()

    run(scenario)


def test_a_body_known_to_be_too_large_is_not_asked_for():
    async def scenario():
        async with upstream(echo) as up, line("hot", up.port) as rig:
            head = b"POST /v1/x HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: %d\r\n\r\n" % (BODY_MAX + 1)
            reply = await ask(rig.port, head)
            assert (reply.status, reply.interim) == (413, 0)

    run(scenario)


def test_a_body_far_over_the_bound_is_answered_before_it_ends(monkeypatch):
    monkeypatch.setattr("gateway.wire.reception.SURPLUS_MAX", 1_000_000)

    async def scenario():
        async with upstream(echo) as up, line("hot", up.port) as rig:
            client = await Client.to(rig.port)
            await client.send(b"POST /v1/x HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % (1 << 40))
            answer = asyncio.ensure_future(client.reply())
            for _ in range(80):
                await client.send(bytes(1 << 19))
                if answer.done():
                    break
            reply: Reply = await answer
            assert (reply.status, reply.headers[b"connection"]) == (413, b"close")
            await client.leave()

    run(scenario)


SLOW = {
    "nothing": b"",
    "half a head": b"POST /v1/x HTTP/1.1\r\nx",
    "half a body": b"POST /v1/x HTTP/1.1\r\ncontent-length: 10\r\n\r\nhalf",
    "half a body for the app": b"POST /page HTTP/1.1\r\ncontent-length: 10\r\n\r\nhalf",
}


@pytest.mark.parametrize("start", SLOW.values(), ids=SLOW.keys())
def test_a_request_that_does_not_come_is_not_waited_for(monkeypatch, start):
    monkeypatch.setattr(hot, "PATIENCE_S", 0.5)

    async def scenario():
        async with upstream(echo) as up, line("hot", up.port) as rig:
            client = await Client.to(rig.port)
            await client.send(start)
            answer = await asyncio.wait_for(client.reader.read(), 5)
            assert answer.startswith(b"HTTP/1.1 408") if start else answer == b""
            await client.leave()
            await until(lambda: not rig.wires.watched)

    run(scenario)


@pytest.mark.parametrize("start", [b"POST /v1/x HTTP/1.1\r\n", b""])
def test_a_request_that_comes_byte_by_byte_is_not_waited_for_either(monkeypatch, start):
    monkeypatch.setattr(hot, "PATIENCE_S", 1.0)

    async def scenario():
        async with upstream(echo) as up, line("hot", up.port) as rig:
            client = await Client.to(rig.port)
            begun = time.monotonic()
            await client.send(start)
            while not client.writer.transport.is_closing() and time.monotonic() - begun < 8:
                await client.send(b"x:y\r\n" if start else b"\r\n")
                await asyncio.sleep(0.2)
            assert time.monotonic() - begun < 5
            await client.leave()

    run(scenario)


def test_a_client_that_takes_its_time_between_requests_is_not_hurried(monkeypatch):
    monkeypatch.setattr(hot, "PATIENCE_S", 0.5)

    async def scenario():
        async with upstream(echo) as up, line("hot", up.port, timeout_keep_alive=30) as rig:
            client = await Client.to(rig.port)
            for path in (b"/v1/x", b"/page"):
                await client.send(post(path))
                assert (await client.reply()).status == 200
                await asyncio.sleep(2.5)
            await client.send(post(b"/v1/x"))
            assert (await client.reply()).status == 200
            await client.leave()

    run(scenario)


def test_a_slow_answer_is_not_a_slow_request(monkeypatch):
    monkeypatch.setattr(hot, "PATIENCE_S", 0.5)

    async def script(asked):
        await asyncio.sleep(2.5)
        await echo(asked)

    async def scenario():
        async with upstream(script) as up, line("hot", up.port) as rig:
            assert (await ask(rig.port, post(b"/v1/x"))).body == b"hi"

    run(scenario)


def test_answers_nobody_reads_do_not_pile_up():
    async def script(asked):
        await asked.says(whole(b"z" * 2_000_000))

    async def scenario():
        async with upstream(script) as up, line("hot", up.port) as rig:
            client = await Client.to(rig.port, receive_buffer=8 * 1024)
            client.writer.transport.pause_reading()
            for _ in range(40):
                client.writer.write(post(b"/v1/x"))
                await asyncio.sleep(0.02)
            assert len(up.asked) <= 3, "the next request is read when the answer before it has left"
            await client.leave()

    run(scenario)


def test_a_client_that_never_reads_on_is_hung_up_on(monkeypatch):
    monkeypatch.setattr("gateway.wire.drive.STUCK_MAX_S", 1.0)
    monkeypatch.setattr(hot, "PATIENCE_S", 0.5)

    async def script(asked):
        await asked.says(CHUNKED, *[chunk(bytes(65536))] * 400)

    async def scenario():
        async with upstream(script) as up, line("hot", up.port) as rig:
            client = await Client.to(rig.port, receive_buffer=8 * 1024)
            client.writer.transport.pause_reading()
            await client.send(post(b"/v1/x"))
            await until(lambda: rig.settled == ["gone"], 8)
            await until(lambda: not rig.server.server_state.connections, 8)
            await client.leave()

    run(scenario)


def test_more_body_than_promised_does_not_run_into_the_next_answer():
    async def scenario():
        async with upstream(echo) as up, line("hot", up.port) as rig:
            rig.stations.relay = lambda data: data + b"HTTP/1.1 200 OK\r\n\r\nfake"
            client = await Client.to(rig.port)
            await client.send(post(b"/v1/x"))
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await client.reply()
            await client.leave()
            rig.stations.relay = lambda data: data[:-1]
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await ask(rig.port, post(b"/v1/x"))

    run(scenario)


def test_a_fault_of_ours_settles_once_and_takes_nobody_along():
    async def scenario():
        async with upstream(echo) as up, line("hot", up.port) as rig:
            asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)

            def fault(data):
                raise RuntimeError("a bug")

            rig.stations.relay = fault
            client = await Client.to(rig.port)
            await client.send(post(b"/v1/x"))
            await until(lambda: len(rig.settled) == 1)
            await client.leave()
            rig.stations.relay = lambda data: data
            assert (await ask(rig.port, post(b"/v1/x"))).body == b"hi"
            assert len(rig.settled) == 2

    run(scenario)


def test_a_stop_lets_an_answer_finish_and_then_closes():
    async def script(asked):
        await asked.says(CHUNKED, chunk(b"hello"), pause_s=0.2)
        await asked.says(chunk(b" world"), b"0\r\n\r\n")

    async def scenario():
        async with upstream(script) as up, line("hot", up.port) as rig:
            client, idle = await Client.to(rig.port), await Client.to(rig.port)
            await client.send(post(b"/v1/x"))
            await client.reader.readuntil(b"hello")
            for connection in tuple(rig.server.server_state.connections):
                connection.shutdown()
            assert await client.reader.read() == b"\r\n6\r\n world\r\n0\r\n\r\n"
            assert await idle.at_end()
            await client.leave()
            await idle.leave()
            assert rig.settled == ["complete"]

    run(scenario)


def test_a_stop_that_cannot_wait_settles_what_is_open():
    async def scenario():
        async with upstream(hang) as up, line("hot", up.port) as rig:
            client = await Client.to(rig.port)
            await client.send(post(b"/v1/x"))
            await until(lambda: up.asked)
            rig.wires.close()
            assert rig.settled == ["gone"]
            assert await client.at_end()
            await client.leave()

    run(scenario)


REQUESTS = (
    (post(b"/v1/x", b"hello"), b"hello"),
    (post(b"/v1/x", b"z" * 3_000), b"z" * 3_000),
    (b"POST /v1/x HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n" + chunk(b"he") + chunk(b"llo") + b"0\r\nx: y\r\n\r\n", b"hello"),
    (post(b"/v1/x", b"offer", b"connection: upgrade", b"upgrade: h2c"), b"offer"),
    (post(b"/page", b"offer", b"connection: upgrade", b"upgrade: h2c"), b"behind POST /page"),
    (post(b"/v1/refused", b"x"), b"refused"),
    (b"\r\n\r\n" + post(b"/page", b"12345"), b"behind POST /page"),
    (b"GET /v1/models HTTP/1.1\r\n\r\n", b"behind GET /v1/models"),
)


@pytest.mark.parametrize("seed", range(4))
def test_wherever_the_bytes_are_cut_the_answers_are_the_same(seed):
    chance = random.Random(seed)

    async def scenario():
        async with upstream(echo) as up, line("hot", up.port) as rig:
            client = await Client.to(rig.port)
            for _ in range(60):
                request, answer = chance.choice(REQUESTS)
                cuts = sorted(chance.sample(range(1, len(request)), min(len(request) - 1, chance.randrange(6))))
                for start, end in itertools.pairwise((0, *cuts, len(request))):
                    await client.send(request[start:end])
                    await asyncio.sleep(0.001)
                assert (await client.reply()).body == answer
            await client.leave()

    run(scenario)


def test_what_holds_the_loop_is_noticed_on_both_sides():
    async def scenario():
        async with upstream(echo) as up, line("hot", up.port) as rig:
            rig.pool.held_since = rig.wires.held_since
            assert (await ask(rig.port, post(b"/v1/x"))).body == b"hi"
            assert 0 < rig.wires.longest_held_s() < 0.05

            def slow(data):
                time.sleep(0.06)
                return data

            rig.stations.relay = slow
            await ask(rig.port, post(b"/v1/x"))
            assert rig.wires.longest_held_s() >= 0.06, "an upstream's read"
            rig.stations.relay = lambda data: data
            enter = rig.stations.enter
            rig.stations.enter = lambda *args: (time.sleep(0.06), enter(*args))[1]
            await ask(rig.port, post(b"/v1/x"))
            assert rig.wires.longest_held_s() >= 0.06, "a client's read"
            assert rig.wires.longest_held_s() == 0.0, "told once"

    run(scenario)


@pytest.mark.parametrize("then", ["nonsense", "leave", "stop"])
def test_an_answer_put_off_is_written_before_anything_else_happens(then):
    async def scenario():
        async with upstream(echo) as up, line("hot", up.port) as rig:
            client = await Client.to(rig.port)
            rig.wires.send_soon = lambda flush: None
            await client.send(post(b"/v1/x", b"one"))
            await until(lambda: rig.settled)
            (protocol,) = rig.server.server_state.connections
            if then == "nonsense":
                await client.send(b"this is no request\r\n\r\n")
            elif then == "leave":
                protocol.timeout_keep_alive_handler()
            else:
                protocol.shutdown()
            assert (await client.reply()).body == b"one"
            if then == "nonsense":
                assert (await client.reply()).status == 400
            assert await client.at_end()
            await client.leave()

    run(scenario)


class Spied:
    """A transport that notes when it is written to."""

    def __init__(self, transport, log):
        self._transport = transport
        self._log = log

    def __getattr__(self, name):
        return getattr(self._transport, name)

    def write(self, data):
        self._log.append("sent")
        self._transport.write(data)

    def writelines(self, pieces):
        self._log.append("sent")
        self._transport.writelines(pieces)


@pytest.mark.parametrize("lines", [(), (b"connection: close",)])
def test_what_others_must_know_is_done_before_the_answer_leaves(lines):
    async def scenario():
        async with upstream(echo) as up, line("hot", up.port) as rig:
            log = []
            client = await Client.to(rig.port)
            (protocol,) = await until(lambda: rig.server.server_state.connections)
            protocol.transport = Spied(protocol.transport, log)
            rig.stations.on_settled = lambda: rig.wires.before_sending(lambda: log.append("known"))
            await client.send(post(b"/v1/x", b"one", *lines))
            assert (await client.reply()).body == b"one"
            assert log == ["known", "sent"]
            await client.leave()

    run(scenario)
