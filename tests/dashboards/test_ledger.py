"""A real gateway, mixed traffic, a kill -9 in the middle, a night, a bill; a real Prometheus: every panel of every dashboard
says what the ledger says, asked in SQL, and what no ledger holds is what the gateway says of itself.

The provider is the simulator, so nothing leaves the machine.
"""

import calendar
import contextlib
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gateway.metering.price_table import built_in
from tests.dashboards.books import MEASURED, QUANTILES, ROWS, SQL, quantile
from tests.dashboards.mixed import LIMITS, REFUSED, World
from tests.dashboards.queries import boards, filled
from tests.dashboards.scraping import Scraped, scraping

pytestmark = pytest.mark.timeout(700)  # Prometheus may have to be installed first

Json = dict[str, Any]
PANELS = {panel["title"]: panel for board in boards() for panel in board["panels"]}
PATTERN = "text-embedding-*", "text-embedding-3-small"
"""A pattern's label stands for the one model it was used for."""


class Seen(NamedTuple):
    """A gateway after its traffic, and the Prometheus that watched."""

    world: World
    scraped: Scraped

    @property
    def instance(self) -> str:
        return f"127.0.0.1:{self.world.gateway.port}"


@pytest.fixture(scope="module", params=[1, 2], ids=["one process", "two workers"])
def seen(request: pytest.FixtureRequest, prometheus: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    world = World(tmp_path_factory.mktemp("gateway"), request.param)
    try:
        with scraping(prometheus, tmp_path_factory.mktemp("prometheus"), world.gateway.port) as watching:
            yield Seen(world, watching.around(world.live))
    finally:
        world.close()


def shown(title: str, seen: Seen) -> list[dict[str, float]]:
    """What a panel shows, target by target, without what is nothing."""
    found = [seen.scraped.instant(filled(each["expr"], seen.scraped.span_ms)) for each in PANELS[title]["targets"]]
    return [{key.replace(*PATTERN): value for key, value in each.items() if value} for each in found]


def ask(seen: Seen, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query over the ledger."""
    path = seen.world.folder / "home" / "ledger.db"
    limits = " ".join(f"WHEN '{team}' THEN {usd}" for team, usd in LIMITS.items())
    month_s = calendar.monthrange(*datetime.now(UTC).timetuple()[:2])[1] * 86_400
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as ledger:
        values = {"span": seen.scraped.span_ms / 1000, "month": month_s, "refused": REFUSED}
        return ledger.execute(ROWS + query.replace("{limits}", limits), values).fetchall()


def told(seen: Seen, query: str) -> dict[str, float]:
    """The same by key, without what is nothing."""
    return {" ".join(map(str, key)): amount for *key, amount in ask(seen, query) if amount}


@pytest.mark.parametrize("title", SQL)
def test_a_panel_shows_what_the_ledger_holds(title: str, seen: Seen) -> None:
    found, queries = shown(title, seen), SQL[title]
    assert len(found) == len(queries)
    for each, query in zip(found, queries, strict=True):
        assert each == pytest.approx(told(seen, query), rel=1e-9)


@pytest.mark.parametrize("title", QUANTILES)
def test_a_quantile_is_that_of_the_ledgers_times(title: str, seen: Seen) -> None:
    query, shares = QUANTILES[title]
    seconds = [ms / 1000 for (ms,) in ask(seen, query)]
    assert len(seconds) > 50
    assert shown(title, seen) == [pytest.approx({"": quantile(share, seconds)}, rel=1e-9) for share in shares]


@pytest.mark.parametrize("title", MEASURED)
def test_what_only_the_process_knows_was_measured_for_every_request(title: str, seen: Seen) -> None:
    family, query = MEASURED[title]
    counted = seen.scraped.instant(f"sum(increase({family}[{seen.scraped.span_ms}ms]))")
    assert counted == pytest.approx({"": ask(seen, query)[0][0]}, rel=1e-9)
    assert all(value > 0 for each in shown(title, seen) for value in each.values())
    assert all(shown(title, seen))


def test_what_the_gateway_says_of_itself(seen: Seen) -> None:
    (age,), table = shown("Age of the prices", seen), datetime.fromisoformat(built_in().as_of).replace(tzinfo=UTC)
    assert age[""] == pytest.approx(time.time() - table.timestamp(), abs=300)
    samples = [line for line in seen.world.gateway.ask("/metrics").body.splitlines() if line and not line.startswith(b"#")]
    said = {
        "Config": [{"": 1}],
        "Share of the bill": [{"": seen.world.captured}],
        "Ledger lag": [{}],
        "Journal not yet booked": [{}],
        "Ledger write errors per minute": [{}],
        "Under way, workers, draining": [{}, {seen.instance: seen.world.workers}, {}],
        "Series on the metrics page": [{seen.instance: len(samples)}],
    }
    assert {title: shown(title, seen) for title in said} == said
    an_hour = 3600 / (seen.scraped.span_ms / 1000)
    assert shown("Warnings per hour", seen) == [pytest.approx({"header": seen.world.warned * an_hour}, rel=1e-9)]
    assert 0.5 < seen.world.captured < 1
    assert seen.world.warned == 3
    for name, each in zip((b"held", b"stall"), shown("Event loop held", seen), strict=True):
        assert any(line.startswith(b"pointsman_loop_%b_seconds " % name) for line in samples)
        assert 0 <= each.get(seen.instance, 0.0) < 5, "0 where two pages follow each other faster than the loop is looked at"
    assert {*SQL, *QUANTILES, *MEASURED, *said, "Warnings per hour", "Age of the prices", "Event loop held"} == set(PANELS)


@pytest.mark.parametrize("title", [title for title, panel in PANELS.items() if not panel["targets"][0]["instant"]])
def test_a_series_has_lines(title: str, seen: Seen) -> None:
    for target in PANELS[title]["targets"]:
        assert seen.scraped.over_time(filled(target["expr"], 6_000)), target["expr"]


def test_the_traffic_was_mixed(seen: Seen) -> None:
    """Else equality would say little."""
    nothing = [title for title in SQL if not any(told(seen, query) for query in SQL[title])]
    assert nothing == ["Pings that keep caches warm, per hour", "Under way"]
    assert len(ask(seen, "SELECT 1 FROM rows")) > 250


def test_the_start_after_the_kill_is_marked(seen: Seen) -> None:
    marks = {mark["name"]: mark["expr"] for mark in boards()[0]["annotations"]["list"]}
    assert seen.scraped.over_time(filled(marks["Starts"], seen.scraped.span_ms))
    assert not seen.scraped.over_time(filled(marks["Config changes"], seen.scraped.span_ms)), "the same config as before"
