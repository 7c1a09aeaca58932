"""The rules of Grafana's dashboard-linter for Prometheus dashboards, and a few of the house.

The originals: https://github.com/grafana/dashboard-linter/tree/main/docs (template-*, panel-*, target-* and
uneditable-dashboard). That tool is a Go program, so its rules are checked here.
"""

import re
from collections.abc import Iterator
from typing import Any

import promql_parser
import pytest

from gateway.metering.families import FAMILIES
from tests.dashboards.queries import boards, filled

Json = dict[str, Any]
PROCESS = {"job", "instance"}
TYPES = {each.name: each.type for each in FAMILIES if each.type != "histogram"}
TYPES |= {f"{each.name}_bucket": "counter" for each in FAMILIES if each.type == "histogram"}
LABELS = {each.name: {*each.labels, *PROCESS} for each in FAMILIES if each.type != "histogram"}
LABELS |= {f"{each.name}_bucket": {*each.labels, *PROCESS, "le"} for each in FAMILIES if each.type == "histogram"}
for _everybodys in ("scrape_samples_scraped", "process_start_time_seconds"):
    TYPES[_everybodys], LABELS[_everybodys] = "gauge", PROCESS
GROWING = {"rate", "increase", "irate"}
UNITS = {"currencyUSD", "short", "s", "percentunit", "none", "reqps", "bytes"}
"""Ids of units in Grafana's own list."""
PANELS_MAX = 18


