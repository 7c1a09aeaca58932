"""A million idle threads in one store on disk: what they take there and in memory, and how long one takes to be found.

Filled and asked through `cache.threads`, as a gateway does it. Whoever asks is a process of its own, started after the
filling, so that what it finds comes from the disk's side and not from what it remembers; the machine's file cache is warm.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from cache.standing import Standing
from cache.stores.disk import DiskStore
from cache.threads import BOUNDARIES_MAX, Threads
from cache.types import Boundary, ThreadRecord, Visit
from gateway.config.schema import Cache

COUNT = 1_000_000
ASKED = 20_000
KNOWN = Cache().threads
"""Threads kept in memory, as by default."""
FLUSHED = 5_000
"""Threads that are remembered before the writer is waited for."""
FORGET_S = 30 * 86_400.0
WRITES_A_SECOND = 200
"""Threads that are remembered anew while others are looked up."""
PAGE_TEXT = """# A million threads

`make bench-threads` remembers {threads:,.0f} threads in one store on disk, each as a long session leaves it ({ends}
prefixes, a second model in its past), and asks a new process for {asked:,} of them by chance. Both go through the gateway's
own memory of threads, which keeps {known:,} records in the process, the default. The machine has the store's file in its
file cache.

- On disk **{bytes_a_thread:,.0f} bytes a thread**, index included.
- Filling took {filled_s:,.0f} s; {lost:,.0f} were lost. The process grew by {grown:,.0f} MB.

| a thread is found, while | median | 99 % | 99.9 % | at most | the process grew by |
|---|---|---|---|---|---|
{rows}
"""
TIMES = ("p50_us", "p99_us", "p999_us", "max_us")
PAGE = Path("docs/benchmarks/threads.md")


def record(number: int, now: float) -> ThreadRecord:
    """A thread as long sessions leave it: all its places taken, and a second model in its past."""
    luck = random.Random(number)  # noqa: S311 - digests of nothing
    ends = tuple(
        Boundary(f"{luck.getrandbits(128):032x}", 40_000 * place, 10_000 * place, now - 60.0 * place)
        for place in range(1, BOUNDARIES_MAX + 1)
    )
    standing = Standing(
        at=now, total=80_000, cached=80_000, out=700, turn=79_000, floor=16_000, granted_s=3600.0, requests=40,
        tools=f"{luck.getrandbits(128):032x}", beginning=f"{luck.getrandbits(128):032x}",
        settings=f"{luck.getrandbits(64):016x}",
    )  # fmt: skip
    name = f"{luck.getrandbits(128):032x}"
    model, small = "claude-opus-5-5", "claude-haiku-5-5"
    left = Visit(model=small, served=small, provider="anthropic", upstream="anthropic", last_end=now, cached_tokens=70_000,
                 boundaries=ends[:2], standing=standing)  # fmt: skip
    return ThreadRecord(
        thread=thread_name(number), team="platform", client="claude-code", user="somebody@example.com", session=name,
        route="code", model=model, served=f"{model}-20261001", provider="anthropic", upstream="anthropic",
        dialect="messages", started_at=now - 9000.0, last_end=now, requests=40, cache_ttl_s=3600.0, cached_tokens=80_000,
        first_tokens=17_000, boundaries=ends, standing=standing, picos=10**13, visits=(left,),
        tool_set=f"{luck.getrandbits(64):016x}",
    )  # fmt: skip


def thread_name(number: int) -> str:
    """As long as a client's own ids are."""
    return f"01a202cf-7e1c-4b6d-9a3f-{number:012d}"


def fill(folder: Path, count: int) -> dict[str, float]:
    """Remember so many threads."""
    threads = Threads(DiskStore(folder), KNOWN, FORGET_S)
    before, began = _resident_kb(), time.monotonic()
    for number in range(count):
        threads.remember(record(number, time.time()))
        if number % FLUSHED == FLUSHED - 1:
            threads.flush(600.0)
    threads.flush(600.0)
    spent = time.monotonic() - began
    lost = threads.errors + threads.dropped
    threads.close(600.0)
    size = sum(path.stat().st_size for path in folder.iterdir())
    return {"threads": count, "lost": lost, "filled_s": spent, "bytes_a_thread": size / count,
            "memory_mb": (_resident_kb() - before) / 1024}  # fmt: skip


def ask(folder: Path, count: int, asked: int, writes: bool) -> dict[str, float]:
    """Recall threads by chance, one after the other; how long each took, and what the process grew by."""
    threads = Threads(DiskStore(folder), KNOWN, FORGET_S)
    threads.recall(thread_name(0), "platform")
    before, chance = _resident_kb(), random.Random(7)  # noqa: S311 - which are asked for is no secret
    done = threading.Event()
    writer = threading.Thread(target=_write, args=(threads, count, done), daemon=True)
    if writes:
        writer.start()
    took = []
    for _ in range(asked):
        name = thread_name(chance.randrange(count))
        began = time.perf_counter()
        found = threads.recall(name, "platform")
        took.append(time.perf_counter() - began)
        assert found is not None, f"{name} was lost"
    done.set()
    grown = (_resident_kb() - before) / 1024
    threads.close(60.0)
    took.sort()
    places = {"p50_us": 0.5, "p99_us": 0.99, "p999_us": 0.999}
    return {**{name: 1e6 * took[int(place * len(took))] for name, place in places.items()}, "max_us": 1e6 * took[-1],
            "memory_mb": grown}  # fmt: skip


def _write(threads: Threads, count: int, done: threading.Event) -> None:
    """Remember threads anew, some two hundred a second, until told to stop."""
    chance = random.Random(8)  # noqa: S311 - which are written is no secret
    while not done.wait(1.0 / WRITES_A_SECOND):
        threads.remember(record(chance.randrange(count), time.time()))


def _resident_kb() -> float:
    """The most memory this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def page(filled: dict[str, float], asked: Sequence[tuple[str, dict[str, float]]]) -> str:
    """The results page."""
    rows = "\n".join(
        f"| {what} | {' | '.join(f'{told[name]:,.0f} µs' for name in TIMES)} | {told['memory_mb']:,.0f} MB |"
        for what, told in asked
    )
    return PAGE_TEXT.format(
        **filled, rows=rows, ends=BOUNDARIES_MAX, asked=ASKED, known=KNOWN, grown=filled["memory_mb"]
    )


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="A million threads in one store; writes docs/benchmarks/threads.md.")
    parser.add_argument("--count", type=int, default=COUNT, help="threads; default: %(default)s")
    parser.add_argument("--asked", type=int, default=ASKED, help="look-ups; default: %(default)s")
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--ask", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--writes", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args(arguments)
    if args.ask is not None:
        print(json.dumps(ask(args.ask, args.count, args.asked, args.writes)))
        return 0
    with tempfile.TemporaryDirectory(prefix="pointsman-threads-") as name:
        folder = Path(name) / "threads"
        filled = fill(folder, args.count)
        print(filled, flush=True)
        base = [sys.executable, "-m", "benchmarks.threads", "--count", str(args.count), "--asked", str(args.asked)]
        base += ["--ask", str(folder)]
        told = []
        for what, more in (("nobody else writes", []), (f"{WRITES_A_SECOND} threads a second are written", ["--writes"])):
            done = subprocess.run([*base, *more], stdout=subprocess.PIPE, text=True, check=True)
            told.append((what, json.loads(done.stdout)))
            print(what, told[-1][1], flush=True)
    args.page.write_text(page(filled, told), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
