"""How soon the built-in page is there with a million requests in the ledger: `python -m benchmarks.page [REQUESTS]`.

A ledger of sixty days is filled (its sums as the writer would have kept them), a gateway started on it, and the page opened
in Debian's Chromium. Said are the server's part, the first paint, and what a page that says one word takes there.
"""

import contextlib
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from statistics import median

from gateway.metering.ledger_schema import CALLER, PLACE, add_up, connect
from tests.browser import DESKTOP, Browser, browser
from tests.line.rig import Gateway, gateway, wait_for

DAYS = 60
VIEWS = 9
CONFIG = {
    "version": 1,
    "upstreams": {"openai": {"url": "http://127.0.0.1:9/v1", "key": "k", "provider": "openai", "dialects": ["chat"]}},
    "models": {"gpt-6.1-sol": {"upstream": "openai"}, "gpt-6-luna": {"upstream": "openai"}},
    "routes": {"code": {"model": "gpt-6.1-sol"}, "general": {"model": "gpt-6-luna"}},
    "routing": {"default": "general"},
}
PAINT = "performance.getEntriesByType('paint').find(each => each.name == 'first-contentful-paint')?.startTime ?? null"
FILLED = {
    "id": "printf('%012x%016x', n, n)",
    "journal": "'w'",
    "team": "'team-' || (n % 8)",
    "user": "'user-' || (n % 40)",
    "client": "'client-' || (n % 5)",
    "route": "CASE n % 4 WHEN 0 THEN 'general' WHEN 3 THEN '' ELSE 'code' END",
    "model": "CASE n % 3 WHEN 0 THEN 'gpt-6-luna' WHEN 1 THEN 'gpt-6.1-sol' ELSE 'unheard-of' END",
    "provider": "'openai'",
    "status": "CASE n % 50 WHEN 0 THEN 529 ELSE 200 END",
    "outcome": "'finished'",
    "exact": "1",
    "picos": "CASE n % 3 WHEN 2 THEN NULL ELSE 1000000000 * (n % 37 + 3) END",
    "price_status": "CASE n % 3 WHEN 2 THEN 'unpriced' ELSE 'priced' END",
    "price_reason": "CASE n % 3 WHEN 2 THEN 'unknown_model' ELSE '' END",
    "input_uncached": "900",
    "cache_read": "24000",
    "output": "350",
    "picos_cache_read": "CASE n % 3 WHEN 2 THEN NULL ELSE 400000000 * (n % 37 + 3) END",
    "picos_output": "CASE n % 3 WHEN 2 THEN NULL ELSE 600000000 * (n % 37 + 3) END",
}


def fill(path: Path, requests: int) -> int:
    """A ledger of so many requests up to now; how many hourly sums that makes."""
    start, step = time.time() - DAYS * 86_400, DAYS * 86_400 / requests
    with contextlib.closing(connect(path)) as ledger:
        ledger.execute("PRAGMA synchronous = OFF")
        needed = [(name, kind) for _, name, kind, required, default, _ in ledger.execute("PRAGMA table_info(requests)")
                  if required and default is None]  # fmt: skip
        values = {name: "''" if kind == "TEXT" else "0" for name, kind in needed} | FILLED
        values |= {"at": f"{start} + n * {step}", "settled_at": f"{start} + n * {step}"}
        ledger.execute("BEGIN")
        ledger.execute(
            f"WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {requests})"
            f" INSERT INTO requests ({', '.join(values)}) SELECT {', '.join(values.values())} FROM c"
        )
        for table, by in (("hours_by_place", PLACE), ("hours_by_caller", CALLER)):
            ledger.execute(add_up(table, by, "requests r WHERE settled_at IS NOT NULL"))
        ledger.execute("COMMIT")
        return int(ledger.execute("SELECT count(*) FROM hours_by_place").fetchone()[0])


def served_ms(running: Gateway, path: str) -> float:
    began = time.perf_counter()
    with urllib.request.urlopen(running.base + path, timeout=60) as answer:
        answer.read()
    return (time.perf_counter() - began) * 1000


def painted_ms(tab: Browser, url: str) -> float:
    tab.open("about:blank")
    tab.open(url, DESKTOP)
    return float(wait_for(lambda: tab.run(PAINT)))


def main(arguments: list[str]) -> int:
    requests = int(arguments[0]) if arguments else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir(mode=0o700)
        sums = fill(home / "ledger.db", requests)
        print(f"{requests:,} requests in {DAYS} days, {sums:,} hourly sums")
        with gateway(Path(folder), CONFIG) as running, browser(Path("/usr/bin/chromium")) as tab:
            views = [served_ms(running, "/pointsman/") for _ in range(VIEWS)]
            print(f"served: first view {views[0]:.0f} ms, then median {median(views[1:]):.0f} ms")
            painted = sorted(painted_ms(tab, f"{running.base}/pointsman/") for _ in range(VIEWS))
            print(f"first paint: median {median(painted):.0f} ms, worst {painted[-1]:.0f} ms of {VIEWS}")
            word = sorted(painted_ms(tab, f"{running.base}/healthz") for _ in range(VIEWS))
            print(f"a page of one word: median {median(word):.0f} ms, worst {word[-1]:.0f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
