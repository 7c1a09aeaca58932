"""Measuring: load on one core, the gateway on another, and the processor time its whole process tree took."""

import contextlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import bodies
from benchmarks.gateways import ASKED, BENCH, KEY, PORT, ROOT, UPSTREAM, Gateway, running

LOAD_CORE, GATEWAY_CORE = 0, 1
INTERVAL_US = 20_000
"""50 events a second, as fast as a fast model speaks."""
CHUNKS = 200


@dataclass(frozen=True)
class Load:
    """What one run of load gave; times in microseconds. `cpu_us` is the gateway's, per request or per event."""

    per_s: float
    failed: int
    events_per_s: float
    latency_p50_us: float
    latency_p99_us: float
    delay_p50_us: float
    delay_p99_us: float
    opening_p50_us: float
    cpu_us: float
    cpu_per_event_us: float


def built() -> Path:
    """The rig, compiled; OSError when there is no compiler."""
    folder = BENCH / "rig"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("load", "upstream"):
        source = ROOT / "benchmarks" / "rig" / f"{name}.c"
        target = folder / name
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            if shutil.which("gcc") is None:
                raise OSError("gcc is missing: apt-get install gcc libc6-dev")
            subprocess.run(["gcc", "-O2", "-o", str(target), str(source)], check=True)
    return folder


@contextlib.contextmanager
def upstream(chunks: int = CHUNKS, interval_us: int = INTERVAL_US) -> Iterator[None]:
    """The provider, on the load's core."""
    command = ["taskset", "-c", str(LOAD_CORE), str(built() / "upstream"), str(UPSTREAM), str(chunks), str(interval_us)]
    process = subprocess.Popen(command)
    try:
        time.sleep(0.1)
        yield
    finally:
        process.kill()
        process.wait()


def load(
    mode: str, size: int, connections: int, seconds: float, warm_s: float = 0.5, new_model: str = ASKED, port: int = PORT,
    process: int = 0,
) -> Load:  # fmt: skip
    """Run one load of requests of about `size` bytes against a port; `process` is the gateway's for its processor time."""
    stream = mode == "streams"
    known = bodies.written(BENCH / "bodies", size, ASKED, stream)
    new = bodies.written(BENCH / "bodies", size, ASKED if stream else new_model, stream)
    command = [
        "taskset", "-c", str(LOAD_CORE), str(built() / "load"), str(port), str(connections), str(seconds), str(warm_s), mode,
        str(known), str(new), f"authorization: Bearer {KEY}",
    ]  # fmt: skip
    before = cpu_ns(process) if process else 0
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    used_us = ((cpu_ns(process) - before) if process else 0) / 1000
    found = json.loads(said)
    return Load(
        per_s=found["per_s"],
        failed=found["failed"],
        events_per_s=found["events_per_s"],
        latency_p50_us=found["latency_p50_us"],
        latency_p99_us=found["latency_p99_us"],
        delay_p50_us=found["delay_p50_us"],
        delay_p99_us=found["delay_p99_us"],
        opening_p50_us=found["opening_p50_us"],
        cpu_us=used_us / max(1, found["all_answered"]),
        cpu_per_event_us=used_us / max(1, found["all_events"]),
    )


def tree(process: int) -> list[int]:
    """A process and all that descend from it."""
    found = [process]
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{process}/task"):
            for child in Path(f"/proc/{process}/task/{task}/children").read_text().split():
                found += tree(int(child))
    return found


def cpu_ns(process: int) -> int:
    """Nanoseconds of processor time of a process tree so far, as the scheduler counts them (proc(5), schedstat)."""
    total = 0
    for each in tree(process):
        with contextlib.suppress(OSError):
            for task in os.listdir(f"/proc/{each}/task"):
                total += on_cpu_ns(Path(f"/proc/{each}/task/{task}/schedstat").read_text())
    return total


def on_cpu_ns(schedstat: str) -> int:
    """The first of its three numbers."""
    return int(schedstat.split(maxsplit=1)[0])


def memory_mb(process: int) -> float:
    """Resident memory of a process tree in MB; a page that several processes share counts once among them (Linux' PSS)."""
    kilobytes = 0
    for each in tree(process):
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()
            kilobytes += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return kilobytes * 1024 / 1e6


@contextlib.contextmanager
def measured(gateway: Gateway) -> Iterator[tuple[int, float]]:
    """A gateway with its upstream: its process, and the seconds to its first answer."""
    with upstream(), running(gateway, GATEWAY_CORE) as (process, first_s):
        yield process.pid, first_s


def most_streams(process: int, limit_ms: float, low: int, high: int, seconds: float = 5.0) -> tuple[int, list[Load]]:
    """The most streams at 50 events a second whose 99th event in a hundred comes within `limit_ms` of direct.

    Doubles until it fails, then halves the gap twice.
    """
    tried: list[Load] = []

    def holds(count: int) -> bool:
        found = load("streams", 1000, count, seconds, 3.0, process=process)
        tried.append(found)
        enough = found.events_per_s > 0.97 * count * 1e6 / INTERVAL_US
        return not found.failed and enough and 0 <= found.delay_p99_us < limit_ms * 1000

    good = 0
    count = low
    while count <= high and holds(count):
        good, count = count, count * 2
    bad = count
    for _ in range(3):
        middle = (good + bad) // 2
        if middle <= good or bad - good < max(4, good // 12):
            break
        if holds(middle):
            good = middle
        else:
            bad = middle
    return good, tried
