"""Heads that came before: recognised only where they mean the same, byte by byte, and read the same past the parser."""

import asyncio

import pytest

from gateway.wire.letterhead import BYTES_MAX, KEPT_MAX, Letterheads, cut
from gateway.wire.target import head, locate
from tests.gateway.wire.rig import BODY_MAX, Client, ask, echo, line, post, run, until, upstream

SENT = b"POST /v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nAuthorization: Bearer k\r\n\r\nhello"
PARSED = head("POST", locate(b"/v1/x"), [(b"host", b"x"), (b"content-length", b"5"), (b"authorization", b"Bearer k")], 5)


def kept(data=SENT, request=PARSED, head_max=64 * 1024):
    letterheads = Letterheads()
    letterheads.keep(cut(data), request, head_max)
    return letterheads


def found(letterheads, data, body_max=BODY_MAX):
    return letterheads.find(cut(data), body_max)


@pytest.mark.parametrize("length", [b"0", b"5", b"31000"])
def test_an_equal_head_is_known_whatever_its_length(length):
    data = SENT.replace(b" 5\r", b" %b\r" % length)
    request = found(kept(), data)
    assert (request.headers, request.first, request.size) == (PARSED.headers, PARSED.first, int(length))


def test_equal_heads_share_what_is_known_of_them():
    letterheads = kept()
    first = found(letterheads, SENT)
    second = found(letterheads, SENT.replace(b"5", b"7"))
    assert first.letterhead is second.letterhead
    first.letterhead.known = "seen"
    assert second.letterhead.known == "seen"


@pytest.mark.parametrize(
    "other",
    [
        SENT.replace(b"Bearer k", b"Bearer K"),
        SENT.replace(b"Host", b"host"),
        SENT.replace(b"POST", b"PUT"),
        SENT.replace(b"/v1/x", b"/v1/y"),
        SENT.replace(b"HTTP/1.1", b"HTTP/1.0"),
        SENT.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n"),
        SENT.replace(b"\r\n\r\n", b"\r\nContent-Length: 5\r\n\r\n"),
        SENT.replace(b"Host: x", b"Host: x\r\nExpect: 100-continue"),
        SENT.replace(b" 5\r", b" +5\r"),
        SENT.replace(b" 5\r", b" 5 \r"),
        SENT.replace(b" 5\r", b" 5\n\r"),
        SENT.replace(b" 5\r", b" \xb2\r"),
        SENT.replace(b" 5\r", b" 00000000005\r"),
        SENT.replace(b" 5\r", b" \r"),
        b"\r\n" + SENT,
        SENT[:-10],
        SENT.replace(b"Host: x", b"Host: %b" % (b"x" * BYTES_MAX)),
        b"",
    ],
)
def test_whatever_else_differs_is_for_the_parser(other):
    assert found(kept(), other) is None


def test_a_body_over_the_bound_is_for_the_parser():
    assert found(kept(), SENT, body_max=4) is None


@pytest.mark.parametrize(
    "data",
    [
        SENT.replace(b"Host: x", b"Host: x\n folded"),  # the parser told of fewer headers than there are lines
        SENT.replace(b"Content-Length", b"X-Length"),
        SENT.replace(b"Host: x", b"X-Length: 7"),  # the first that ends so is not the length of the body
        SENT.replace(b"Host: x", b"Host: ength: 5"),
    ],
)
def test_only_what_is_plain_is_kept(data):
    assert found(kept(data), data) is None


def test_the_bound_on_a_head_holds_here_too():
    cost = len(SENT) - 5 + 9 + 32 * 3
    assert found(kept(head_max=cost), SENT) is None
    assert found(kept(head_max=cost + 1), SENT) is not None


def test_the_oldest_is_forgotten_first():
    letterheads = Letterheads()
    sent = [SENT.replace(b"Bearer k", b"Bearer %d" % number) for number in range(KEPT_MAX + 1)]
    for data in sent:
        letterheads.keep(cut(data), PARSED, 64 * 1024)
    assert found(letterheads, sent[0]) is None
    assert found(letterheads, sent[1]) is not None
    assert found(letterheads, sent[-1]) is not None


def test_what_comes_once_is_only_noted():
    letterheads = Letterheads()
    assert letterheads.recurring(None) is None
    assert letterheads.recurring(cut(SENT)) is None
    assert letterheads.recurring(cut(SENT.replace(b"5", b"7"))) == cut(SENT.replace(b"5", b"7"))
    for number in range(KEPT_MAX):
        assert letterheads.recurring(cut(SENT.replace(b"Bearer k", b"Bearer %d" % number))) is None
    assert letterheads.recurring(cut(SENT)) is None, "forgotten since"


