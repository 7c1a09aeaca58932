"""The byte path over real sockets, through both server adapters: what one can do, so can the other."""

import asyncio
import socket

import pytest

from gateway.wire.line import takes
from gateway.wire.target import locate
from tests.gateway.wire.rig import CHUNKED, Client, ask, chunk, echo, hang, line, post, run, until, upstream, whole

both = pytest.mark.parametrize("adapter", ["hot", "asgi"])


@both
def test_bodies_and_answers_cross_unchanged(adapter):
    async def scenario():
        async with upstream(echo) as up, line(adapter, up.port) as rig:
            big = bytes(range(256)) * 4000
            assert (await ask(rig.port, post(b"/v1/echo"))).body == b"hi"
            assert (await ask(rig.port, post(b"/v1/echo", big))).body == big
            assert (await ask(rig.port, post(b"/v1/echo", b""))).body == b""
            assert (await ask(rig.port, post(b"/other"))).body == b"behind POST /other"
            assert (await ask(rig.port, b"GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n")).body == b"behind GET /v1/models"
            assert rig.settled == ["complete"] * 3

    run(scenario)


@both
def test_a_stream_arrives_piece_by_piece(adapter):
    async def script(asked):
        await asked.says(CHUNKED, *(chunk(b"event %d\n" % n) for n in range(5)), b"0\r\n\r\n", pause_s=0.01)

    async def scenario():
        async with upstream(script) as up, line(adapter, up.port) as rig:
            client = await Client.to(rig.port)
            for _ in range(2):
                await client.send(post(b"/v1/x"))
                assert (await client.reply()).body == b"".join(b"event %d\n" % n for n in range(5))
            await client.leave()
            assert up.connections == 1, "the upstream connection is used again"

    run(scenario)


@both
def test_a_cut_never_looks_whole(adapter):
    async def script(asked):
        await asked.says(CHUNKED, chunk(b"hello"))
        raise EOFError

    async def scenario():
        async with upstream(script) as up, line(adapter, up.port) as rig:
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await ask(rig.port, post(b"/v1/cut"))
            await until(lambda: rig.settled == ["cut"])

    run(scenario)


