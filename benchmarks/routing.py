"""`make bench-routing`: what the cross-validation found, what the shipped weights do, and the page that tells both.

    python -m benchmarks.routing CASES.jsonl

reads `docs/benchmarks/routing.json`, into which the training puts the cross-validated figures (`--figures`), adds flips,
time, the classifiers of others and the hard requests that are kept aside, and writes the page and the model card's figures.
"""

import argparse
import json
import platform
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import routing_page
from gateway.evaluation.routing_cases import Case, cases, lines_of
from gateway.evaluation.routing_rivals import rivals
from gateway.evaluation.routing_score import Verdict, figures
from gateway.evaluation.routing_steps import decided, flips, latency, rival_us
from routing.policy import MIN_CONFIDENCE
from routing.weights import FOLDER, read
from training.written import FOLDER as HARD
from training.written import SETS, requests_of

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "benchmarks" / "routing.json"
PAGE = ROOT / "docs" / "benchmarks" / "routing.md"
CARD = ROOT / "docs" / "model-card.md"


def main() -> int:
    """Measure, then write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.routing", description="The page on routing, measured anew.")
    parser.add_argument("cases", type=Path, nargs="?", help="the labelled requests; without any, only what needs none")
    args = parser.parse_args()
    results = json.loads(RESULTS.read_text("utf-8"))
    if "cross_validated" not in results:
        results = {"cross_validated": results}
    if args.cases is None and "evaluated" not in results:
        parser.error("the training has written new figures: name the labelled requests once, CASES=cases.jsonl")
    if args.cases is not None:
        results["evaluated"] = evaluated(list(cases(lines_of(args.cases))))
    results |= {name: hard(HARD / f"{name}.jsonl") for name in SETS}
    results |= {"weights": weights(), "python": platform.python_version()}
    RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", "utf-8")
    PAGE.write_text(routing_page.page(results), "utf-8")
    CARD.write_text(routing_page.card(CARD.read_text("utf-8"), results), "utf-8")
    print(f"{PAGE.relative_to(ROOT)}: {routing_page.percent(results['cross_validated']['accuracy'])} % cross-validated, "
          f"{routing_page.percent(results['kept']['accuracy'])} % of the hard ones kept aside")  # fmt: skip
    return 0


def evaluated(found: list[Case]) -> dict[str, Any]:
    """Flips and time of the shipped weights, and the others on the same requests."""
    verdicts = [decided(case.dialect, case.body) for case in found]
    return {"flips": flips(found, verdicts), "latency": latency(found), "naive_us": naive_us(found), "rivals": others(found)}


def naive_us(found: list[Case]) -> dict[str, float]:
    """What a plain search for words takes of the same texts, as a measure of the machine."""
    return rival_us(found, dict(rivals())["a naive regular expression"])


def hard(file: Path) -> dict[str, Any]:
    """Hard requests that were never learned from."""
    found = list(cases(requests_of(file)))
    made = figures(found, [decided(case.dialect, case.body) for case in found], MIN_CONFIDENCE)
    return {**made, "rivals": others(found)}


def others(found: list[Case]) -> dict[str, dict[str, float]]:
    """What others ship, on the same requests."""
    told = {}
    for name, rival in rivals():
        made = figures(found, [Verdict(rival(case), 1.0) for case in found], 0.0)
        told[name] = {rate: made[rate] for rate in routing_page.RATES}
    return told


def weights() -> dict[str, float]:
    """Their size, and the best of three times that reading takes."""
    took = []
    for _ in range(3):
        began = time.thread_time()
        read(FOLDER)
        took.append(time.thread_time() - began)
    return {"bytes": sum(file.stat().st_size for file in FOLDER.iterdir()), "read_ms": round(min(took) * 1000, 1)}


if __name__ == "__main__":
    sys.exit(main())
