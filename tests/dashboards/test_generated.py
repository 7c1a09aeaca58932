"""What is generated is what is committed; metrics, dashboards, rules and the reference speak of the same things."""

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

from gateway.metering.families import CLOSED, CONFIGURED, FAMILIES

ROOT = Path(__file__).resolve().parents[2]
SERIES = {
    name for each in FAMILIES for name in (each.name, *(each.name + end for end in ("_bucket", "_sum", "_count")))
}


def test_generating_again_changes_nothing(build: ModuleType) -> None:
    for path, text in build.files().items():
        assert path.read_text("utf-8") == text, f"{path.name}: run `python dashboards/build.py`"
    committed = {path.resolve() for path in (ROOT / "dashboards" / "grafana").iterdir()}
    assert committed <= set(build.files()), "a dashboard that nothing generates"


def test_every_family_is_in_the_reference() -> None:
    page = (ROOT / "docs" / "reference" / "metrics.md").read_text("utf-8")
    for declared in FAMILIES:
        assert f"| `{declared.name}` | {declared.type} |" in page


def test_families_are_well_formed() -> None:
    assert len({each.name for each in FAMILIES}) == len(FAMILIES)
    assert not set(CLOSED) & set(CONFIGURED)
    for each in FAMILIES:
        assert re.fullmatch(r"pointsman_[a-z_]+", each.name)
        assert each.name.endswith("_total") == (each.type == "counter"), each.name
        assert bool(each.buckets) == (each.type == "histogram")
        assert list(each.buckets) == sorted(set(each.buckets))
        assert each.help.endswith(".")


def test_every_metric_on_a_dashboard_exists(board: dict[str, Any]) -> None:
    for text in _strings(board):
        assert set(re.findall(r"\bpointsman_[a-z0-9_]+", text)) <= SERIES, text


def test_every_metric_in_a_rule_exists() -> None:
    rules = yaml.safe_load((ROOT / "dashboards" / "prometheus" / "rules.yml").read_text("utf-8"))
    for group in rules["groups"]:
        for rule in group["rules"]:
            assert set(re.findall(r"(?<!:)\bpointsman_[a-z0-9_]+", rule["expr"])) <= SERIES, rule


def test_provisioning_points_at_what_is_there() -> None:
    provisioning = ROOT / "dashboards" / "provisioning"
    for path in provisioning.rglob("*.yaml"):
        assert yaml.safe_load(path.read_text("utf-8"))["apiVersion"] == 1
    dashboards = yaml.safe_load((provisioning / "dashboards" / "pointsman.yaml").read_text("utf-8"))
    assert dashboards["providers"][0]["allowUiUpdates"] is False, "the files are the truth"


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for part in parts for text in _strings(part)]
