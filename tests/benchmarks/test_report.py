"""The page says who won, and where we did not."""

import json

import pytest

from benchmarks import report


def kept(per_s, p50=100.0, streams=100, event=10.0):
    run = {"per_s": per_s, "cpu_us": 1e6 / per_s, "latency_p50_us": p50, "latency_p99_us": 2 * p50}
    return {
        "version": "1", "command": "x", "configuration": "a: 1", "environment": [],
        "unary": {label: [run, {**run, "per_s": per_s / 2}] for label in report.TARGETS},
        "alone": {label: [run] for label in report.TARGETS}, "first_s": [0.5, 0.4],
        "streams": {"most": streams, "cpu_per_event_us": event, "memory_mb": 90.0, "tried": []},
    }  # fmt: skip


@pytest.fixture
def results():
    direct = {label: {"latency_p50_us": 40.0, "latency_p99_us": 80.0} for label in report.TARGETS}
    machine = {"processor": "p", "processors": 2, "memory_gb": 8, "kernel": "6", "day": "2026-11-25"}
    return {
        "machine": machine, "missing": {"rolter": "no wheel"}, "direct": direct, "took_s": 600,
        "gateways": {"nginx": kept(50_000), "Pointsman": kept(20_000, p50=130.0, streams=800, event=20.0), "LiteLLM": kept(100)},
        "first_byte": {"direct_us": 100.0, "through_us": {"nginx": 150.0, "Pointsman": 350.0}},
        "tls": {"event_us": (20.0, 31.0), "large_us": (500.0, 700.0)},
        "workers": {"alone_us": 100.0, "several_us": 108.0, "held": {16: [7, 9], 64: [31, 33], 200: [90, 110]}},
        "growth": {"rules": [(1, 50.0), (1000, 100.0)]},
    }  # fmt: skip


def test_targets_are_judged_by_what_was_measured(results):
    found = {what: (value, holds) for what, value, _, holds in report.verdicts(results)}
    assert found["throughput at 1 KB, of nginx"] == ("0.4", True)
    assert found["throughput at 300 KB, of nginx"] == ("0.4", False)
    assert found["throughput at 1 KB, times LiteLLM"] == ("200", True)
    assert found["added latency at 1 KB, median"] == ("0.09 ms", True)
    assert found["the same, times nginx"] == ("2", False)
    assert found["first byte of a stream at 30 KB, added"] == ("0.25 ms", True)
    assert found["TLS to the upstream, added per event"] == ("11 µs", False)
    assert found["TLS to the upstream, added per 300 KB"] == ("0.2 ms", True)
    assert found["two workers, times one"] == ("1.85", True)
    assert found["connections beyond an even share"] == ("0.1", True)
    assert not [what for what in found if "compiled" in what], "nothing is said of who is not here"


def test_the_page_names_losses_first_and_who_is_missing(results, tmp_path):
    report.write(tmp_path, results)
    page = (tmp_path / "README.md").read_text()
    assert page.index("**missed**") < page.index("| holds |")
    assert "rolter is missing here: no wheel" in page
    assert "| Pointsman | 20,000 (10,000) |" in page
    assert "1,000 times as many cost 2.0 times as much" in page
    assert json.loads((tmp_path / "results.json").read_text())["took_s"] == 600
    assert {path.name for path in tmp_path.iterdir()} == {"README.md", "results.json", "growth-rules.svg", "throughput.svg"}
