"""What was measured, as a page people read, a file programs read, and plots."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import growth, svg, tls, workers

Results = dict[str, Any]

TARGETS: dict[str, tuple[str, str, float]] = {
    "1 KB": ("at least", "of nginx", 0.36),
    "30 KB": ("at least", "of nginx", 0.25),
    "300 KB": ("at least", "of nginx", 0.8),
}
PEERS = ("rolter", "ferrogw")
PEER_TARGETS = {"1 KB": 1.5, "30 KB": 2.0, "300 KB": 5.0}
LITELLM_TARGETS = {"1 KB": 120.0, "30 KB": 90.0, "300 KB": 40.0}
EVENT_TARGET_US, EVENT_TARGET_RATIO = 23.0, 1.4
STREAMS_TARGET = 750
START_TARGET_S, MEMORY_TARGET_MB = 0.6, 110.0
FIRST_BYTE_TARGET_MS = 0.3
TLS_EVENT_TARGET_US, TLS_LARGE_TARGET_MS = 10.0, 0.3
WORKERS_TARGET, UNEVEN_TARGET = 1.8, 0.2
ADDED_TARGETS_MS = {"1 KB": 0.11, "30 KB": 0.14, "300 KB": 0.27}


def write(folder: Path, results: Results) -> None:
    """Write `README.md`, `results.json` and the plots."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    for name, curve in results["growth"].items():
        file = folder / f"growth-{name.replace(' ', '-')}.svg"
        file.write_text(svg.lines(f"Cost of a request against {name}", name, "µs of processor", {"Pointsman": curve}))
    (folder / "throughput.svg").write_text(
        svg.lines("Requests per second on one core", "bytes of a request", "requests/s", _throughput(results))
    )
    (folder / "README.md").write_text("\n".join(_page(results)))


def best(runs: Sequence[Results], name: str = "per_s") -> float:
    return max(run[name] for run in runs)


def lowest(runs: Sequence[Results], name: str) -> float:
    return min(run[name] for run in runs)


def _throughput(results: Results) -> dict[str, svg.Points]:
    sizes = {"1 KB": 1e3, "30 KB": 3e4, "300 KB": 3e5}
    return {
        name: [(size, best(kept["unary"][label])) for label, size in sizes.items()]
        for name, kept in results["gateways"].items()
        if all(kept["unary"].get(label) for label in sizes)
    }


def verdicts(results: Results) -> list[tuple[str, str, str, bool]]:
    """Each target: what it is, what was measured, what was wanted, whether it holds. Of who is missing nothing is said."""
    ours = results["gateways"]["Pointsman"]
    others = {name: kept for name, kept in results["gateways"].items() if kept["unary"]}
    made: list[tuple[str, str, str, bool]] = []

    def told(what: str, value: float, wanted: float, at_least: bool, unit: str = "") -> None:
        holds = value >= wanted if at_least else value <= wanted
        made.append((what, f"{value:.3g}{unit}", f"{'≥' if at_least else '≤'} {wanted:g}{unit}", holds))

    for label, (_, _, wanted) in TARGETS.items():
        mine = best(ours["unary"][label])
        told(f"throughput at {label}, of nginx", mine / best(others["nginx"]["unary"][label]), wanted, True)
        peers = [best(others[name]["unary"][label]) for name in PEERS if name in others]
        if peers:
            told(f"throughput at {label}, times the best compiled gateway", mine / max(peers), PEER_TARGETS[label], True)
        if "LiteLLM" in others:
            rival = best(others["LiteLLM"]["unary"][label])
            told(f"throughput at {label}, times LiteLLM", mine / rival, LITELLM_TARGETS[label], True)
        told(f"added latency at {label}, median", _added(results, ours, label, "latency_p50_us"), ADDED_TARGETS_MS[label],
             False, " ms")  # fmt: skip
    event = ours["streams"]["cpu_per_event_us"]
    told("processor time per event at capacity", event, EVENT_TARGET_US, False, " µs")
    told("the same, times nginx", event / others["nginx"]["streams"]["cpu_per_event_us"], EVENT_TARGET_RATIO, False)
    told("streams at 50 events a second, p99 within 10 ms", ours["streams"]["most"], STREAMS_TARGET, True)
    told("start to first answer", min(ours["first_s"]), START_TARGET_S, False, " s")
    told("memory with 700 streams", ours["streams"]["memory_mb"], MEMORY_TARGET_MB, False, " MB")
    first = results["first_byte"]
    added = (first["through_us"]["Pointsman"] - first["direct_us"]) / 1000
    told("first byte of a stream at 30 KB, added", added, FIRST_BYTE_TARGET_MS, False, " ms")
    encrypted = tls.Found(**results["tls"])
    told("TLS to the upstream, added per event", encrypted.event_added_us, TLS_EVENT_TARGET_US, False, " µs")
    told("TLS to the upstream, added per 300 KB", encrypted.large_added_ms, TLS_LARGE_TARGET_MS, False, " ms")
    two = workers.Found(**results["workers"])
    told("two workers, times one", two.times(2), WORKERS_TARGET, True)
    told("connections beyond an even share", two.unevenness, UNEVEN_TARGET, False)
    return made


