"""The dashboards in a real Grafana: what it provisions, what it makes of every query, and what a browser shows of them.

Grafana is in none of the registries this project installs from, so whoever has one brings it: GRAFANA_HOME is the folder
with its `bin`, `conf` and `public`.
"""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import Browser, Screen, browser
from tests.dashboards.grafana import DATASOURCE, Grafana, grafana
from tests.dashboards.queries import boards
from tests.dashboards.scraping import Scraped
from tests.debian import installed

pytestmark = [pytest.mark.grafana, pytest.mark.timeout(700)]

Json = dict[str, Any]
DAY_MS = 86_400_000
SCREEN = Screen(1500, 2000)
BROKEN = '.panel-info-corner--error, [data-testid="data-testid Panel status error"]'
"""What Grafana puts on a panel whose query failed: until 9, and since."""
PANELS = [panel for board in boards() for panel in board["panels"]]


@pytest.fixture(scope="module")
def real(scraped: Scraped, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grafana]:
    with grafana(Path(os.environ["GRAFANA_HOME"]), tmp_path_factory.mktemp("grafana"), scraped.url) as made:
        yield made


@pytest.fixture(scope="module")
def tab() -> Iterator[Browser]:
    with browser(installed("chromium", "chromium")) as opened:
        yield opened


def chosen(expr: str) -> str:
    """What the browser fills in before it asks: nothing is chosen. The rest is Grafana's own."""
    return re.sub(r"\$(job|instance|team|route|model)\b", ".*", expr)


def test_dashboards_are_there_as_they_were_written(real: Grafana) -> None:
    listed = {each["uid"]: each for each in real.ask("/api/search?type=dash-db")}
    assert {each["folderTitle"] for each in listed.values()} == {"Pointsman"}
    for board in boards():
        kept = real.ask(f"/api/dashboards/uid/{board['uid']}")
        assert kept["meta"]["provisioned"]
        assert kept["dashboard"]["panels"] == board["panels"]
        assert kept["dashboard"]["templating"] == board["templating"]
        assert listed[board["uid"]]["title"] == board["title"]


def test_its_source_answers(real: Grafana) -> None:
    assert real.ask(f"/api/datasources/uid/{DATASOURCE['uid']}")["readOnly"]
    (frame,) = real.query({"expr": "vector(1)", "instant": True}, 0, 1000, 1)
    assert frame["data"]["values"][1] == [1]


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_a_panel_gets_what_prometheus_has(panel: Json, real: Grafana, scraped: Scraped) -> None:
    # That Prometheus has the truth is what test_queries.py sees; here it is what Grafana asks for, and what it passes on.
    from_ms, to_ms = scraped.began_ms // 1000 * 1000, scraped.ended_ms // 1000 * 1000 + 1000
    for target in panel["targets"]:
        frames = real.query({**target, "expr": chosen(target["expr"])}, from_ms, to_ms, 500)
        executed = frames[0]["schema"]["meta"]["executedQueryString"].removeprefix("Expr: ").split("\nStep")[0]
        assert "$" not in executed
        assert frames[0]["data"]["values"], executed
        if target["instant"]:
            same = scraped._replace(ended_ms=to_ms).instant(executed)
            assert sorted(values(frames)) == pytest.approx(sorted(same.values()), rel=1e-12)


def values(frames: list[Json]) -> list[float]:
    """The last of every number column."""
    found = []
    for frame in frames:
        for field, column in zip(frame["schema"]["fields"], frame["data"]["values"], strict=True):
            if field["type"] == "number":
                found += column if len(frames) == 1 else column[-1:]
    return found


def test_annotations_are_found_over_a_day(real: Grafana, scraped: Scraped) -> None:
    to_ms = scraped.ended_ms + DAY_MS // 48
    for mark in boards()[0]["annotations"]["list"]:
        query = {**mark["target"], "expr": chosen(mark["expr"]), "range": True}
        frames = real.query(query, to_ms - DAY_MS, to_ms, 100)
        marks = [value for frame in frames for value in frame["data"]["values"][1:] if value]
        assert bool(marks) == (mark["name"] != "Starts"), mark["name"]


@pytest.mark.parametrize("name", ["job", "instance", "team", "route", "model"])
def test_a_variable_offers_what_there_is(name: str, real: Grafana) -> None:
    series = "pointsman_inflight" if name in ("job", "instance") else "pointsman_requests_total"
    path = f"/api/datasources/uid/{DATASOURCE['uid']}/resources/api/v1/label/{name}/values?match[]={series}"
    assert real.ask(path)["data"]


@pytest.mark.parametrize("board", boards(), ids=lambda board: board["uid"])
def test_a_browser_shows_every_panel(board: Json, real: Grafana, scraped: Scraped, tab: Browser) -> None:
    # Grafana asks at whole steps, ten seconds here for the coarsest curves, so the end lies a step behind what happened.
    window = f"from={scraped.ended_ms - DAY_MS // 96}&to={scraped.ended_ms + 10_000}"
    tab.open(f"{real.url}/d/{board['uid']}?orgId=1&kiosk&{window}", SCREEN)
    titles = {panel["title"] for panel in board["panels"]}
    deadline = time.monotonic() + 60
    shown = ""
    while time.monotonic() < deadline and not (titles <= set(shown.split("\n")) and "Loading" not in shown):
        time.sleep(0.5)
        shown = tab.run("document.body.innerText")
    assert titles <= set(shown.split("\n"))
    time.sleep(3)  # the last answers are drawn
    shown = tab.run("document.body.innerText")
    assert "No data" not in shown
    assert "NaN" not in shown
    assert tab.run(f"document.querySelectorAll({BROKEN!r}).length") == 0
