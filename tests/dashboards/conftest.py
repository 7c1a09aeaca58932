"""What the dashboard tests share: the generator, the files it made, and Debian's Prometheus and Alertmanager."""

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from gateway.metering.labels import Place
from gateway.metering.metrics import Metrics
from tests.dashboards.page import serving
from tests.dashboards.scraping import Scraped, scraping
from tests.dashboards.traffic import PROVIDERS, SHADOWED, TEAMS, drive, prepare
from tests.debian import installed

ROOT = Path(__file__).resolve().parents[2]
GRAFANA = ROOT / "dashboards" / "grafana"

Json = dict[str, Any]


@pytest.fixture(scope="session")
def build() -> ModuleType:
    """The generator."""
    spec = importlib.util.spec_from_file_location("dashboards_build", ROOT / "dashboards" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(params=sorted(path.name for path in GRAFANA.glob("*.json")))
def board(request: pytest.FixtureRequest) -> Json:
    """Each committed dashboard."""
    return json.loads((GRAFANA / request.param).read_text("utf-8"))


@pytest.fixture(scope="session")
def prometheus() -> Path:
    """Debian's Prometheus, with promtool beside it."""
    return installed("prometheus", "prometheus")


@pytest.fixture(scope="session")
def amtool() -> Path:
    """What checks a config of Debian's Alertmanager."""
    return installed("amtool", "prometheus-alertmanager")


@pytest.fixture(scope="session")
def alertmanager() -> Path:
    """Debian's Alertmanager; a mail server for it needs a certificate."""
    installed("openssl", "openssl")
    return installed("prometheus-alertmanager", "prometheus-alertmanager")


@pytest.fixture(scope="module")
def scraped(prometheus: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scraped]:
    """A Prometheus that has seen all of the made-up traffic."""
    metrics = Metrics(
        TEAMS,
        ("code", "general"),
        tuple(PROVIDERS),
        tuple(PROVIDERS.values()),
        [Place(team=team, route=route, model=model, provider=provider)
         for team in TEAMS for route in ("code", "general", "direct") for model, provider in PROVIDERS.items()],
        (SHADOWED[0],),
    )  # fmt: skip
    prepare(metrics)
    with serving(metrics) as port, scraping(prometheus, tmp_path_factory.mktemp("prometheus"), port) as seen:
        yield seen.around(lambda: drive(metrics))
