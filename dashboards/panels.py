"""A small builder of Grafana dashboards: plain functions from a question to classic dashboard JSON.

Classic JSON (schemaVersion 41) is what every Grafana from 10 to 13 provisions; newer ones migrate it when they load it.
Format: https://grafana.com/docs/grafana/latest/visualizations/dashboards/build-dashboards/view-dashboard-json-model/
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

Json = dict[str, Any]
COLUMNS = 24
"""Width of Grafana's grid."""
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
REDUCE = {"calcs": ["lastNotNull"], "fields": "", "values": False}
PALETTE = {"mode": "palette-classic"}


class About(NamedTuple):
    """What a panel answers, in which unit."""

    title: str
    description: str
    unit: str


class Limits(NamedTuple):
    """Where a number turns red: from here upwards, or below here."""

    bad_from: float | None = None
    bad_below: float | None = None


def target(expr: str, legend: str = "", *, instant: bool = False) -> Json:
    """One query."""
    return {
        "datasource": DATASOURCE,
        "editorMode": "code",
        "expr": expr,
        "format": "table" if instant and not legend else "time_series",
        "instant": instant,
        "legendFormat": legend or "__auto",
        "range": not instant,
    }


def panel(
    about: About, kind: str, targets: Sequence[Json], size: tuple[int, int], options: Json, **defaults: Any
) -> Json:
    """One panel of a width and height. Queries are lettered; its place is given by `dashboard`."""
    width, height = size
    return {
        "type": kind,
        "title": about.title,
        "description": about.description,
        "datasource": DATASOURCE,
        "fieldConfig": {"defaults": {"unit": about.unit, **defaults}, "overrides": []},
        "gridPos": {"h": height, "w": width, "x": 0, "y": 0},
        "options": options,
        "targets": [{**each, "refId": chr(ord("A") + number)} for number, each in enumerate(targets)],
    }


def stat(about: About, expr: str, limits: Limits | None = None, texts: dict[str, str] | None = None) -> Json:
    """One number, red beyond its limits; `texts` replaces values by words."""
    limits = limits or Limits()
    steps: list[Json] = [{"color": "text", "value": None}]
    if limits.bad_from is not None:
        steps = [{"color": "green", "value": None}, {"color": "red", "value": limits.bad_from}]
    if limits.bad_below is not None:
        steps = [{"color": "red", "value": None}, {"color": "green", "value": limits.bad_below}]
    mappings = [{"type": "value", "options": {value: {"text": text} for value, text in texts.items()}}] if texts else []
    options = {
        "colorMode": "value", "graphMode": "none", "justifyMode": "auto", "orientation": "auto", "textMode": "value",
        "reduceOptions": REDUCE,
    }  # fmt: skip
    decimals = {"decimals": 2} if about.unit == "currencyUSD" else {}
    thresholds = {"mode": "absolute", "steps": steps}
    query = target(expr, about.title, instant=True)
    return panel(about, "stat", [query], (4, 4), options, mappings=mappings, thresholds=thresholds, **decimals)


def series(about: About, expr: str, legend: str, *, width: int = 12) -> Json:
    """A stack of areas over time."""
    custom = {
        "drawStyle": "line",
        "fillOpacity": 45,
        "lineWidth": 1,
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"group": "A", "mode": "normal"},
    }
    options = {
        "legend": {"calcs": ["mean", "max"], "displayMode": "table", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return panel(about, "timeseries", [target(expr, legend)], (width, 8), options, custom=custom, min=0)


def bars(about: About, expr: str, legend: str) -> Json:
    """What is largest, as bars."""
    options = {
        "displayMode": "basic", "orientation": "horizontal", "showUnfilled": True, "valueMode": "text",
        "reduceOptions": REDUCE,
    }  # fmt: skip
    query = target(f"sort_desc({expr} > 0)", legend, instant=True)
    return panel(about, "bargauge", [query], (8, 8), options, min=0, color=PALETTE)


def share(about: About, expr: str, legend: str, *, width: int = 6) -> Json:
    """Parts of a whole."""
    options = {
        "displayLabels": ["percent"], "pieType": "donut", "tooltip": {"mode": "multi", "sort": "desc"},
        "legend": {"displayMode": "table", "placement": "right", "showLegend": True, "values": ["value", "percent"]},
        "reduceOptions": REDUCE,
    }  # fmt: skip
    query = target(f"{expr} > 0", legend, instant=True)
    return panel(about, "piechart", [query], (width, 8), options, color=PALETTE)


def table(about: About, expr: str, *, rows: str, columns: str) -> Json:
    """A cross table of two labels."""
    options = {"cellHeight": "sm", "showHeader": True, "footer": {"show": True, "reducer": ["sum"], "fields": ""}}
    made = panel(about, "table", [target(f"{expr} > 0", instant=True)], (12, 8), options)
    made["transformations"] = [
        {"id": "groupingToMatrix", "options": {"columnField": columns, "rowField": rows, "valueField": "Value"}}
    ]
    return made


def variable(name: str, label: str, query: str) -> Json:
    """A choice of label values; nothing chosen means all."""
    return {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": DATASOURCE,
        "query": {"query": query, "refId": f"variable-{name}"},
        "definition": query,
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        "hide": 0,
        "options": [],
        "regex": "",
        "skipUrlSync": False,
    }


def dashboard(
    uid: str, title: str, description: str, variables: Sequence[Json], rows: Sequence[Sequence[Json]]
) -> Json:
    """A whole dashboard from rows of panels, left to right and top to bottom."""
    placed: list[Json] = []
    y = 0
    for row in rows:
        assert sum(each["gridPos"]["w"] for each in row) <= COLUMNS, f"a row of {title} is too wide"
        x = 0
        for each in row:
            placed.append({**each, "id": len(placed) + 1, "gridPos": {**each["gridPos"], "x": x, "y": y}})
            x += each["gridPos"]["w"]
        y += max(each["gridPos"]["h"] for each in row)
    chooser = {
        "type": "datasource", "name": "datasource", "label": "Data source", "query": "prometheus", "current": {},
        "hide": 0, "includeAll": False, "multi": False, "options": [], "refresh": 1, "regex": "", "skipUrlSync": False,
    }  # fmt: skip
    return {
        "id": None,
        "uid": uid,
        "title": title,
        "description": description,
        "schemaVersion": 41,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "1m",
        "tags": ["pointsman", "llm"],
        "time": {"from": "now-24h", "to": "now"},
        "timezone": "browser",
        "links": [],
        "annotations": {"list": []},
        "templating": {"list": [chooser, *variables]},
        "panels": placed,
    }