def _added(results: Results, kept: Results, label: str, name: str) -> float:
    """Milliseconds beyond the same request sent straight to the provider."""
    return (lowest(kept["alone"][label], name) - float(results["direct"][label][name])) / 1000


def _page(results: Results) -> list[str]:
    machine = results["machine"]
    page = [
        "# Benchmarks",
        "",
        "Made by `make bench`, which writes this page; do not edit it. Raw numbers: [results.json](results.json).",
        "",
        f"{machine['day']}, {machine['processors']} processors ({machine['processor']}), {machine['memory_gb']} GB, Linux"
        f" {machine['kernel']}; {results['took_s'] // 60} minutes.",
        "",
        "The gateway has one core, with every process it starts; load and provider share another. Everything is on in"
        " Pointsman: team key, rules, classification, freshness, prices, ledger, metrics. The provider answers from memory"
        " (`benchmarks/rig/upstream.c`), the load waits for each answer before it sends the next (`benchmarks/rig/load.c`)."
        " All gateways get the same requests: nineteen of twenty belong to a known thread and name a model, the twentieth"
        " begins a thread and leaves the choice to the gateway where there is one to make. Rounds are interleaved; numbers"
        " are best (worst).",
        "",
        "## Where we stand",
        "",
        *_verdict_table(results),
        "",
        "## Requests per second, 64 connections",
        "",
        *_unary_table(results),
        "",
        "![Requests per second](throughput.svg)",
        "",
        "## One connection: milliseconds beyond the provider's own",
        "",
        *_alone_table(results),
        "",
        "## Event streams, 50 events a second",
        "",
        *_streams_table(results),
        "",
        "Memory is that of a gateway with all its processes; a page that several share counts once among them.",
        "",
        "## First byte, TLS, two workers",
        "",
        *_rest(results),
        "",
        "## As the work grows",
        "",
        "Processor time per request of Pointsman, its ledger's writer included; for streams per event.",
        "",
        *_growth(results),
        "",
        "## Who was measured",
        "",
        *_who(results),
    ]
    return [*page, ""]


def _verdict_table(results: Results) -> list[str]:
    rows = verdicts(results)
    lost = [row for row in rows if not row[3]]
    head = f"{len(rows) - len(lost)} of {len(rows)} targets hold. Those that do not come first."
    table = ["| what | measured | target | |", "|---|---|---|---|"]
    for what, value, wanted, holds in (*lost, *(row for row in rows if row[3])):
        table.append(f"| {what} | {value} | {wanted} | {'holds' if holds else '**missed**'} |")
    return [head, "", *table]


