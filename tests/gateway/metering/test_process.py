"""What a process uses, as the kernel has it, and several of them as one."""

import gc
import os
import resource
import time

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from gateway.metering import process


def parsed(text: str) -> dict[str, float]:
    return {
        sample.name + "".join(f"{key}{value}" for key, value in sample.labels.items() if key == "generation"): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_it_says_what_the_client_library_says() -> None:
    gc.collect()  # what earlier tests left open is closed now, not between the two looks
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    theirs = parsed(generate_latest(registry).decode())
    ours = parsed("".join(process.lines(process.read())))
    assert set(theirs) <= set(ours)
    for name, expected in theirs.items():
        assert abs(ours[name] - expected) <= max(2.0, 0.1 * expected), name


def test_the_start_does_not_move() -> None:
    first = process.read()["process_start_time_seconds"]
    assert 0 <= time.time() - first < 24 * 3600
    assert process.read()["process_start_time_seconds"] == first


def test_several_are_added_up_but_for_limits_and_starts() -> None:
    one = process.read()
    both = process.merged((one, one))
    assert both["process_cpu_seconds_total"] == 2 * one["process_cpu_seconds_total"]
    assert both["process_open_fds"] == 2 * one["process_open_fds"]
    assert both["process_max_fds"] == one["process_max_fds"] == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    assert both["process_start_time_seconds"] == one["process_start_time_seconds"]


def test_the_dead_leave_their_counters() -> None:
    left = process.counted(process.read())
    assert "process_cpu_seconds_total" in left
    assert 'python_gc_collections_total{generation="2"}' in left
    assert "process_resident_memory_bytes" not in left


def test_open_descriptors_are_counted() -> None:
    before = process.read()["process_open_fds"]
    ends = os.pipe()
    try:
        assert process.read()["process_open_fds"] == before + 2
    finally:
        for each in ends:
            os.close(each)
