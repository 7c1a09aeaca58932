"""Every query of every dashboard, asked of a real Prometheus that scrapes a real `Metrics`: does it say what was so?"""

import json
import socket
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import promql_parser
import pytest

from gateway.metering.labels import Place
from gateway.metering.metrics import CONTENT_TYPE, Metrics
from gateway.metering.types import PICOS_PER_USD, Intent, Settlement
from tests.dashboards.queries import filled

pytestmark = pytest.mark.timeout(700)  # Prometheus may have to be installed first

Json = dict[str, Any]
GRAFANA = Path(__file__).resolve().parents[2] / "dashboards" / "grafana"
PROVIDERS = {"big": "openai", "small": "anthropic"}
TEAMS = ("payments", "research")
WHY = {"override": "explicit_model", "classifier": "code_to_patch", "sticky": "thread_pinned", "fallback": "low_confidence"}
LEDGER_LAG_S = 0.5


class Event(NamedTuple):
    """One request as the test drives it in."""

    team: str
    route: str
    model: str
    status: int
    kinds: dict[str, int]
    by_kind: dict[str, int]
    source: str
    state: str
    priced: bool = True


EVENTS = tuple(
    Event(
        team=TEAMS[number % 2],
        route=("code", "general", "direct")[number % 3],
        model=("big", "small")[number % 2],
        status=(200, 200, 200, 429, 500)[number % 5],
        kinds={"input_uncached": 100 + number, "cache_read": 3 * number, "output": 17},
        by_kind={"input_uncached": 2_000_000 * (100 + number), "cache_read": 600_000 * number, "output": 7_000_000_001},
        source=tuple(WHY)[number % 4],
        state=("warm", "cooling", "cold", "broken", "unknown")[number % 5],
        priced=number % 10 != 0,
    )
    for number in range(1, 121)
)
STALE = (
    ("payments", "codex", "big", "past_lifetime", 250_000_000_000),
    ("research", "claude-code", "small", "unexplained", 5 * 10**11),
)


def drive(metrics: Metrics) -> None:
    """All events, as the stations would report them."""
    for number, event in enumerate(EVENTS):
        metrics.decided(event.route, event.source, WHY[event.source], 0.00002)
        metrics.cache_predicted(event.team, PROVIDERS[event.model], event.state)
        intent = Intent(
            id=str(number), at=0.0, team=event.team, user="", client="codex", client_version="", session="", thread="",
            parent="", agent="main", thread_rule="", endpoint="chat", dialect="chat", model_asked="auto",
            route="" if event.route == "direct" else event.route, model=event.model, upstream="up",
            provider=PROVIDERS[event.model], source="rule", reason="", rule="", input_kind="", output_kind="",
            stream=False, bytes_in=1, cache_state=event.state, cache_expected_tokens=None, estimate_picos=None,
        )  # fmt: skip
        by_kind = event.by_kind if event.priced else {}
        metrics.settled(intent, Settlement(
            id=str(number), at=0.0, outcome="finished", status=event.status, kinds=event.kinds, fees={},
            picos=sum(by_kind.values()) if event.priced else None, by_kind=by_kind,
            price_status="priced" if event.priced else "unpriced", price_reason="" if event.priced else "unknown_model",
            price_rows=(), exact=True, model=event.model, upstream="up", provider=PROVIDERS[event.model], served="",
            tier="", response_id="", attempts=1, ttft_ms=None, duration_ms=900.0, bytes_out=1, cache_observed="hit",
        ))  # fmt: skip
    for team, client, model, cause, picos in STALE:
        metrics.stale(team, client)
        metrics.rebuilt(team, model, cause, picos)


def truth() -> dict[str, Counter[str]]:
    """What each panel of the Spend dashboard must add up to, by the values of its labels."""
    found: dict[str, Counter[str]] = {}

    def add(title: str, key: str, amount: float | Fraction = 1) -> None:
        found.setdefault(title, Counter())[key] += amount  # type: ignore[assignment]

    for event in EVENTS:
        for kind, picos in event.by_kind.items() if event.priced else ():
            usd = Fraction(picos, PICOS_PER_USD)
            for title in ("Spend", "Spend per hour"):
                add(title, "", usd)
            for title, key in (("team", event.team), ("model", event.model), ("kind", kind)):
                add(f"Spend by {title}", key, usd)
                add(f"Spend per hour by {title}", key, usd)
        for kind, count in event.kinds.items():
            add("Tokens by team and kind", f"{kind} {event.team}", count)
            add("Tokens per minute by kind", kind, count)
        add("Requests", "")
        add("Requests per minute by route", event.route)
        add("Requests by status", f"{event.status // 100}xx")
        add("Decisions by source", event.source)
        add("Cache state of requests, per minute", event.state)
        if not event.priced:
            add("Unpriced requests", "")
    for _, client, _, cause, picos in STALE:
        add("Stale resumes by client", client)
        add("Cost of stale resumes by cause", cause, Fraction(picos, PICOS_PER_USD))
    add("Ledger lag", "", Fraction(LEDGER_LAG_S))
    add("Config", "")
    return found


class Scraped(NamedTuple):
    """A Prometheus that has seen everything, and the two scrapes between which it happened."""

    url: str
    began_ms: int
    ended_ms: int

    @property
    def span_ms(self) -> int:
        return self.ended_ms - self.began_ms

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


