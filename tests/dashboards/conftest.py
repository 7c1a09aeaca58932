"""What the dashboard tests share: the generator, the files it made, and Debian's Prometheus."""

import importlib.util
import json
import os
import shutil
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

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
    """Debian's Prometheus (with promtool beside it), installed where that is allowed."""
    if shutil.which("prometheus") is None and os.geteuid() == 0 and shutil.which("apt-get"):
        for command in (["apt-get", "update"], ["apt-get", "install", "-y", "prometheus"]):
            subprocess.run(command, capture_output=True, check=False, timeout=300)
    found = shutil.which("prometheus")
    if found is None or shutil.which("promtool") is None:
        reason = "Prometheus is not here and cannot be installed (apt-get install prometheus)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return Path(found)