def test_a_cut_leaves_nothing_but_the_digits_out():
    (before, behind), length, begins = cut(SENT)
    assert before + b"5" + behind + b"\r\n\r\n" == SENT[:begins]
    assert length == 5


# on a connection


def seen(rig):
    """How each request's head came: from the parser, or known."""
    return ["known" if head.letterhead is not None else "parsed" for head in rig.stations.heads]


async def met(rig):
    """Make the head that `post` writes a known one."""
    for _ in range(2):
        await ask(rig.port, post(b"/v1/x", b"one"))


def test_a_head_that_comes_again_is_known_on_all_connections():
    async def scenario():
        async with upstream(echo) as up, line("hot", up.port) as rig:
            for body in (b"one", b"two", b"", b"three" * 50_000):
                assert (await ask(rig.port, post(b"/v1/x", body))).body == body
            client = await Client.to(rig.port)
            for body in (b"four", b"five", b"six"):
                await client.send(post(b"/v1/x", body, b"x-a: 1"))
                assert (await client.reply()).body == body
            await client.leave()
            assert seen(rig) == ["parsed"] * 2 + ["known"] * 2 + ["parsed"] * 2 + ["known"]
            assert [head.size for head in rig.stations.heads] == [3, 3, 0, 250_000, 4, 4, 3]
            assert up.asked[-1].headers[b"x-a"] == b"1"

    run(scenario)


def test_a_known_heads_body_may_come_in_pieces():
    async def scenario():
        async with upstream(echo) as up, line("hot", up.port) as rig:
            client = await Client.to(rig.port)
            for pieces in ((b"a", b"b"), (b"", b"cd"), (b"a", b"b"), (b"", b"c", b"d"), (b"", b"ef")):
                whole = post(b"/v1/x", b"".join(pieces))
                begins = whole.index(b"\r\n\r\n") + 4
                for piece in (whole[:begins] + pieces[0], *pieces[1:]):
                    await client.send(piece)
                    await asyncio.sleep(0.01)
                assert (await client.reply()).body == b"".join(pieces)
            await client.leave()
            assert seen(rig) == ["parsed"] * 2 + ["known"] * 3

    run(scenario)


@pytest.mark.parametrize("cut_at", [1, -1])
def test_what_comes_behind_a_known_heads_body_is_not_read(cut_at):
    async def scenario():
        async with upstream(echo) as up, line("hot", up.port) as rig:
            await met(rig)
            both = post(b"/v1/x", b"two") + post(b"/v1/x", b"three")
            first = len(post(b"/v1/x", b"two"))
            client = await Client.to(rig.port)
            await client.send(both[: first + cut_at])
            await asyncio.sleep(0.01)
            await client.send(both[first + cut_at :])
            reply = await client.reply()
            assert (reply.body, reply.headers[b"connection"]) == (b"two", b"close")
            assert await client.at_end()
            await client.leave()
            assert seen(rig) == ["parsed"] * 2 + ["known"], "what is not answered is not paid for"

    run(scenario)


def test_a_body_that_never_comes_is_not_waited_for(monkeypatch):
    monkeypatch.setattr("gateway.wire.hot.PATIENCE_S", 0.5)

    async def scenario():
        async with upstream(echo) as up, line("hot", up.port) as rig:
            await met(rig)
            client = await Client.to(rig.port)
            await client.send(post(b"/v1/x", b"two")[:-1])
            assert (await client.reply()).status == 408
            assert await client.at_end()
            await client.leave()
            assert len(up.asked) == 2

    run(scenario)


def test_a_client_that_leaves_within_a_known_heads_body_asked_nothing():
    async def scenario():
        async with upstream(echo) as up, line("hot", up.port) as rig:
            await met(rig)
            client = await Client.to(rig.port)
            await client.send(post(b"/v1/x", b"two")[:-1])
            await client.leave()
            await until(lambda: not rig.server.server_state.connections)
            assert len(rig.stations.heads) == 2
            assert not rig.wires.watched

    run(scenario)


@pytest.mark.parametrize(
    "lines", [(b"expect: 100-continue",), (b"connection: close",), (b"upgrade: h2c", b"connection: upgrade")]
)
def test_heads_that_ask_for_more_than_an_answer_are_parsed_each_time(lines):
    async def scenario():
        async with upstream(echo) as up, line("hot", up.port) as rig:
            for _ in range(4):
                assert (await ask(rig.port, post(b"/v1/x", b"one", *lines))).body == b"one"
            assert seen(rig) == ["parsed"] * 4

    run(scenario)
