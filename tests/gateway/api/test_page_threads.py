"""Threads of the page: what can be saved comes first, the most urgent before the rest; the money is that of resuming."""

from types import SimpleNamespace

import pytest

from cache.stores.memory import MemoryStore
from cache.threads import Threads
from cache.types import Boundary, ThreadRecord
from gateway.api.page_threads import SHOWN, threads
from gateway.metering.prices import PriceBook

NOW = 1_795_500_000.0


@pytest.fixture
def house():
    made = SimpleNamespace(threads=Threads(MemoryStore(), 1000, 1e9), forecast=None, prices=PriceBook.load(()))
    yield made
    made.threads.close(5.0)


def remember(house, thread, idle_s, team="payments", tokens=50_000):
    house.threads.remember(
        ThreadRecord(thread=thread, team=team, client="claude-code", model="claude-opus-5-5", served="claude-opus-5-5",
                     provider="anthropic", last_end=NOW - idle_s, requests=3, cache_ttl_s=300.0, cached_tokens=tokens,
                     first_tokens=900, boundaries=(Boundary(digest="00", size=4 * tokens, tokens=tokens),))
    )  # fmt: skip


def test_the_most_urgent_comes_first(house):
    for thread, idle_s in (("gone", 90_000), ("fresh", 10), ("urgent", 250), ("older", 900_000)):
        remember(house, thread, idle_s)
    lines, states = threads(house, NOW, None)
    assert [each.thread for each in lines] == ["urgent", "fresh", "gone", "older"]
    assert states["cold"] == 2
    assert sum(states.values()) == 4


def test_prices_are_those_of_resuming(house):
    remember(house, "gone", 90_000)
    (line,), _ = threads(house, NOW, None)
    assert line.state == "cold"
    assert line.if_cold_picos > line.if_warm_picos > 0
    assert line.afresh_picos < line.if_cold_picos


def test_a_team_sees_its_own_and_the_list_is_bounded(house):
    for number in range(SHOWN + 5):
        remember(house, f"t{number}", 10, team="research")
    remember(house, "mine", 10)
    assert [each.thread for each in threads(house, NOW, "payments")[0]] == ["mine"]
    lines, states = threads(house, NOW, None)
    assert len(lines) == SHOWN
    assert sum(states.values()) == SHOWN + 6
