"""A real Prometheus on loopback that scrapes one target every second, and what it answers."""

import contextlib
import json
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple


class Scraped(NamedTuple):
    """A Prometheus that has seen everything, and the two scrapes between which it happened."""

    url: str
    began_ms: int = 0
    ended_ms: int = 0

    @property
    def span_ms(self) -> int:
        return self.ended_ms - self.began_ms

    def around(self, what: Callable[[], object]) -> "Scraped":
        """The window around something: whole scrapes before it and after it."""
        began = self._scrapes_after(0, 2)[-1]
        what()
        return self._replace(began_ms=began, ended_ms=self._scrapes_after(round(time.time() * 1000), 2)[-1])

    def ask(self, path: str, **parameters: str) -> Any:
        """Prometheus' answer to an API call."""
        with urllib.request.urlopen(f"{self.url}{path}?{urllib.parse.urlencode(parameters)}", timeout=5) as answer:
            return json.load(answer)["data"]

    def instant(self, expr: str) -> dict[str, float]:
        """One value per series, keyed by its label values in the order of their names."""
        result = self.ask("/api/v1/query", query=expr, time=str(self.ended_ms / 1000))["result"]
        return {
            " ".join(value for _, value in sorted(each["metric"].items())): float(each["value"][1]) for each in result
        }

    def over_time(self, expr: str) -> Any:
        """The lines of a query over the window, a value each second."""
        return self.ask(
            "/api/v1/query_range", query=expr, start=str(self.began_ms / 1000), end=str(self.ended_ms / 1000), step="1"
        )["result"]

    def _scrapes_after(self, after_ms: int, many: int) -> list[int]:
        """Times of the scrapes after a moment, once there are so many."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            time.sleep(0.2)
            try:
                result = self.ask("/api/v1/query", query="pointsman_inflight[15m]")["result"]
            except OSError:
                continue  # it is still starting
            found = [round(at * 1000) for each in result for at, _ in each["values"] if round(at * 1000) > after_ms]
            if len(found) >= many:
                return found
        raise AssertionError("Prometheus did not scrape within a minute")


@contextlib.contextmanager
def scraping(prometheus: Path, home: Path, target_port: int) -> Iterator[Scraped]:
    """Prometheus, scraping a port of this machine for as long as the context lasts."""
    port = _free_port()
    (home / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n- job_name: pointsman\n"
        f"  static_configs: [{{targets: ['127.0.0.1:{target_port}']}}]\n"
    )
    process = subprocess.Popen(
        [prometheus, f"--config.file={home}/prometheus.yml", f"--storage.tsdb.path={home}/data",
         f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield Scraped(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