def targets(board: Json) -> Iterator[tuple[str, str]]:
    for panel in board["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def walk(node: Any, inside: tuple[str, ...] = ()) -> Iterator[tuple[Any, tuple[str, ...]]]:
    """Every selector of a query with the functions and aggregations around it, innermost last."""
    if isinstance(node, promql_parser.VectorSelector):
        yield node, inside
    elif isinstance(node, promql_parser.MatrixSelector):
        yield node.vector_selector, (*inside, "[]")
    elif isinstance(node, promql_parser.Call):
        for argument in node.args:
            yield from walk(argument, (*inside, node.func.name))
    elif isinstance(node, promql_parser.AggregateExpr):
        yield from walk(node.expr, (*inside, "aggregation"))
    elif isinstance(node, promql_parser.BinaryExpr):
        yield from walk(node.lhs, inside)
        yield from walk(node.rhs, inside)
    elif isinstance(node, promql_parser.ParenExpr | promql_parser.UnaryExpr):
        yield from walk(node.expr, inside)


def selectors(board: Json) -> Iterator[tuple[str, Any, tuple[str, ...]]]:
    for title, expr in targets(board):
        for selector, inside in walk(promql_parser.parse(filled(expr, 60_000))):
            yield title, selector, inside


def variables(board: Json) -> dict[str, Json]:
    return {each["name"]: each for each in board["templating"]["list"]}


def test_template_datasource(board: Json) -> None:
    chooser = variables(board)["datasource"]
    assert (chooser["type"], chooser["query"], chooser["label"]) == ("datasource", "prometheus", "Data source")


@pytest.mark.parametrize("name", ["job", "instance"])
def test_template_job_and_instance(board: Json, name: str) -> None:
    chooser = variables(board)[name]
    assert chooser["type"] == "query"
    assert chooser["multi"]
    assert chooser["includeAll"]
    assert chooser["allValue"] == ".*"
    assert chooser["label"] == name.capitalize()


def test_template_label_promql(board: Json) -> None:
    for each in variables(board).values():
        if each["type"] == "query":
            inner = each["query"]["query"].removeprefix("label_values(").rsplit(",", 1)[0]
            selector = promql_parser.parse(filled(inner, 60_000))
            assert selector.name in TYPES
            assert each["datasource"]["uid"] == "${datasource}"


def test_template_on_time_change_reload(board: Json) -> None:
    assert all(each["refresh"] == 2 for each in variables(board).values() if each["type"] == "query")


def test_panel_datasource(board: Json) -> None:
    for panel in board["panels"]:
        for each in (panel, *panel["targets"]):
            assert each["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


def test_panel_title_and_description(board: Json) -> None:
    titles = [panel["title"] for panel in board["panels"]]
    assert len(set(titles)) == len(titles)
    assert all(
        title and panel["description"].endswith(".") for title, panel in zip(titles, board["panels"], strict=True)
    )


def test_panel_units(board: Json) -> None:
    for panel in board["panels"]:
        unit = panel["fieldConfig"]["defaults"]["unit"]
        assert unit in UNITS, panel["title"]
        dollars = any("_usd" in target["expr"] for target in panel["targets"])
        assert dollars == (unit == "currencyUSD") or unit == "percentunit", panel["title"]
        if unit == "percentunit":
            whole = (" / (" in target["expr"] or "_ratio{" in target["expr"] for target in panel["targets"])
            assert all(whole), f"{panel['title']}: a share has a whole"


def test_panel_has_targets_with_letters(board: Json) -> None:
    for panel in board["panels"]:
        letters = [target["refId"] for target in panel["targets"]]
        assert letters == [chr(ord("A") + number) for number in range(len(letters))]
        assert letters


def test_target_promql_and_known_labels(board: Json) -> None:
    for title, selector, _ in selectors(board):
        assert selector.name in TYPES, title
        used = {matcher.name for matcher in selector.matchers.matchers}
        assert used <= LABELS[selector.name], f"{title}: {used - LABELS[selector.name]}"


def test_target_grouping_uses_labels_that_exist(board: Json) -> None:
    for title, expr in targets(board):
        parsed = str(promql_parser.parse(filled(expr, 60_000)))
        for selector, _ in walk(promql_parser.parse(filled(expr, 60_000))):
            for group in parsed.split(" by (")[1:]:
                assert {each.strip() for each in group.split(")")[0].split(",")} <= LABELS[selector.name], title


def test_target_rate_interval(board: Json) -> None:
    for panel in board["panels"]:
        for target in panel["targets"]:
            for window in [part.split("]")[0] for part in target["expr"].split("[")[1:]]:
                assert window == ("$__range" if target["instant"] else "$__rate_interval"), panel["title"]


def test_annotations_look_back_as_far_as_they_step(board: Json) -> None:
    for mark in board["annotations"]["list"]:
        assert mark["expr"].count("[$__rate_interval]") == mark["expr"].count("["), mark["name"]
        assert mark["target"]["expr"] == mark["expr"]


def test_cross_tables_leave_empty_cells_empty(board: Json) -> None:
    # Grafana's own choice is an empty text, and its sum of a column with one joins the digits: 108 and 264 are 108264.
    for panel in board["panels"]:
        for step in panel.get("transformations", ()):
            assert step["id"] != "groupingToMatrix" or step["options"]["emptyValue"] == "null", panel["title"]


def test_bars_keep_their_names_and_shares_their_whole(board: Json) -> None:
    for panel in board["panels"]:
        if panel["type"] == "bargauge":
            defaults, legend = panel["fieldConfig"]["defaults"], panel["targets"][0]["legendFormat"]
            named = re.findall(r"\$\{__field\.labels\.(\w+)\}", defaults["displayName"])
            assert named == re.findall(r"\{\{(\w+)\}\}", legend), f"{panel['title']}: Grafana hides the name of a lone bar"
            assert defaults.get("max") == (1 if defaults["unit"] == "percentunit" else None), panel["title"]


def test_target_job_and_instance(board: Json) -> None:
    for title, selector, _ in selectors(board):
        assert {"job", "instance"} <= {matcher.name for matcher in selector.matchers.matchers}, title
    for title, expr in targets(board):
        assert expr.count('job=~"$job", instance=~"$instance"') == expr.count("{"), title


def test_target_filters_by_every_chosen_variable_it_can(board: Json) -> None:
    for title, selector, _ in selectors(board):
        can = {"team", "route", "model"} & LABELS[selector.name]
        assert can <= {matcher.name for matcher in selector.matchers.matchers}, title


def test_target_counter_aggregation(board: Json) -> None:
    for title, selector, inside in selectors(board):
        if TYPES[selector.name] == "counter":
            assert inside[-1] == "[]", f"{title}: a counter is only good for its growth"
            assert inside[-2] in GROWING, title
            assert inside[-3] == "aggregation", f"{title}: sum of rates, never rate of sums"
        else:
            assert "aggregation" in inside, title
            assert not GROWING & set(inside), f"{title}: a gauge does not grow"


def test_uneditable_dashboard(board: Json) -> None:
    assert board["editable"] is False


def test_stable_identity_and_schema(board: Json) -> None:
    assert board["id"] is None
    assert board["uid"].startswith("pointsman-")
    assert board["schemaVersion"] == 41
    assert board["refresh"] in ("1m", "5m")
    assert board["timezone"] in ("browser", "utc")


def test_panels_do_not_overlap(board: Json) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def test_a_dashboard_is_no_catalogue(board: Json) -> None:
    assert 6 <= len(board["panels"]) <= PANELS_MAX


def test_titles_are_told_apart_over_all_dashboards() -> None:
    titles = [panel["title"] for board in boards() for panel in board["panels"]]
    assert sorted(titles) == sorted(set(titles))


def test_dashboards_link_to_each_other_and_take_everything_along(board: Json) -> None:
    (link,) = board["links"]
    assert link["type"] == "dashboards"
    assert set(link["tags"]) <= set(board["tags"])
    assert link["keepTime"]
    assert link["includeVars"]


def test_links_from_values_lead_somewhere(board: Json) -> None:
    there = {each["uid"]: variables(each) for each in boards()}
    for panel in board["panels"]:
        for link in panel["fieldConfig"]["defaults"].get("links", ()):
            uid, label = re.fullmatch(
                r"/d/([\w-]+)\?\$\{__url_time_range\}&\$\{datasource:queryparam\}&var-(\w+)=\$\{__field\.labels\.\2\}", link["url"]
            ).groups()  # type: ignore[union-attr]
            assert label in there[uid]
            assert f"by ({label})" in panel["targets"][0]["expr"]


def test_annotations_are_queries_with_the_same_care(board: Json) -> None:
    marks = board["annotations"]["list"]
    assert {"Config changes", "Price changes", "Starts"} <= {each["name"] for each in marks}
    for mark in marks:
        assert mark["datasource"]["uid"] == "${datasource}"
        assert mark["expr"] == mark["target"]["expr"]
        for selector, _ in walk(promql_parser.parse(filled(mark["expr"], 60_000))):
            used = {matcher.name for matcher in selector.matchers.matchers}
            assert used <= LABELS[selector.name]
            assert used >= PROCESS


NOT_ON_A_PANEL = {
    "pointsman_keep_warm_pings_total": "their dollars are shown; what came of each is for whoever asks why",
    "pointsman_cache_diagnoses_total": "providers are asked only where the config says so; a table to judge ours by",
    "pointsman_workers_lost_total": "the number of workers falls with each",
    "pointsman_budget_remaining_usd": "the panel of the share used says it for every budget at once",
    "pointsman_budget_reserved_usd": "held for seconds; it explains what remains, to whoever asks",
    "pointsman_budget_used_share": "for alerts; who is how far is shown by level",
}
"""Families that no dashboard shows, with the reason."""


def test_every_metric_is_on_a_dashboard() -> None:
    shown = {
        selector.name.removesuffix("_bucket")
        for board in boards()
        for expr in [*(expr for _, expr in targets(board)), *(mark["expr"] for mark in board["annotations"]["list"])]
        for selector, _ in walk(promql_parser.parse(filled(expr, 60_000)))
    }
    assert {each.name for each in FAMILIES} - shown == set(NOT_ON_A_PANEL)
