"""A small builder of Grafana panels: plain functions from a question to the JSON of a panel that answers it.

Classic JSON (schemaVersion 41) is what every Grafana from 10 to 13 provisions; newer ones migrate it when they load it.
Format: https://grafana.com/docs/grafana/latest/visualizations/dashboards/build-dashboards/view-dashboard-json-model/
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Json = dict[str, Any]
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
REDUCE = {"calcs": ["lastNotNull"], "fields": "", "values": False}
PALETTE = {"mode": "palette-classic"}
TOOLTIP = {"mode": "multi", "sort": "desc"}
FEW = 288
"""Points of a curve of few events, such as money and shares: one each five minutes of a day. More of them are noise."""
FEWER = 96
"""The same of quotients, which jump from all to nothing where a point has a request or two."""
GAP_MS = 3_600_000
"""A line goes on across a rest as short as this; where nobody asks, there is neither a share nor a quantile."""
NARROW = 70
"""The least width of a column, so that a cross table shows all of them."""


class About(NamedTuple):
    """What a panel answers, in which unit."""

    title: str
    description: str
    unit: str
    period: str = ""
    """A time of its own, such as `now/d` for the day so far; empty for the dashboard's."""


class Limits(NamedTuple):
    """Where a number turns red: from here upwards, or below here. It may turn orange before."""

    bad_from: float | None = None
    bad_below: float | None = None
    warn_from: float | None = None

    def steps(self) -> list[Json]:
        """As Grafana has them: colours from the lowest value up."""
        if self.bad_below is not None:
            return [{"color": "red", "value": None}, {"color": "green", "value": self.bad_below}]
        if self.bad_from is None:
            return [{"color": "text", "value": None}]
        orange = [] if self.warn_from is None else [{"color": "orange", "value": self.warn_from}]
        return [{"color": "green", "value": None}, *orange, {"color": "red", "value": self.bad_from}]


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
    """One panel of a width and height. Queries are lettered; its place is given by the dashboard."""
    width, height = size
    own_time = {"timeFrom": about.period, "hideTimeOverride": False} if about.period else {}
    return {
        "type": kind,
        "title": about.title,
        "description": about.description,
        "datasource": DATASOURCE,
        "fieldConfig": {"defaults": {"unit": about.unit, **defaults}, "overrides": []},
        "gridPos": {"h": height, "w": width, "x": 0, "y": 0},
        "options": options,
        "targets": [{**each, "refId": chr(ord("A") + number)} for number, each in enumerate(targets)],
        **own_time,
    }


def stat(
    about: About, expr: str, limits: Limits | None = None, texts: dict[str, str] | None = None, *, height: int = 4
) -> Json:
    """One number, red beyond its limits; `texts` replaces values by words."""
    mappings = [{"type": "value", "options": {value: {"text": text} for value, text in texts.items()}}] if texts else []
    options = {
        "colorMode": "value", "graphMode": "none", "justifyMode": "auto", "orientation": "auto", "textMode": "value",
        "reduceOptions": REDUCE,
    }  # fmt: skip
    decimals = {"decimals": 2} if about.unit == "currencyUSD" else {}
    thresholds = {"mode": "absolute", "steps": (limits or Limits()).steps()}
    query = target(expr, about.title, instant=True)
    return panel(about, "stat", [query], (4, height), options, mappings=mappings, thresholds=thresholds, **decimals)


def series(about: About, expr: str, legend: str, *, width: int = 12, points: int = 0) -> Json:
    """A stack of areas over time."""
    custom = {"fillOpacity": 45, "spanNulls": False, "stacking": {"group": "A", "mode": "normal"}}
    return _timeseries(about, [target(expr, legend)], width, points, custom)


def lines(about: About, exprs: Mapping[str, str], *, width: int = 12, points: int = 0) -> Json:
    """Lines over time, one query for each legend."""
    custom = {"fillOpacity": 0, "spanNulls": GAP_MS, "stacking": {"group": "A", "mode": "none"}}
    return _timeseries(about, [target(expr, legend) for legend, expr in exprs.items()], width, points, custom)


