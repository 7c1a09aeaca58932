"""Messages come through a socket as they were sent, and an end is an end."""

import asyncio
import socket
import struct

import pytest

from gateway.metering.report import Report
from gateway.workers.messages import (
    FRAME_BYTES_MAX,
    Accounts,
    Ask,
    Drain,
    Hurry,
    Leaving,
    Page,
    Ready,
    Reload,
    Start,
    Tell,
    Told,
    hear,
    say,
    to_supervisor,
    to_worker,
)

REPORT = Report(rows=[("a", ("b",))], values=b"[1]", histograms=[("h", [1, 2], 0.5)], gauges=[("g", (), 1.0)], process={"p": 1.0})
START = Start(
    column=1, workers=2, config="c.yaml", data=b"version: 1", host=None, port=0, home="h", drain_s=30, simulator=""
)
DOWN = [START, Reload(), Accounts(accounts=[("b", "t", "w")]), Tell(number=3), Page(number=1, page=bytes(300_000)), Drain(), Hurry()]
UP = [Ready(), Accounts(accounts=[]), Leaving(), Told(number=3, report=REPORT), Ask(number=4)]


@pytest.mark.parametrize(("messages", "read"), [(DOWN, to_worker), (UP, to_supervisor)])
def test_they_arrive_in_order_and_whole(messages, read):
    async def talk():
        one, other = socket.socketpair()
        reader, mine = await asyncio.open_connection(sock=one)
        _, writer = await asyncio.open_connection(sock=other)
        for message in messages:
            say(writer, message)
        heard = [read(await hear(reader)) for _ in messages]
        writer.close()
        assert await hear(reader) is None
        mine.close()
        await asyncio.sleep(0)
        say(writer, messages[0])  # to nobody
        return heard

    assert asyncio.run(talk()) == messages


def test_a_frame_beyond_the_bound_ends_the_talk():
    async def talk():
        one, other = socket.socketpair()
        reader, mine = await asyncio.open_connection(sock=one)
        with other:
            other.sendall(struct.pack("<I", FRAME_BYTES_MAX + 1))
            found = await hear(reader)
        mine.close()
        return found

    assert asyncio.run(talk()) is None
