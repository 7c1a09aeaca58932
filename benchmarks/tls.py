"""What TLS to the upstream adds: Pointsman behind whom nginx forwards in the clear, and again with nginx taking TLS.

Both ways have the same hop, so what differs is the encryption. nginx runs on the load's core: it belongs to the provider.
"""

import contextlib
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import gateways, measure
from benchmarks.gateways import BENCH, UPSTREAM, Gateway

PLAIN, TLS = 18482, 18483
STREAMS = 200
LARGE = 300_000


@dataclass(frozen=True)
class Found:
    """Processor time of Pointsman in microseconds, in the clear and with TLS."""

    event_us: tuple[float, float]
    large_us: tuple[float, float]

    @property
    def event_added_us(self) -> float:
        return self.event_us[1] - self.event_us[0]

    @property
    def large_added_ms(self) -> float:
        return (self.large_us[1] - self.large_us[0]) / 1000


def measured(rounds: int, seconds: float) -> Found:
    """The least of some rounds, in turns."""
    found: dict[str, list[tuple[float, float]]] = {"http": [], "https": []}
    with _terminator() as certificate:
        for _ in range(rounds):
            for scheme, runs in found.items():
                with measure.measured(_behind(scheme, certificate)) as (process, _):
                    large = measure.load("known", LARGE, 16, seconds, process=process)
                    events = measure.load("streams", 1000, STREAMS, seconds, 2.0, process=process)
                    runs.append((events.cpu_per_event_us, large.cpu_us))
    plain, tls = ([min(runs, key=lambda run: run[at])[at] for at in (0, 1)] for runs in found.values())
    return Found(event_us=(plain[0], tls[0]), large_us=(plain[1], tls[1]))


def _behind(scheme: str, certificate: Path) -> Gateway:
    gateway = gateways.pointsman()
    port = TLS if scheme == "https" else PLAIN
    text = gateway.configuration.replace(f"http://127.0.0.1:{UPSTREAM}/", f"{scheme}://localhost:{port}/")
    path = gateways.configured(f"pointsman-{scheme}.yaml", text)
    command = [str(path) if part.endswith(".yaml") else part for part in gateway.command]
    environment: Mapping[str, str] = {**gateway.environment, "SSL_CERT_FILE": str(certificate)}
    return replace(gateway, command=tuple(command), configuration=text, environment=environment)


@contextlib.contextmanager
def _terminator() -> Iterator[Path]:
    """nginx before the provider, on one port in the clear and on another with TLS; gives its certificate."""
    work = BENCH / "tls"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    certificate, key = work / "certificate.pem", work / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    plain = gateways.nginx().configuration
    listens = f"listen 127.0.0.1:{PLAIN} backlog=8192;\n    listen 127.0.0.1:{TLS} ssl backlog=8192;"
    named = f"\n    ssl_certificate {certificate}; ssl_certificate_key {key};"
    text = plain.replace(f"listen 127.0.0.1:{gateways.PORT} backlog=8192;", listens + named).replace(
        f"{BENCH}/nginx", str(work)
    )
    command = ["taskset", "-c", str(measure.LOAD_CORE), "nginx", "-c", str(gateways.configured("nginx-tls.conf", text))]
    process = subprocess.Popen(command)
    try:
        time.sleep(0.3)
        yield certificate
    finally:
        process.terminate()
        process.wait()