def _timeseries(about: About, targets: Sequence[Json], width: int, points: int, custom: Json) -> Json:
    """The legend has the largest first, beside the curves where there is room for it."""
    legend = {
        "calcs": ["mean", "max"], "displayMode": "table", "placement": "right" if width >= 12 else "bottom",
        "showLegend": True, "sortBy": "Mean", "sortDesc": True,
    }  # fmt: skip
    share = {"max": 1} if about.unit == "percentunit" else {}
    drawn = {"drawStyle": "line", "lineWidth": 1, "showPoints": "never", **custom}
    options = {"legend": legend, "tooltip": TOOLTIP}
    made = panel(about, "timeseries", targets, (width, 8), options, custom=drawn, min=0, **share)
    return {**made, "maxDataPoints": points} if points else made


def bars(
    about: About, expr: str, legend: str, *, width: int = 8, link: Json | None = None, limits: Limits | None = None
) -> Json:
    """What is largest, as bars; `link` leads from a bar to where more is said of it.

    A share has the whole as its end, and other bars the largest. The display name repeats the legend, for Grafana hides
    the name of a bar that is alone.
    """
    options = {
        "displayMode": "basic", "orientation": "horizontal", "showUnfilled": True, "valueMode": "text",
        "reduceOptions": REDUCE, "text": {"titleSize": 14, "valueSize": 18},
    }  # fmt: skip
    query = target(f"sort_desc({expr} > 0)", legend, instant=True)
    defaults: Json = {"min": 0, "color": PALETTE, "displayName": re.sub(r"\{\{(\w+)\}\}", r"${__field.labels.\1}", legend)}
    if about.unit == "percentunit":
        defaults["max"] = 1
    if limits:
        defaults |= {"color": {"mode": "thresholds"}, "thresholds": {"mode": "absolute", "steps": limits.steps()}}
    if link:
        defaults["links"] = [link]
    return panel(about, "bargauge", [query], (width, 8), options, **defaults)


def matrix(about: About, expr: str, *, rows: str, columns: str, width: int = 12) -> Json:
    """A cross table of two labels. A cell without a value is null: what Grafana puts there by itself spoils the sums."""
    options = {"cellHeight": "sm", "showHeader": True, "footer": {"show": True, "reducer": ["sum"], "fields": ""}}
    query = target(f"{expr} > 0", instant=True)
    made = panel(about, "table", [query], (width, 8), options, custom={"minWidth": NARROW})
    crossed = {"columnField": columns, "rowField": rows, "valueField": "Value", "emptyValue": "null"}
    made["transformations"] = [{"id": "groupingToMatrix", "options": crossed}]
    return made


def columns(about: About, by: str, exprs: Mapping[str, str], *, width: int = 8) -> Json:
    """A table with a row for each value of a label and a column for each query."""
    options = {"cellHeight": "sm", "showHeader": True, "footer": {"show": False, "reducer": ["sum"], "fields": ""}}
    made = panel(about, "table", [target(expr, instant=True) for expr in exprs.values()], (width, 8), options)
    names = {f"Value #{each['refId']}": title for each, title in zip(made["targets"], exprs, strict=True)}
    made["transformations"] = [
        {"id": "joinByField", "options": {"byField": by, "mode": "outer"}},
        {"id": "filterFieldsByName", "options": {"include": {"names": [by, *names]}}},
        {"id": "organize", "options": {"excludeByName": {}, "indexByName": {}, "renameByName": names}},
    ]
    return made


def heatmap(about: About, expr: str, *, width: int = 12) -> Json:
    """A histogram over time, a row of cells for each bucket."""
    options = {
        "calculate": False,
        "cellGap": 1,
        "color": {"mode": "scheme", "scheme": "Greens", "steps": 32, "fill": "dark-green", "exponent": 0.5},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "tooltip": {"mode": "single", "yHistogram": False, "showColorScale": False},
        "yAxis": {"axisPlacement": "left", "unit": about.unit, "reverse": False},
    }
    made = panel(about, "heatmap", [{**target(expr, "{{le}}"), "format": "heatmap"}], (width, 8), options)
    made["fieldConfig"]["defaults"]["custom"] = {"scaleDistribution": {"type": "linear"}}
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
