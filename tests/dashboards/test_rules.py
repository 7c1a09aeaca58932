"""The Prometheus rules: promtool accepts them, and each alert fires when it should and not before."""

import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
RULES = HERE.parents[1] / "dashboards" / "prometheus"


@pytest.mark.timeout(700)
@pytest.mark.parametrize(
    "command",
    [
        ["check", "rules", str(RULES / "rules.yml")],
        ["check", "config", str(RULES / "prometheus.yml")],
        ["test", "rules", str(HERE / "rules_test.yml")],
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_promtool(command: list[str], prometheus: Path) -> None:
    done = subprocess.run(["promtool", *command], capture_output=True, check=False, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_tested() -> None:
    rules = (RULES / "rules.yml").read_text("utf-8")
    tests = (HERE / "rules_test.yml").read_text("utf-8")
    alerts = [line.split(":")[1].strip() for line in rules.splitlines() if "- alert:" in line]
    assert alerts
    for alert in alerts:
        assert f"alertname: {alert}\n" in tests
