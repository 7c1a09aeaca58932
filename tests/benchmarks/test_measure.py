"""The measuring itself: processor time of a process tree, the search for capacity, and the rig against its own provider."""

import os
import shutil
import subprocess
import sys

import pytest

from benchmarks import measure
from benchmarks.gateways import UPSTREAM
from benchmarks.measure import Load, cpu_ns, most_streams, on_cpu_ns


def test_schedstat_begins_with_the_time_on_a_processor():
    assert on_cpu_ns("123456789 42 7\n") == 123456789


def test_a_tree_is_its_root_and_all_below():
    below = "held = b'x' * 20_000_000; sum(range(10**7)); input()"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {below!r}])"
    parent = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)
    try:
        while len(measure.tree(parent.pid)) < 2 or cpu_ns(parent.pid) < 100_000_000:
            assert parent.poll() is None
        assert measure.memory_mb(parent.pid) > 20, "what it shares with other interpreters counts in part"
    finally:
        parent.communicate(b"\n")


@pytest.mark.parametrize("capacity", [0, 1, 90, 100, 130, 777, 5000])
def test_the_search_comes_close_and_never_claims_too_much(monkeypatch, capacity):
    def load(mode, size, connections, *_, process):
        late = connections > capacity
        return Load(0, 0, connections * 50.0, 0, 0, 1, 30_000 if late else 900, 0, 0, 0)

    monkeypatch.setattr(measure, "load", load)
    most, tried = most_streams(1, 10.0, 100, 1600)
    assert most <= capacity
    assert most >= 0.8 * min(capacity, 1600) - 15 or capacity < 100
    assert len(tried) <= 9


@pytest.mark.skipif(shutil.which("gcc") is None or (os.cpu_count() or 1) < 2, reason="the rig needs gcc and two processors")
def test_the_rig_measures_its_own_provider(monkeypatch, tmp_path):
    monkeypatch.setattr(measure, "BENCH", tmp_path)
    with measure.upstream(chunks=20, interval_us=5000):
        found = measure.load("agents", 30_000, 8, 0.5, 0.1, port=UPSTREAM)
        assert found.failed == 0
        assert found.per_s > 500
        assert 0 < found.latency_p50_us <= found.latency_p99_us
        found = measure.load("streams", 1_000, 10, 1.0, 0.2, port=UPSTREAM)
        assert found.failed == 0
        assert found.events_per_s > 1000
        assert 0 < found.delay_p50_us < 50_000
