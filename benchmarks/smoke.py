"""`make bench-smoke`: has a request become dearer? Ratios to nginx in the same run, so that a slow machine is no alarm.

Ends with 1 when a ratio is beyond its limit. The budgets of single stations are printed beside, in microseconds.
"""

import subprocess
import sys
import time
from collections.abc import Callable

from benchmarks import bodies, gateways, measure
from cache.fingerprint import fingerprint
from cache.freshness import assess
from cache.providers import rules_for
from gateway.dialects.ask import read
from gateway.dialects.signals import signals
from routing.classify import classify
from routing.decide import decide
from routing.policy import Policy
from routing.types import Asked, Pin, Route

LIMITS = {
    "1 KB": 12.0,
    "30 KB": 12.0,
    "one event of a stream": 3.0,
}
"""Pointsman's processor time over nginx's. Half as much again as was measured when the limits were set, since neighbours on
a shared machine slow an interpreter more than they slow nginx: see docs/benchmarks."""
STATIONS = "--stations"
"""Only the single stations; asked of the gateway's own Python, which is the fastest at hand."""
SECONDS = 2.0
STREAMS = 200


def main() -> int:
    measure.built()
    cost: dict[str, dict[str, float]] = {name: {} for name in LIMITS}
    for make in (gateways.nginx, gateways.pointsman):
        gateway = make()
        with measure.measured(gateway) as (process, _):
            for name, size in (("1 KB", 1_000), ("30 KB", 30_000)):
                loads = [
                    measure.load("agents", size, 32, SECONDS, new_model=gateway.new_model, process=process) for _ in range(2)
                ]
                cost[name][gateway.name] = min(load.cpu_us for load in loads)
            events = measure.load("streams", 1000, STREAMS, 3.0, 2.0, process=process)
            cost["one event of a stream"][gateway.name] = events.cpu_per_event_us
    failed = False
    for name, limit in LIMITS.items():
        ours, floor = cost[name]["Pointsman"], cost[name]["nginx"]
        failed = failed or ours / floor > limit
        print(f"{name:24} {ours:7.1f} µs, {ours / floor:5.1f} × nginx ({floor:.1f} µs); limit {limit:g}")
    sys.stdout.flush()
    own = gateways.pointsman().command[0]
    subprocess.run([own, "-m", "benchmarks.smoke", STATIONS], check=True)
    return 1 if failed else 0


def stations() -> int:
    """Single stations against their budgets, on the Python that this runs on."""
    for name, (work, budget_us) in budgets().items():
        print(f"{name:46} {quickest_us(work):7.1f} µs of {budget_us:g}")
    return 0


def budgets() -> dict[str, tuple[Callable[[], object], float]]:
    """Single stations: what to time, and what they are allowed in microseconds."""
    route = Route(name="code", model="gpt-4o")
    policy = Policy(routes={"code": route, "general": route}, rules=(), matrix=(), aliases=frozenset(("auto",)),
                    default="general", min_confidence=0.6)  # fmt: skip
    small = read(bodies.body(1_000, "auto"), "chat", "chat")
    asked = Asked(model="auto", dialect="chat", path="/v1/chat/completions")
    large = read(bodies.body(30_000, "gpt-4o"), "chat", "chat")
    rules = rules_for("openai", "gpt-4o")

    def pinned() -> object:
        pin = Pin(route="code", model="gpt-4o")
        return decide(asked, lambda: signals(small), lambda: classify(signals(small)), pin, policy, lambda _: True)

    def scored() -> object:
        seen = signals(small)
        return decide(asked, lambda: seen, lambda: classify(seen), None, policy, lambda _: True)

    def foreseen() -> object:
        print_ = fingerprint("chat", large.fields, 1, b"bench", large.body)
        return assess(None, print_, "gpt-4o", rules, 0.0)

    return {
        "a decision by thread": (pinned, 15.0),
        "a decision that scores a person's turn": (scored, 150.0),
        "fingerprint and prediction at 30 KB": (foreseen, 60.0),
    }


def quickest_us(work: Callable[[], object], times: int = 300) -> float:
    """Microseconds of the quickest of so many runs."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return min(taken) * 1e6


if __name__ == "__main__":
    sys.exit(stations() if STATIONS in sys.argv else main())
