"""Every query of every dashboard, asked of a real Prometheus that scrapes a real `Metrics`: does it say what was so?"""

import math
from typing import Any

import promql_parser
import pytest

from gateway.metering.types import PICOS_PER_USD
from tests.dashboards.queries import boards, filled
from tests.dashboards.scraping import Scraped
from tests.dashboards.traffic import EVENTS, truth

pytestmark = pytest.mark.timeout(700)  # Prometheus may have to be installed first

Json = dict[str, Any]
ONLY_LOOKED_AT = {
    "Decision time p99", "Own time p99", "Under way", "What the work costs", "Cost of a request by route",
    "Rest before a request", "Own time", "Time to the end of an answer", "Time to first token",
    "Prompt from cache by model", "Reads for a write by model", "Failures by route", "Journal not yet booked",
    "Ledger write errors per minute", "Event loop held", "Under way, workers, draining", "Series on the metrics page",
    "Pings that keep caches warm, per hour",
}  # fmt: skip
"""Quantiles, quotients and gauges: they must have values, which the arithmetic of the others covers."""


def _panels() -> list[Json]:
    return [panel for board in boards() for panel in board["panels"]]


@pytest.mark.parametrize("panel", _panels(), ids=lambda panel: panel["title"])
def test_panel_shows_exactly_what_happened(panel: Json, scraped: Scraped) -> None:
    # Both ends of the window are scrapes, so increase() has nothing to extrapolate and must be exact.
    title = panel["title"]
    for target in panel["targets"]:
        expr = filled(target["expr"], scraped.span_ms)
        promql_parser.parse(expr)
        shown = {key: value for key, value in scraped.instant(expr).items() if value}
        if title in ONLY_LOOKED_AT:
            assert scraped.instant(expr), f"no data: {expr}"
            assert all(math.isfinite(value) for value in shown.values())
            continue
        expected = {key: float(value) for key, value in truth(scraped.span_ms / 1000)[title].items()}
        assert shown == pytest.approx(expected, rel=1e-9), expr


@pytest.mark.parametrize(
    "panel", [each for each in _panels() if each["type"] in ("timeseries", "heatmap")], ids=lambda p: p["title"]
)
def test_series_panel_has_lines(panel: Json, scraped: Scraped) -> None:
    for target in panel["targets"]:
        lines = scraped.over_time(filled(target["expr"], 4_000))
        assert any(float(value) >= 0 for line in lines for _, value in line["values"])


def test_choosing_a_team_shows_that_team(scraped: Scraped) -> None:
    panel = next(panel for panel in _panels() if panel["title"] == "Spend by team")
    shown = scraped.instant(filled(panel["targets"][0]["expr"], scraped.span_ms, team="payments"))
    assert shown == pytest.approx({"payments": float(truth(1)["Spend by team"]["payments"])}, rel=1e-9)


def test_spend_adds_up_the_same_from_every_side(scraped: Scraped) -> None:
    sums = {
        panel["title"]: sum(scraped.instant(filled(panel["targets"][0]["expr"], scraped.span_ms)).values())
        for panel in _panels()
        if panel["title"] in ("Spend", "Spend by team", "Spend by model", "Spend by kind")
    }
    driven = sum(sum(event.by_kind.values()) for event in EVENTS if event.priced) / PICOS_PER_USD
    assert sums == pytest.approx(dict.fromkeys(sums, driven), rel=1e-9)
    assert len(sums) == 4


def test_annotations_stand_where_something_changed(scraped: Scraped) -> None:
    for mark in boards()[0]["annotations"]["list"]:
        marked = scraped.over_time(filled(mark["expr"], scraped.span_ms))
        assert bool(marked) == (mark["name"] != "Starts"), mark["name"]


@pytest.mark.parametrize("board", boards(), ids=lambda board: board["uid"])
def test_variables_offer_what_there_is(board: Json, scraped: Scraped) -> None:
    offered = {}
    for each in board["templating"]["list"]:
        if each["type"] == "query":
            inner, label = each["query"]["query"].removeprefix("label_values(").removesuffix(")").rsplit(",", 1)
            offered[each["name"]] = scraped.ask(
                f"/api/v1/label/{label.strip()}/values", **{"match[]": filled(inner, 1)}
            )
    assert offered.pop("instance")[0].startswith("127.0.0.1:")
    assert offered == {
        "job": ["pointsman"],
        "team": ["other", "payments", "research"],
        "route": ["code", "direct", "general", "other"],
        "model": ["big", "other", "small"],
    }
