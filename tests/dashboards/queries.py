"""Grafana's part: the dashboards that are committed, and their variables filled in."""

import json
import re
from pathlib import Path
from typing import Any

GRAFANA = Path(__file__).resolve().parents[2] / "dashboards" / "grafana"


def boards() -> list[dict[str, Any]]:
    """Every committed dashboard."""
    return [json.loads(path.read_text("utf-8")) for path in sorted(GRAFANA.glob("*.json"))]


def filled(text: str, range_ms: int, **chosen: str) -> str:
    """A query as Grafana would send it: variables replaced, `.*` where nothing is chosen."""
    fixed = {"__range_s": str(range_ms / 1000), "__range": f"{range_ms}ms", "__rate_interval": f"{range_ms}ms"}
    for name in ("job", "instance", "team", "route", "model"):
        fixed.setdefault(name, chosen.get(name, ".*"))
    return re.sub(r"\$(\w+)", lambda found: fixed[found[1]], text)
