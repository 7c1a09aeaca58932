"""Writes what is generated from the metric families: the dashboards, and the reference page of the metrics.

`python dashboards/build.py` writes what differs; with `--check` it only says so, and exits 1 if anything does.
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from dashboards.freshness import freshness  # noqa: E402
from dashboards.operations import operations  # noqa: E402
from dashboards.routing import routing  # noqa: E402
from dashboards.spend import spend  # noqa: E402
from gateway.metering.families import CLOSED, CONFIGURED, FAMILIES, WORDS_MAX, Declared  # noqa: E402

INTRODUCTION = """\
# Metrics

`GET /metrics` answers in the Prometheus text format. Every label is a closed set: its values come from the config or
from the lists below, and everything else is `other`. Users, threads and keys are in the ledger, never here.

Dollar counters are exact: they are written with twelve decimals from whole pico-dollars. After a restart the request,
token and cost counters go on from the ledger. A gauge whose value is unknown is left out. Besides these, the page has
the usual `process_*` and `python_*` metrics.

This page is generated: `python dashboards/build.py`."""


def files() -> dict[Path, str]:
    """Every generated file and what belongs in it."""
    folder = ROOT / "dashboards" / "grafana"
    made = {
        folder / f"{board['uid'].removeprefix('pointsman-')}.json": json.dumps(board, indent=2, ensure_ascii=False) + "\n"
        for board in (spend(), freshness(), routing(), operations())
    }
    made[ROOT / "docs" / "reference" / "metrics.md"] = reference()
    return made


def reference() -> str:
    """The reference page: every family, its labels, and what its labels may say."""
    lines = [
        *INTRODUCTION.splitlines(),
        "",
        "| metric | type | labels | what it says |",
        "|---|---|---|---|",
        *(_line(declared) for declared in FAMILIES),
        "",
        "## Labels",
        "",
        "| label | values |",
        "|---|---|",
    ]
    labels = dict.fromkeys(label for declared in FAMILIES for label in declared.labels)
    lines += [f"| `{label}` | {_values(label)} |" for label in labels]
    lines += ["", "## Buckets", "", "| metric | upper bounds in seconds |", "|---|---|"]
    bounds = {each.name: ", ".join(f"{bound:g}" for bound in each.buckets) for each in FAMILIES if each.buckets}
    lines += [f"| `{name}` | {listed} |" for name, listed in bounds.items()]
    return "\n".join(lines) + "\n"


def _line(declared: Declared) -> str:
    labels = ", ".join(f"`{label}`" for label in declared.labels)
    return f"| `{declared.name}` | {declared.type} | {labels} | {declared.help} |"


def _values(label: str) -> str:
    if label in CONFIGURED:
        also = {"team": "; `default` where no keys are set", "route": "; `direct` where a model was named"}
        patterns = "; a pattern (`gpt-*`) stands for all models it fits" if CONFIGURED[label] == "model" else ""
        return f"{CONFIGURED[label]}s of the config{also.get(CONFIGURED[label], patterns)}; `other`"
    if label in CLOSED:
        return ", ".join(f"`{value}`" for value in CLOSED[label])
    return f"words of the program, at most {WORDS_MAX}; `other`"


def main(arguments: list[str]) -> int:
    """Write the files, or with `--check` compare them."""
    stale = [path for path, text in files().items() if not path.exists() or path.read_text("utf-8") != text]
    for path in stale:
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")
    if "--check" in arguments:
        return 1 if stale else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files()[path], "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
