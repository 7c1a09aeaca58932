"""`pointsman eval routing CASES.jsonl`: labelled requests are decided again, and compared."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from gateway.evaluation.routing_cases import Case, NotACase, cases, lines_of
from gateway.evaluation.routing_rivals import rivals
from gateway.evaluation.routing_score import Verdict, figures
from gateway.evaluation.routing_steps import decided, flips, latency
from routing.policy import MIN_CONFIDENCE

WORST = 12
"""Slices shown, the weakest first."""


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subject to `pointsman eval`."""
    parser = subparsers.add_parser(
        "routing",
        help="code or general, decided again for labelled requests",
        description="Decide every request of a file as if it were a thread's first, and say how often that was right. "
        'A line is {"request": …, "api": "chat|responses|messages", "label": "code|general"}, and, where known, "source", '
        '"slice", "lang", "ambiguous", "thread". Example: pointsman eval routing cases.jsonl --json',
        epilog="The weights that are shipped have seen their own training data: figures on those flatter. Exit codes: "
        "0 done, 2 nothing to read.",
    )
    parser.add_argument("cases", metavar="CASES.jsonl", type=Path, help="labelled requests, a JSON object a line")
    told = "confidence to act alone from; default: %(default)s"
    parser.add_argument("--threshold", type=float, default=MIN_CONFIDENCE, help=told)
    parser.add_argument("--no-rivals", action="store_true", help="leave out what others ship")
    parser.add_argument("--no-latency", action="store_true", help="leave out the timing by size")
    parser.add_argument("--predictions", type=Path, metavar="OUT.jsonl", help="a line per case, in the file's order")
    parser.add_argument("--json", action="store_true", help="print everything as one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the figures."""
    try:
        found = list(cases(lines_of(args.cases)))
    except (OSError, NotACase) as error:
        print(f"pointsman eval routing: {args.cases}: {error}", file=sys.stderr)
        return 2
    if not found:
        print(f"pointsman eval routing: {args.cases}: no case", file=sys.stderr)
        return 2
    verdicts = [decided(case.dialect, case.body) for case in found]
    made = figures(found, verdicts, args.threshold)
    made["flips"] = flips(found, verdicts)
    if not args.no_rivals:
        made["rivals"] = {name: _of_rival(found, [Verdict(rival(case), 1.0) for case in found]) for name, rival in rivals()}
    if not args.no_latency:
        made["latency"] = latency(found)
    if args.predictions:
        args.predictions.write_text("".join(map(_line, found, verdicts)), encoding="utf-8")
    if args.json:
        print(json.dumps(made, indent=2, ensure_ascii=False))
    else:
        table(made)
    return 0


def _of_rival(found: list[Case], verdicts: list[Verdict]) -> dict[str, Any]:
    made = figures(found, verdicts, 0.0)
    return {name: made[name] for name in ("accuracy", "accuracy_unambiguous", "macro", "code_to_general", "general_to_code")}


def _line(case: Case, verdict: Verdict) -> str:
    told = {"id": case.name, "route": "code" if verdict.code else "general", "confidence": round(verdict.confidence, 4)}
    return json.dumps(told, ensure_ascii=False) + "\n"


def table(made: dict[str, Any]) -> None:
    """Print figures as a table; those that were not made are left out."""
    print(f"{made['cases']} cases")
    for name in ("accuracy", "accuracy_unambiguous", "macro", "code_to_general", "general_to_code", "calibration_error"):
        print(f"  {name.replace('_', ' '):24} {made[name]:.4f}")
    print(f"  {'abstained':24} {made['abstained']:.4f}, of the rest {made['accuracy_not_abstained']:.4f} right")
    if "flips" in made:
        print(f"  {'flips':24} {made['flips']['flipped']} of {made['flips']['tasks']} tasks of several steps")
    for each in made["coverage"]:
        least = each["confidence_from"]
        print(f"  most confident {each['share']:4.0%}      {each['accuracy']:.4f}  (confidence from {least:.3f})")
    for title in ("slices", "languages", "dialects"):
        print(title)
        weakest = sorted(made[title].items(), key=lambda item: float(item[1]["accuracy"]))
        for name, each in weakest[:WORST]:
            print(f"  {name[:24]:24} {each['accuracy']:.3f} of {each['cases']}")
    for name, each in made.get("rivals", {}).items():
        print(f"{name}: accuracy {each['accuracy']:.3f}, macro {each['macro']:.3f}")
    for size, each in made.get("latency", {}).items():
        decide, whole = each["classify_us"], each["with_reading_us"]
        told = f"classify p50 {decide['p50']} p99 {decide['p99']} us, with reading p50 {whole['p50']} us"
        print(f"bodies from {size} bytes: {told}")