def _unary_table(results: Results) -> list[str]:
    labels = ["1 KB", "1 KB, every turn scored", "30 KB", "300 KB"]
    table = [f"| | {' | '.join(labels)} | µs of processor at 1 KB |", f"|---|{'---|' * (len(labels) + 1)}"]
    for name, kept in results["gateways"].items():
        cells = []
        for label in labels:
            runs = kept["unary"].get(label)
            cells.append(f"{best(runs):,.0f} ({lowest(runs, 'per_s'):,.0f})" if runs else "")
        cpu = lowest(kept["unary"]["1 KB"], "cpu_us") if kept["unary"].get("1 KB") else 0.0
        table.append(f"| {name} | {' | '.join(cells)} | {cpu:,.0f} |")
    return table


def _alone_table(results: Results) -> list[str]:
    labels = list(ADDED_TARGETS_MS)
    table = [f"| | {' | '.join(f'{label} p50 | p99' for label in labels)} |", f"|---|{'---|' * (2 * len(labels))}"]
    for name, kept in results["gateways"].items():
        if not kept["alone"]:
            continue
        cells = [
            f"{_added(results, kept, label, each):.2f}"
            for label in labels
            for each in ("latency_p50_us", "latency_p99_us")
        ]
        table.append(f"| {name} | {' | '.join(cells)} |")
    return table


def _streams_table(results: Results) -> list[str]:
    heads = ("", "most with p99 within 10 ms", "µs of processor per event", "MB with 700", "seconds to first answer")
    table = [f"| {' | '.join(heads)} |", "|---|---|---|---|---|"]
    for name, kept in results["gateways"].items():
        found = kept["streams"]
        memory = f"{found['memory_mb']:.0f}" if "memory_mb" in found else ""
        first = f"{min(kept['first_s']):.2f}" if kept["first_s"] else ""
        table.append(f"| {name} | {found['most']} | {found['cpu_per_event_us']:.1f} | {memory} | {first} |")
    return table


def _rest(results: Results) -> list[str]:
    first = results["first_byte"]
    told = ", ".join(f"{name} {(us - first['direct_us']) / 1000:.2f}" for name, us in first["through_us"].items())
    encrypted, two = tls.Found(**results["tls"]), workers.Found(**results["workers"])
    held = "; ".join(f"{count}: {', '.join(map(str, each))}" for count, each in two.held.items())
    return [
        f"- First byte of a stream asked for with 30 KB, milliseconds beyond the provider's own: {told}.",
        f"- TLS to the upstream: {encrypted.event_us[0]:.1f} µs an event in the clear, {encrypted.event_us[1]:.1f}"
        f" with TLS; {encrypted.large_us[0]:,.0f} and {encrypted.large_us[1]:,.0f} µs a request of 300 KB.",
        f"- Two workers: a request takes {two.alone_us:.0f} µs of processor with one, {two.several_us:.0f} with two that"
        " share a core. Two cores could not be given to them here, for the load needs one."
        f" Connections held by each: {held}.",
    ]


def _growth(results: Results) -> list[str]:
    parts: list[str] = []
    for name, curve in results["growth"].items():
        grown = growth.summary(curve)
        numbers = ", ".join(f"{svg.short(at)}: {cost:,.0f} µs" for at, cost in curve)
        parts += [
            f"**{name}**: {numbers}. {grown['factor']:,.0f} times as many cost {grown['cost']:.1f} times as much.",
            "",
            f"![{name}](growth-{name.replace(' ', '-')}.svg)",
            "",
        ]
    return parts


def _who(results: Results) -> list[str]:
    parts = [f"- {name} is missing here: {why}" for name, why in results["missing"].items()]
    for name, kept in results["gateways"].items():
        parts += [f"### {name} {kept['version']}", "", "```", f"$ {kept['command']}", ""]
        parts += [kept["configuration"].rstrip(), "```", ""]
    return parts
