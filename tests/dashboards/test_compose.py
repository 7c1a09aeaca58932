"""The compose file, read rather than run: what it mounts exists, what it names is there, and nobody outside reaches it.

No container engine is asked; that the images start as written is what these tests cannot say.
"""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.config.compile import compile_config
from gateway.config.load import parse

ROOT = Path(__file__).resolve().parents[2]
DASHBOARDS = ROOT / "dashboards"
COMPOSE: dict[str, Any] = yaml.safe_load((DASHBOARDS / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
KNOWN = {
    "build", "image", "command", "environment", "volumes", "ports", "read_only", "tmpfs", "stop_grace_period", "restart",
    "depends_on", "secrets",
}  # fmt: skip
DIGEST = "sha256:" + "0" * 64
LONG = pytest.mark.timeout(700)  # Prometheus may have to be installed first


def mounts(service: dict[str, Any]) -> list[tuple[str, str]]:
    return [tuple(each.split(":")[:2]) for each in service.get("volumes", ())]  # type: ignore[misc]


def test_it_has_the_four_and_only_words_compose_knows() -> None:
    assert set(SERVICES) == {"pointsman", "prometheus", "alertmanager", "grafana"}
    assert set(COMPOSE) == {"name", "services", "secrets", "volumes"}
    for name, service in SERVICES.items():
        assert set(service) <= KNOWN, name
        assert ("image" in service) != ("build" in service), name
        assert all(isinstance(value, str) for value in service.get("environment", {}).values()), "YAML makes 'on' a truth"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_what_it_mounts_exists(name: str) -> None:
    for source, _ in mounts(SERVICES[name]):
        if source.startswith("."):
            assert (DASHBOARDS / source).exists(), source
        else:
            assert source in COMPOSE["volumes"], source
    for secret in SERVICES[name].get("secrets", ()):
        assert secret in COMPOSE["secrets"]


def test_only_this_machine_reaches_it() -> None:
    for name, service in SERVICES.items():
        assert service["ports"], name
        assert all(port.startswith("127.0.0.1:") for port in service["ports"]), name


def test_images_have_exact_versions() -> None:
    for service in SERVICES.values():
        assert "image" not in service or re.fullmatch(r"[a-z/]+:v?\d+\.\d+\.\d+", service["image"])


def test_whoever_waits_waits_for_something() -> None:
    for service in SERVICES.values():
        waits = service.get("depends_on", ())
        assert set(waits) <= set(SERVICES)
        if isinstance(waits, dict) and {"condition": "service_healthy"} in waits.values():
            assert "HEALTHCHECK" in (ROOT / "Dockerfile").read_text("utf-8")


def test_the_gateways_config_is_one_and_takes_keys() -> None:
    data = (DASHBOARDS / "compose" / "pointsman.yaml").read_bytes()
    snapshot = compile_config(parse(data, {"POINTSMAN_KEY_DIGEST": DIGEST}), "0")
    assert snapshot.teams
    assert ("./compose/pointsman.yaml", "/etc/pointsman/pointsman.yaml") in mounts(SERVICES["pointsman"])
    assert "/etc/pointsman/pointsman.yaml" in (ROOT / "Dockerfile").read_text("utf-8")
    with pytest.raises(Exception, match="POINTSMAN_KEY_DIGEST"):
        parse(data, {})


def test_names_inside_are_names_of_services() -> None:
    config = yaml.safe_load((DASHBOARDS / "compose" / "prometheus.yml").read_text("utf-8"))
    (scrape,) = config["scrape_configs"]
    targets = [*scrape["static_configs"][0]["targets"], *config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"]]
    targets.append(SERVICES["grafana"]["environment"]["POINTSMAN_PROMETHEUS_URL"].removeprefix("http://"))
    for target in targets:
        host, port = target.split(":")
        assert any(each.endswith(f":{port}") for each in SERVICES[host]["ports"]), target
    assert scrape["job_name"] == "pointsman", "what an alert asks for"


def test_grafana_finds_its_source_and_its_dashboards() -> None:
    grafana = SERVICES["grafana"]
    there = dict(mounts(grafana))
    provisioning = DASHBOARDS / "provisioning"
    text = (provisioning / "datasources" / "pointsman.yaml").read_text("utf-8")
    assert set(re.findall(r"\$\{(\w+)\}", text)) <= set(grafana["environment"])
    providers = yaml.safe_load((provisioning / "dashboards" / "pointsman.yaml").read_text("utf-8"))["providers"]
    assert there["./grafana"] == providers[0]["options"]["path"]
    home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (DASHBOARDS / "grafana" / home.removeprefix(there["./grafana"] + "/")).exists()


@LONG
def test_its_prometheus_config_is_one(prometheus: Path, tmp_path: Path) -> None:
    for source, target in mounts(SERVICES["prometheus"])[:2]:
        shutil.copy(DASHBOARDS / source, tmp_path / Path(target).name)
    done = subprocess.run(
        [prometheus.with_name("promtool"), "check", "config", tmp_path / "prometheus.yml"],
        capture_output=True, check=False, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@LONG
def test_its_alertmanager_config_is_one(amtool: Path) -> None:
    path = DASHBOARDS / "alertmanager" / "alertmanager.yml"
    done = subprocess.run([amtool, "check-config", path], capture_output=True, check=False, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    files = set(re.findall(r"/run/secrets/(\w+)", path.read_text("utf-8")))
    assert files == set(SERVICES["alertmanager"]["secrets"])


@LONG
@pytest.mark.parametrize(
    ("labels", "receiver"),
    [("severity=critical", "slack-and-mail"), ("severity=warning", "slack"), ("severity=info", "mail")],
)
def test_every_severity_reaches_somebody(labels: str, receiver: str, amtool: Path) -> None:
    path = DASHBOARDS / "alertmanager" / "alertmanager.yml"
    done = subprocess.run(
        [amtool, "config", "routes", "test", f"--config.file={path}", labels],
        capture_output=True, check=False, text=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.strip() == receiver
    rules = (DASHBOARDS / "prometheus" / "rules.yml").read_text("utf-8")
    assert set(re.findall(r"severity: (\w+)", rules)) == {"critical", "warning", "info"}
