"""The heartbeat sees what holds the loop."""

import asyncio
import time

from gateway.heartbeat import BEAT_S, Heartbeat


def test_a_stall_is_seen_once_and_quiet_is_quiet() -> None:
    async def run() -> tuple[float, float]:
        heart = Heartbeat(asyncio.get_running_loop())
        await asyncio.sleep(0.01)
        time.sleep(BEAT_S + 0.15)  # noqa: ASYNC251 - it is what the test is about
        await asyncio.sleep(0.01)
        stalled = heart.longest_s()
        await asyncio.sleep(BEAT_S * 2.5)
        quiet = heart.longest_s()
        heart.stop()
        return stalled, quiet

    stalled, quiet = asyncio.run(run())
    assert stalled > 0.14
    assert quiet < stalled / 2


def test_a_stopped_one_beats_no_more() -> None:
    async def run() -> float:
        heart = Heartbeat(asyncio.get_running_loop())
        heart.stop()
        time.sleep(BEAT_S * 2)  # noqa: ASYNC251
        await asyncio.sleep(BEAT_S * 2)
        return heart.longest_s()

    assert asyncio.run(run()) == 0.0
