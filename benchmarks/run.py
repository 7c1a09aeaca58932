"""`make bench`: Pointsman beside the others on this machine, and what its cost grows with. Writes `docs/benchmarks/`."""

import argparse
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import gateways, growth, measure, report, tls, workers
from benchmarks.bodies import SIZES
from benchmarks.gateways import Gateway

MAKERS = (gateways.nginx, gateways.pointsman, gateways.rolter, gateways.ferrogw, gateways.litellm)
CONNECTIONS = 64
STREAM_LIMIT_MS = 10.0
STREAMS_HELD = 700
FIRST_BYTE_SIZE = 30_000

Results = dict[str, Any]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round beside nginx alone: three minutes")
    parser.add_argument("--out", type=Path, default=gateways.ROOT / "docs" / "benchmarks", help="default: %(default)s")
    args = parser.parse_args()
    if (os.cpu_count() or 1) < 2:
        print("two processors are needed: one for the gateway, one for the load", file=sys.stderr)
        return 2
    began = time.monotonic()
    rounds, seconds = (1, 1.5) if args.quick else (3, 3.0)
    say("the rig")
    measure.built()
    found, missing = installed(MAKERS[:2] if args.quick else MAKERS)
    results: Results = {"machine": machine(), "gateways": {}, "missing": missing}
    for gateway in found:
        results["gateways"][gateway.name] = {
            "version": gateway.version,
            "command": told(" ".join(gateway.command)),
            "environment": sorted(gateway.environment),
            "configuration": told(gateway.configuration),
            "unary": {},
            "alone": {},
            "first_s": [],
        }
    with measure.upstream():
        results["direct"] = {
            label: vars(measure.load("known", size, 1, seconds, port=gateways.UPSTREAM)) for label, size in SIZES.items()
        }
    for number in range(rounds):
        for gateway in found:
            say(f"round {number + 1} of {rounds}: {gateway.name}")
            one_round(gateway, results["gateways"][gateway.name], seconds)
    for gateway in found:
        say(f"streams: {gateway.name}")
        results["gateways"][gateway.name]["streams"] = streams(gateway, 2.0 if args.quick else 4.0)
    say("the first byte of a stream")
    results["first_byte"] = first_byte(found[: 2 if args.quick else None], seconds)
    say("TLS to the upstream")
    results["tls"] = vars(tls.measured(rounds, seconds))
    say("two workers")
    results["workers"] = vars(workers.measured(2, 4 if args.quick else workers.ROUNDS))
    say("growth")
    results["growth"] = growth.measured(seconds, quick=args.quick, say=say)
    results["took_s"] = round(time.monotonic() - began)
    report.write(args.out, results)
    say(f"written to {args.out}")
    return 0


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


def told(text: str) -> str:
    """A command or a configuration without where this folder happens to lie."""
    return text.replace(str(gateways.ROOT), ".")


def installed(makers: tuple[Callable[[], Gateway], ...]) -> tuple[list[Gateway], dict[str, str]]:
    """The gateways that can be had, and why the others cannot."""
    found, missing = [], {}
    for make in makers:
        try:
            found.append(make())
        except (OSError, subprocess.CalledProcessError) as error:
            missing[make.__name__] = str(error)[:200]
            say(f"{make.__name__} is missing: {error}")
    return found, missing


def one_round(gateway: Gateway, kept: Results, seconds: float) -> None:
    """Requests at full load and one at a time, in every size."""
    try:
        with measure.measured(gateway) as (process, first_s):
            kept["first_s"].append(first_s)
            for label, size in SIZES.items():
                full = measure.load("agents", size, CONNECTIONS, seconds, new_model=gateway.new_model, process=process)
                kept["unary"].setdefault(label, []).append(vars(full))
                alone = measure.load("known", size, 1, seconds, process=process)
                kept["alone"].setdefault(label, []).append(vars(alone))
            if gateway.new_model != gateways.ASKED:
                full = measure.load("new", 1000, CONNECTIONS, seconds, new_model=gateway.new_model, process=process)
                kept["unary"].setdefault("1 KB, every turn scored", []).append(vars(full))
    except OSError as error:
        say(f"{gateway.name}: {error}")


def streams(gateway: Gateway, seconds: float) -> Results:
    """The most streams within the limit, what an event cost then, and the memory that many streams take."""
    with measure.measured(gateway) as (process, _):
        most, tried = measure.most_streams(process, STREAM_LIMIT_MS, 8 if gateway.name == "LiteLLM" else 100, 1600, seconds)
        good = [load for load in tried if 0 <= load.delay_p99_us < STREAM_LIMIT_MS * 1000] or tried[:1]
        busiest = max(good, key=lambda load: load.events_per_s)
    held: Results = {}
    if gateway.name != "LiteLLM":
        with measure.measured(gateway) as (process, _):
            measure.load("streams", 1000, STREAMS_HELD, seconds, 3.0, process=process)
            held = {"memory_mb": measure.memory_mb(process)}
    return {"most": most, "cpu_per_event_us": busiest.cpu_per_event_us, "opening_p50_us": busiest.opening_p50_us,
            "tried": [vars(load) for load in tried], **held}  # fmt: skip


def first_byte(found: list[Gateway], seconds: float) -> Results:
    """Microseconds to the first byte of an answer of 30 KB's question, one stream at a time, direct and through each."""

    def opened(port: int) -> float:
        return measure.load("streams", FIRST_BYTE_SIZE, 1, seconds, port=port).opening_p50_us

    through = {}
    with measure.upstream(chunks=2, interval_us=1000):
        straight = opened(gateways.UPSTREAM)
        for gateway in found:
            with gateways.running(gateway, measure.GATEWAY_CORE):
                through[gateway.name] = opened(gateways.PORT)
    return {"direct_us": straight, "through_us": through}


def machine() -> Results:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
    return {
        "processor": model,
        "processors": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "kernel": platform.release(),
        "day": time.strftime("%Y-%m-%d"),
    }


if __name__ == "__main__":
    sys.exit(main())
