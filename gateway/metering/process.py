"""What a process uses of its machine, under the names every Prometheus client library gives it.

Read from the kernel when it is asked for. Several workers of one gateway are shown as one process: what they use is added
up. Names: https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics
"""

import gc
import os
import platform
import resource
import time
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

Reading = dict[str, float]
"""By name, labels included."""

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_PROC = Path("/proc/self")
_CPU, _RESIDENT, _VIRTUAL = "process_cpu_seconds_total", "process_resident_memory_bytes", "process_virtual_memory_bytes"
_OPEN, _MAX, _STARTED = "process_open_fds", "process_max_fds", "process_start_time_seconds"
_GC = {
    "collections": "python_gc_collections_total",
    "collected": "python_gc_objects_collected_total",
    "uncollectable": "python_gc_objects_uncollectable_total",
}
_HELP = {
    _CPU: "User and system processor time spent, in seconds.",
    _RESIDENT: "Memory in use, in bytes.",
    _VIRTUAL: "Address space in use, in bytes.",
    _OPEN: "Open file descriptors.",
    _MAX: "Most file descriptors a process may open.",
    _STARTED: "Start of the process, in Unix seconds.",
    "python_gc_collections_total": "Times the garbage collector looked at a generation.",
    "python_gc_objects_collected_total": "Objects the garbage collector freed.",
    "python_gc_objects_uncollectable_total": "Objects the garbage collector could not free.",
}
_SMALLEST = (_MAX, _STARTED)
"""Of these the smallest counts; all others are added up."""


def read() -> Reading:
    """This process now. What this machine's kernel does not tell is left out."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    found: Reading = {_CPU: used.ru_utime + used.ru_stime, _MAX: float(soft)}
    try:
        virtual, resident = (_PROC / "statm").read_text("ascii").split()[:2]
        found[_VIRTUAL], found[_RESIDENT] = float(virtual) * _PAGE_BYTES, float(resident) * _PAGE_BYTES
        folder = _PROC / "fd"
        found[_OPEN] = float(folder.stat().st_size or len(os.listdir(folder)))  # Linux 6.2 tells without a listing
        found[_STARTED] = _started_at()
    except (OSError, ValueError):
        pass
    for generation, stats in enumerate(gc.get_stats()):
        for key, name in _GC.items():
            found[f'{name}{{generation="{generation}"}}'] = float(stats[key])
    return found


def merged(readings: Iterable[Reading]) -> Reading:
    """Several processes as one."""
    found: Reading = {}
    for reading in readings:
        for name, value in reading.items():
            there = found.get(name)
            if there is None:
                found[name] = value
            else:
                found[name] = min(there, value) if name in _SMALLEST else there + value
    return found


def counted(reading: Reading) -> Reading:
    """What a process that has ended leaves behind: its counters."""
    return {name: value for name, value in reading.items() if name.partition("{")[0].endswith("_total")}


def lines(reading: Mapping[str, float]) -> list[str]:
    """The lines of the page."""
    parts = []
    for family, text in _HELP.items():
        kind = "counter" if family.endswith("_total") else "gauge"
        found = [f"{name} {value!r}\n" for name, value in reading.items() if name.partition("{")[0] == family]
        if found:
            parts += [f"# HELP {family} {text}\n# TYPE {family} {kind}\n", *found]
    major, minor, patch = platform.python_version_tuple()
    labels = f'implementation="{platform.python_implementation()}",major="{major}",minor="{minor}",patchlevel="{patch}"'
    parts.append(f"# HELP python_info The interpreter.\n# TYPE python_info gauge\npython_info{{{labels}}} 1.0\n")
    return parts


@cache
def _started_at() -> float:
    """Unix seconds at which this process began: the 22nd field of its `stat`, in ticks since the machine began."""
    fields = (_PROC / "stat").read_text("ascii", "replace").rpartition(")")[2].split()
    since_boot = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + since_boot
