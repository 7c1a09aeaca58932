"""A dashboard around its panels: their places, its variables, the links to the other dashboards, and the annotations."""

from collections.abc import Sequence

from dashboards.panels import DATASOURCE, Json
from dashboards.query import PROCESS, VARIABLES, of
from gateway.metering import families

COLUMNS = 24
"""Width of Grafana's grid."""
TAG = "pointsman"
STEP_S = 60
"""The least step of an annotation. Grafana asks for a hundred points at most, over a day one each quarter of an hour, so an
annotation looks back as far as its step happens to be: further would mark a moment twice, less would miss it."""


def dashboard(uid: str, title: str, description: str, rows: Sequence[Sequence[Json]]) -> Json:
    """A whole dashboard from rows of panels, left to right and top to bottom."""
    chooser = {
        "type": "datasource", "name": "datasource", "label": "Data source", "query": "prometheus", "current": {},
        "hide": 0, "includeAll": False, "multi": False, "options": [], "refresh": 1, "regex": "", "skipUrlSync": False,
    }  # fmt: skip
    return {
        "id": None,
        "uid": uid,
        "title": f"Pointsman / {title}",
        "description": description,
        "schemaVersion": 41,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "1m",
        "tags": [TAG, "llm"],
        "time": {"from": "now-24h", "to": "now"},
        "timezone": "browser",
        "links": [_links()],
        "annotations": {"list": _annotations()},
        "templating": {"list": [chooser, *VARIABLES]},
        "panels": _placed(title, rows),
    }


def to(uid: str, title: str, label: str) -> Json:
    """A link from a value to another dashboard: the same time, and the value's own label chosen there."""
    url = f"/d/{uid}?${{__url_time_range}}&${{datasource:queryparam}}&var-{label}=${{__field.labels.{label}}}"
    return {"title": title, "url": url, "targetBlank": False}


def _placed(title: str, rows: Sequence[Sequence[Json]]) -> list[Json]:
    placed: list[Json] = []
    y = 0
    for row in rows:
        assert sum(each["gridPos"]["w"] for each in row) == COLUMNS, f"a row of {title} is not {COLUMNS} wide"
        x = 0
        for each in row:
            placed.append({**each, "id": len(placed) + 1, "gridPos": {**each["gridPos"], "x": x, "y": y}})
            x += each["gridPos"]["w"]
        y += max(each["gridPos"]["h"] for each in row)
    return placed


def _links() -> Json:
    """All dashboards with our tag; time and variables go along."""
    return {
        "type": "dashboards", "title": "Pointsman", "tags": [TAG], "asDropdown": False, "includeVars": True,
        "keepTime": True, "targetBlank": False, "icon": "external link", "tooltip": "", "url": "",
    }  # fmt: skip


def _annotations() -> list[Json]:
    """Moments that explain a step in a curve."""
    return [
        _annotation("Config changes", "blue", f"changes({of(families.CONFIG_VERSION)}[$__rate_interval]) > 0"),
        _annotation("Price changes", "orange", f"changes({of(families.PRICES_VERSION)}[$__rate_interval]) > 0"),
        _annotation("Starts", "green", f"changes(process_start_time_seconds{{{PROCESS}}}[$__rate_interval]) > 0"),
        _annotation(
            "Cache behaviour shifts",
            "purple",
            f"sum by (provider) (increase({of(families.CACHE_SHIFTS)}[$__rate_interval])) > 0",
        ),
    ]


def _annotation(name: str, colour: str, expr: str) -> Json:
    text = "{{provider}}" if "by (provider)" in expr else "{{instance}}"
    return {
        "name": name,
        "datasource": DATASOURCE,
        "enable": True,
        "hide": False,
        "iconColor": colour,
        "expr": expr,
        "step": f"{STEP_S}s",
        "titleFormat": name,
        "textFormat": text,
        "tagKeys": "",
        "useValueForTime": False,
        "target": {"expr": expr, "refId": "Anno", "interval": f"{STEP_S}s", "legendFormat": text},
    }
