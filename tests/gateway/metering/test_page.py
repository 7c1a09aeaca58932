"""The page is written on the loop without holding it."""

import asyncio
import time

from gateway.metering.labels import Place
from gateway.metering.page import page
from tests.gateway.metering.test_metrics import made

PLACES = [Place(team=f"t{number % 10}", route="code", model=f"m{number}", provider="openai") for number in range(250)]


def test_others_get_their_turn_while_a_large_page_is_written() -> None:
    metrics = made(teams=[f"t{n}" for n in range(10)], models=[f"m{n}" for n in range(250)], expected=PLACES)

    async def longest_wait() -> tuple[float, int, bytes]:
        loop = asyncio.get_running_loop()
        waits: list[float] = []
        last = time.perf_counter()

        def turn() -> None:
            nonlocal last
            now = time.perf_counter()
            waits.append(now - last)
            last = now
            loop.call_soon(turn)

        turn()
        waits.clear()
        written = await page(metrics)
        return max(waits), len(waits), written

    found = [asyncio.run(longest_wait()) for _ in range(5)]
    assert metrics.series() > 4_500
    assert min(longest for longest, _, _ in found) < 0.0015  # one piece beyond the half millisecond
    assert all(turns >= 2 for _, turns, _ in found)
    assert len(found[0][2]) > 300_000


def test_it_is_the_whole_page() -> None:
    metrics = made()
    lines = asyncio.run(page(metrics)).decode().splitlines()
    assert [line for line in lines if line.startswith("pointsman_")] == [
        line for line in metrics.render().decode().splitlines() if line.startswith("pointsman_")
    ]