@both
def test_an_answer_shorter_than_it_said_never_looks_whole(adapter):
    async def script(asked):
        await asked.says(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello")
        raise EOFError

    async def scenario():
        async with upstream(script) as up, line(adapter, up.port) as rig:
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await ask(rig.port, post(b"/v1/cut"))
            await until(lambda: rig.settled == ["cut"])

    run(scenario)


@both
def test_without_a_length_the_end_of_the_connection_ends_the_answer(adapter):
    async def script(asked):
        await asked.says(b"HTTP/1.1 200 OK\r\n\r\nhello", b" world", pause_s=0.01)
        raise EOFError

    async def scenario():
        async with upstream(script) as up, line(adapter, up.port) as rig:
            assert (await ask(rig.port, post(b"/v1/x"))).body == b"hello world"
            assert rig.settled == ["complete"]

    run(scenario)


@both
def test_a_client_that_leaves_before_the_first_byte_is_left_upstream_too(adapter):
    async def scenario():
        async with upstream(hang) as up, line(adapter, up.port) as rig:
            client = await Client.to(rig.port)
            await client.send(post(b"/v1/x"))
            await until(lambda: up.asked)
            await client.leave()
            await until(lambda: up.hung_up == 1)
            assert rig.settled == ["gone"]

    run(scenario)


@both
def test_a_client_that_leaves_in_mid_answer_is_left_upstream_too(adapter):
    async def script(asked):
        await asked.says(CHUNKED, *[chunk(b"x")] * 2000, pause_s=0.005)

    async def scenario():
        async with upstream(script) as up, line(adapter, up.port) as rig:
            client = await Client.to(rig.port)
            await client.send(post(b"/v1/x"))
            await client.reader.readuntil(b"x")
            await client.leave()
            await until(lambda: up.hung_up == 1)
            assert rig.settled == ["gone"]

    run(scenario)


@both
def test_a_slow_client_slows_the_upstream_down(adapter):
    total = 24 * 1024 * 1024
    sent = 0

    async def script(asked):
        nonlocal sent
        await asked.says(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % total)
        asked.writer.transport.set_write_buffer_limits(64 * 1024)
        while sent < total:
            await asked.says(b"y" * 65536)
            sent += 65536

    async def scenario():
        async with upstream(script) as up, line(adapter, up.port) as rig:
            client = await Client.to(rig.port, receive_buffer=16 * 1024)
            await client.send(post(b"/v1/x"))
            await client.reader.readuntil(b"\r\n\r\n")
            before = -1
            while before != sent:
                before = sent
                await asyncio.sleep(0.3)
            assert sent < total - 4 * 1024 * 1024, "the rest waits in the upstream, not here"
            assert len(await client.reader.readexactly(total)) == total
            await client.leave()
            await until(lambda: rig.settled == ["complete"])

    run(scenario)


@both
def test_thirty_megabytes_arrive_upstream(adapter):
    async def script(asked):
        await asked.says(whole(b"%d" % len(asked.body)))

    async def scenario():
        async with upstream(script) as up, line(adapter, up.port) as rig:
            size = 30 * 1024 * 1024
            assert (await ask(rig.port, post(b"/v1/x", bytes(size)))).body == b"%d" % size

    run(scenario)


@both
def test_an_upstream_that_answers_while_we_still_send(adapter):
    async def script(asked):
        await asked.says(whole(b"too much", b"413 Payload Too Large"))
        await asyncio.sleep(0.2)
        await asked.reader.read()

    async def scenario():
        async with upstream(script, reads_bodies=False) as up, line(adapter, up.port) as rig:
            for number in (1, 2):
                reply = await ask(rig.port, post(b"/v1/x", bytes(30 * 1024 * 1024)))
                assert (reply.status, reply.body) == (413, b"too much")
                assert up.connections == number, "what is left of a body must not be in front of the next request"
            assert rig.settled == ["complete"] * 2

    run(scenario)


@both
@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_answers_without_a_body_leave_the_connection_in_order(adapter, status):
    async def script(asked):
        await asked.says(b"HTTP/1.1 %b\r\n\r\n" % status if asked.target == b"/v1/none" else whole(b"next"))

    async def scenario():
        async with upstream(script) as up, line(adapter, up.port) as rig:
            client = await Client.to(rig.port)
            await client.send(post(b"/v1/none"))
            first = await client.reply()
            assert b"%d" % first.status == status[:3]
            assert b"transfer-encoding" not in first.headers
            await client.send(post(b"/v1/x"))
            assert (await client.reply()).body == b"next"
            await client.leave()

    run(scenario)


@both
@pytest.mark.parametrize("lines", [b"content-length: 5\r\n", b"transfer-encoding: chunked\r\n", b""])
def test_head_requests_leave_the_connection_in_order(adapter, lines):
    async def script(asked):
        head = asked.method == b"HEAD"
        await asked.says(b"HTTP/1.1 200 OK\r\n%b\r\n" % lines if head else whole(b"next"))

    async def scenario():
        async with upstream(script) as up, line(adapter, up.port) as rig:
            client = await Client.to(rig.port)
            await client.send(b"HEAD /v1/files/1 HTTP/1.1\r\nhost: x\r\n\r\n")
            assert (await client.reply(bare=True)).status == 200
            await client.send(b"HEAD /v1/refused HTTP/1.1\r\nhost: x\r\n\r\n")
            refused = await client.reply(bare=True)
            assert (refused.status, refused.headers[b"content-length"]) == (401, b"7")
            await client.send(post(b"/v1/x"))
            assert (await client.reply()).body == b"next"
            await client.leave()

    run(scenario)


@both
def test_a_chunked_request_body_is_put_together(adapter):
    async def scenario():
        async with upstream(echo) as up, line(adapter, up.port) as rig:
            head = b"POST /v1/x HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
            reply = await ask(rig.port, head + chunk(b"hello ") + chunk(b"world") + b"0\r\n\r\n")
            assert reply.body == b"hello world"
            assert up.asked[0].headers[b"content-length"] == b"11"
            assert b"transfer-encoding" not in up.asked[0].headers

    run(scenario)


@both
def test_a_client_that_waits_for_100_continue_is_told_to_go_on(adapter):
    async def scenario():
        async with upstream(echo) as up, line(adapter, up.port) as rig:
            client = await Client.to(rig.port)
            head, body = post(b"/v1/x", b"hello", b"expect: 100-continue").split(b"\r\n\r\n")
            await client.send(head + b"\r\n\r\n")
            assert await client.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            await client.send(body)
            assert (await client.reply()).body == b"hello"
            await client.leave()

    run(scenario)


@both
def test_interim_answers_of_the_upstream_are_not_taken_for_the_answer(adapter):
    async def script(asked):
        await asked.says(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n", pause_s=0.01)
        await asked.says(whole(b"real", b"200 OK", b"x-real: yes"))

    async def scenario():
        async with upstream(script) as up, line(adapter, up.port) as rig:
            reply = await ask(rig.port, post(b"/v1/x"))
            assert (reply.status, reply.body, reply.headers[b"x-real"]) == (200, b"real", b"yes")
            assert b"link" not in reply.headers

    run(scenario)


@both
def test_a_header_cannot_smuggle_in_another(adapter):
    async def scenario():
        async with upstream(echo) as up, line(adapter, up.port) as rig:
            rig.stations.extra = [(b"x-model", b"gpt\r\nset-cookie: stolen\r\n\r\nbody")]
            reply = await ask(rig.port, post(b"/v1/x"))
            assert b"set-cookie" not in reply.headers
            assert reply.body == b"hi"

    run(scenario)


@both
def test_our_own_answers_keep_the_connection(adapter):
    async def scenario():
        async with upstream(echo) as up, line(adapter, up.port) as rig:
            client = await Client.to(rig.port)
            for _ in range(3):
                await client.send(post(b"/v1/refused", b"x" * 100_000))
                reply = await client.reply()
                assert (reply.status, reply.headers[b"x-why"], reply.body) == (401, b"no", b"refused")
            await client.send(post(b"/v1/x"))
            assert (await client.reply()).body == b"hi"
            await client.leave()
            assert rig.settled == ["complete"]

    run(scenario)


@both
def test_no_upstream_is_our_own_answer(adapter):
    async def scenario():
        with socket.create_server(("127.0.0.1", 0)) as unused:
            port = unused.getsockname()[1]
        async with line(adapter, port) as rig:
            reply = await ask(rig.port, post(b"/v1/x"))
            assert reply.status == 502
            assert reply.body.startswith(b"refused")
            assert rig.settled == ["refused"]

    run(scenario)


@both
def test_an_upstream_that_speaks_no_http_is_our_own_answer(adapter):
    async def script(asked):
        await asked.says(b"SSH-2.0-OpenSSH_9.2\r\n")

    async def scenario():
        async with upstream(script) as up, line(adapter, up.port) as rig:
            reply = await ask(rig.port, post(b"/v1/x"))
            assert reply.status == 502
            assert b"invalid HTTP" in reply.body
            await until(lambda: rig.settled == ["cut"])

    run(scenario)


@both
def test_a_body_over_the_bound_is_counted_but_not_kept(adapter):
    async def scenario():
        async with upstream(echo) as up, line(adapter, up.port) as rig:
            reply = await ask(rig.port, post(b"/v1/x", bytes(32 * 1024 * 1024)))
            assert (reply.status, reply.body) == (413, b"too large")
            assert rig.stations.heads[0].size == 32 * 1024 * 1024
            assert not up.asked

    run(scenario)


@both
def test_absolute_form_is_the_same_address(adapter):
    async def scenario():
        async with upstream(echo) as up, line(adapter, up.port) as rig:
            reply = await ask(rig.port, post(b"http://gateway:4000/v1/x"))
            assert reply.status == 200

    run(scenario)


@both
@pytest.mark.parametrize("target", [b"/v1/../admin", b"/v1//x", b"/v1/%2e%2e/x", b"/v1/a%2Fb", b"/v1/x\\y"])
def test_addresses_that_may_mean_something_else_upstream_stay_here(adapter, target):
    async def scenario():
        async with upstream(echo) as up, line(adapter, up.port) as rig:
            reply = await ask(rig.port, post(target))
            assert reply.status == 400 or reply.body.startswith(b"behind")
            assert not up.asked

    run(scenario)


@pytest.mark.parametrize("method", [b"TRACE", b"CONNECT", b"OPTIONS", b"LINK"])
def test_methods_that_never_go_upstream(method):
    assert not takes(method, locate(b"/v1/chat/completions"))


def test_the_model_list_is_the_apps():
    assert not takes(b"GET", locate(b"/v1/models"))
    assert takes(b"GET", locate(b"/v1/models/gpt-6-luna"))
    assert takes(b"POST", locate(b"/v1/chat/completions"))
