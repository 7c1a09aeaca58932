"""`python -m benchmarks.workers`: what several workers cost, and how evenly connections fall upon them.

Two cores cannot show a throughput of two workers, since load and provider need one of them. What can be shown is the
processor time of a request, all processes counted, with one worker and with several on the same core, in turns so that
neighbours disturb both alike: several workers on cores of their own do the number of workers over that ratio as much.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks import gateways, measure

ROUNDS, SECONDS, WARM_S = 20, 0.8, 0.2
CONNECTIONS = 64
COUNTS = (16, 64, 200)
FIRST_PORT = 18490


@dataclass(frozen=True)
class Found:
    """Microseconds of processor per request with one worker and with several, and who holds how many connections."""

    alone_us: float
    several_us: float
    held: dict[int, list[int]]
    """By number of connections."""

    def times(self, workers: int) -> float:
        """How much several do of what one does, each on a core of its own."""
        return workers * self.alone_us / self.several_us

    @property
    def unevenness(self) -> float:
        """The worst share by which the fullest worker is above the mean, at 64 connections and more."""
        return max(max(held) * len(held) / sum(held) - 1 for count, held in self.held.items() if count >= CONNECTIONS)


def measured(workers: int = 2, rounds: int = ROUNDS) -> Found:
    """One gateway and one of several workers on the same core, in turns."""
    with measure.upstream(), _serving(1, FIRST_PORT) as alone, _serving(workers, FIRST_PORT + 1) as several:
        costs: dict[int, list[float]] = {alone: [], several: []}
        for _ in range(rounds):
            for port, process in ((FIRST_PORT, alone), (FIRST_PORT + 1, several)):
                found = measure.load(
                    "agents", 1_000, CONNECTIONS, SECONDS, WARM_S, new_model="auto", port=port, process=process
                )
                costs[process].append(found.cpu_us)
        held = {count: _spread(several, FIRST_PORT + 1, count) for count in COUNTS}
    return Found(alone_us=median(costs[alone]), several_us=median(costs[several]), held=held)


def main(workers: int = 2) -> int:
    measure.built()
    found = measured(workers)
    print(f"one worker   {found.alone_us:6.1f} µs of processor a request")
    print(f"{workers} workers    {found.several_us:6.1f} µs")
    print(f"{found.times(workers):.2f} times the throughput on cores of their own")
    for count, held in found.held.items():
        print(f"{count:4} connections: {', '.join(map(str, held))}")
    return 0


@contextlib.contextmanager
def _serving(workers: int, port: int) -> Iterator[int]:
    """Pointsman on the gateway's core, everything on; gives its process."""
    gateway = gateways.pointsman(workers=workers)
    home = gateways.BENCH / f"home-{workers}"
    shutil.rmtree(home, ignore_errors=True)
    command = ["taskset", "-c", str(measure.GATEWAY_CORE), *gateway.command, "--port", str(port), "--home", str(home)]
    process = subprocess.Popen(command, env={**os.environ, **gateway.environment}, stdout=subprocess.DEVNULL)
    try:
        _answering(port)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _answering(port: int) -> None:
    """Wait until a connection is answered."""
    until = time.monotonic() + gateways.START_S
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as wire:
            wire.sendall(b"GET /readyz HTTP/1.1\r\nhost: bench\r\n\r\n")
            if wire.recv(64).startswith(b"HTTP/1.1 200"):
                return
        time.sleep(0.1)
    raise OSError(f"nothing answers on port {port}")


def _spread(process: int, port: int, count: int) -> list[int]:
    """How many of so many connections each process holds, as the kernel has it."""
    wires = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
    time.sleep(0.5)
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ours = {f"socket:[{line[9]}]" for line in lines if int(line[1].rpartition(":")[2], 16) == port and line[3] == "01"}
    held: Counter[int] = Counter()
    for each in measure.tree(process):
        for link in Path(f"/proc/{each}/fd").iterdir():
            with contextlib.suppress(OSError):
                held[each] += str(link.readlink()) in ours
    for wire in wires:
        wire.close()
    return sorted(number for number in held.values() if number)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