@pytest.fixture(scope="module")
def scraped(prometheus: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scraped]:
    metrics = Metrics(
        TEAMS,
        ("code", "general"),
        tuple(PROVIDERS),
        tuple(PROVIDERS.values()),
        [Place(team=team, route=route, model=model, provider=provider)
         for team in TEAMS for route in ("code", "general", "direct") for model, provider in PROVIDERS.items()],
    )  # fmt: skip
    metrics.config_reload(True)
    metrics.ledger(LEDGER_LAG_S, 0, 0)
    server = _serving(metrics)
    home = tmp_path_factory.mktemp("prometheus")
    port = _free_port()
    (home / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n- job_name: pointsman\n"
        f"  static_configs: [{{targets: ['127.0.0.1:{server.server_address[1]}']}}]\n"
    )
    process = subprocess.Popen(
        [prometheus, f"--config.file={home}/prometheus.yml", f"--storage.tsdb.path={home}/data",
         f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        seen = Scraped(f"http://127.0.0.1:{port}", 0, 0)
        began = _scrapes_after(seen, 0, 2)[-1]
        drive(metrics)
        ended = _scrapes_after(seen, began, 2)[-1]
        yield Scraped(seen.url, began, ended)
    finally:
        process.terminate()
        process.wait(20)
        server.shutdown()
        server.server_close()


def _serving(metrics: Metrics) -> ThreadingHTTPServer:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = metrics.render()
            self.send_response(200)
            self.send_header("content-type", CONTENT_TYPE)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _scrapes_after(prometheus: Scraped, after_ms: int, many: int) -> list[int]:
    """Times of the scrapes after a moment, once there are so many."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        time.sleep(0.2)
        try:
            result = prometheus.ask("/api/v1/query", query="pointsman_inflight[5m]")["result"]
        except OSError:
            continue  # it is still starting
        found = [round(at * 1000) for each in result for at, _ in each["values"] if round(at * 1000) > after_ms]
        if len(found) >= many:
            return found
    raise AssertionError("Prometheus did not scrape within a minute")


def _panels() -> list[Json]:
    boards = [json.loads(path.read_text("utf-8")) for path in sorted(GRAFANA.glob("*.json"))]
    return [panel for board in boards for panel in board["panels"]]


@pytest.mark.parametrize("panel", _panels(), ids=lambda panel: panel["title"])
def test_panel_shows_exactly_what_happened(panel: Json, scraped: Scraped) -> None:
    # Both ends of the window are scrapes, so increase() has nothing to extrapolate and must be exact.
    title = panel["title"]
    for target in panel["targets"]:
        expr = filled(target["expr"], scraped.span_ms)
        promql_parser.parse(expr)
        shown = {key: value for key, value in scraped.instant(expr).items() if value}
        expected = {key: float(value) * _scale(title, scraped) for key, value in truth()[title].items()}
        assert shown == pytest.approx(expected, rel=1e-9), expr


def _scale(title: str, scraped: Scraped) -> float:
    """From what happened in the window to what the panel's unit of time makes of it."""
    if "per hour" in title:
        return 3600_000 / scraped.span_ms
    return 60_000 / scraped.span_ms if "per minute" in title else 1


@pytest.mark.parametrize(
    "panel", [each for each in _panels() if each["type"] == "timeseries"], ids=lambda p: p["title"]
)
def test_series_panel_has_lines(panel: Json, scraped: Scraped) -> None:
    for target in panel["targets"]:
        lines = scraped.ask(
            "/api/v1/query_range", query=filled(target["expr"], 4_000), start=str(scraped.began_ms / 1000),
            end=str(scraped.ended_ms / 1000), step="1",
        )["result"]  # fmt: skip
        assert any(float(value) > 0 for line in lines for _, value in line["values"])


def test_choosing_a_team_shows_that_team(scraped: Scraped) -> None:
    panel = next(panel for panel in _panels() if panel["title"] == "Spend by team")
    shown = scraped.instant(filled(panel["targets"][0]["expr"], scraped.span_ms, team="payments"))
    assert shown == pytest.approx({"payments": float(truth()["Spend by team"]["payments"])}, rel=1e-9)


def test_spend_adds_up_the_same_from_every_side(scraped: Scraped) -> None:
    sums = {
        panel["title"]: sum(scraped.instant(filled(panel["targets"][0]["expr"], scraped.span_ms)).values())
        for panel in _panels()
        if panel["title"] in ("Spend", "Spend by team", "Spend by model", "Spend by kind")
    }
    driven = sum(sum(event.by_kind.values()) for event in EVENTS if event.priced) / PICOS_PER_USD
    assert sums == pytest.approx(dict.fromkeys(sums, driven), rel=1e-9)
    assert len(sums) == 4


def test_variables_offer_what_there_is(scraped: Scraped) -> None:
    board = json.loads((GRAFANA / "spend.json").read_text("utf-8"))
    offered = {}
    for each in board["templating"]["list"]:
        if each["type"] == "query":
            inner, label = each["query"]["query"].removeprefix("label_values(").removesuffix(")").rsplit(",", 1)
            offered[each["name"]] = scraped.ask(
                f"/api/v1/label/{label.strip()}/values", **{"match[]": filled(inner, 1)}
            )
    assert offered.pop("instance")[0].startswith("127.0.0.1:")
    assert offered == {
        "job": ["pointsman"],
        "team": ["payments", "research"],
        "route": ["code", "direct", "general"],
        "model": ["big", "small"],
    }
