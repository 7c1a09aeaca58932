"""A Grafana that somebody brought, on loopback, provisioned as the compose file does it."""

import base64
import contextlib
import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.postgres import free_port

DASHBOARDS = Path(__file__).resolve().parents[2] / "dashboards"
DATASOURCE = {"type": "prometheus", "uid": "pointsman-prometheus"}
USER, PASSWORD = "admin", "of this test"


class Grafana:
    """One that runs, and what it answers."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, path: str, body: Any = None) -> Any:
        """Its answer as the administrator gets it."""
        request = urllib.request.Request(self.url + path, data=None if body is None else json.dumps(body).encode())
        request.add_header("authorization", "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode())
        request.add_header("content-type", "application/json")
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def query(self, target: dict[str, Any], from_ms: int, to_ms: int, points: int) -> list[Any]:
        """The frames of one query, as a panel of so many points asks for them."""
        query = {**target, "datasource": DATASOURCE, "intervalMs": (to_ms - from_ms) // points, "maxDataPoints": points}
        query.setdefault("refId", "A")
        answer = self.ask("/api/ds/query", {"queries": [query], "from": str(from_ms), "to": str(to_ms)})
        (result,) = answer["results"].values()
        assert "error" not in result, result
        return list(result["frames"])


@contextlib.contextmanager
def grafana(home: Path, work: Path, prometheus_url: str) -> Iterator[Grafana]:
    """The Grafana of that folder, for as long as the context lasts."""
    program = home / "bin" / "grafana"
    command = [program, "server"] if program.exists() else [home / "bin" / "grafana-server"]
    port = free_port()
    _provision(work / "provisioning")
    settings = {
        "SERVER_HTTP_ADDR": "127.0.0.1", "SERVER_HTTP_PORT": str(port), "SECURITY_ADMIN_PASSWORD": PASSWORD,
        "ANALYTICS_REPORTING_ENABLED": "false", "ANALYTICS_CHECK_FOR_UPDATES": "false",
        "ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false", "NEWS_NEWS_FEED_ENABLED": "false",
        "AUTH_ANONYMOUS_ENABLED": "true", "PATHS_DATA": str(work), "PATHS_LOGS": str(work / "logs"),
        "PATHS_PLUGINS": str(work / "plugins"), "PATHS_PROVISIONING": str(work / "provisioning"),
    }  # fmt: skip
    env = {"PATH": os.environ["PATH"], "POINTSMAN_PROMETHEUS_URL": prometheus_url}
    env |= {f"GF_{name}": value for name, value in settings.items()}
    with (work / "grafana.log").open("wb") as log:
        process = subprocess.Popen([*command, "--homepath", str(home)], stdout=log, stderr=log, env=env, cwd=home)
        try:
            made = Grafana(f"http://127.0.0.1:{port}")
            _until_healthy(made, work / "grafana.log")
            yield made
        finally:
            process.terminate()
            process.wait(30)


def _provision(to: Path) -> None:
    for name in ("datasources", "dashboards"):
        text = (DASHBOARDS / "provisioning" / name / "pointsman.yaml").read_text("utf-8")
        text = text.replace("/var/lib/grafana/dashboards/pointsman", str(DASHBOARDS / "grafana"))
        (to / name).mkdir(parents=True)
        (to / name / "pointsman.yaml").write_text(text.replace("timeInterval: 15s", "timeInterval: 1s"))


def _until_healthy(made: Grafana, log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            if made.ask("/api/health")["database"] == "ok" and len(made.ask("/api/search?type=dash-db")) == 4:
                return
        time.sleep(0.5)
    raise AssertionError(log.read_text("utf-8")[-3000:])
