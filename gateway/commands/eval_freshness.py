"""`pointsman eval freshness TRACE`: foretells every recorded call's cached tokens, then says how good that was."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from cache.priors import shipped, written
from cache.survival import Survival
from gateway.evaluation.freshness_replay import Prediction, Replay, learned_from, left_out, line
from gateway.evaluation.freshness_score import Pair, score
from gateway.evaluation.freshness_trace import Call, NotATrace, read_trace, scored
from gateway.metering.prices import PriceBook

ABOUT = {
    "about": "How often cached prompts were read again, by gap and by what could be seen of the prompt beforehand. Per bin "
    "and in this order: whole, up to the turn's beginning, in between, tools and system prompt at most.",
    "source": "Usage numbers (no text) of Claude Code and Codex sessions, January to July 2026, in the public branches "
    "entire/checkpoints/v1 of entireio/cli @394f81f, FSM1/cipher-box @e227f11, PackmindHub/context-evaluator @63679d4, "
    "EntityProcess/agentv @47dca0e and entireio/skills @5fa5d6d.",
    "licence": "MIT (entireio/cli, entireio/skills, FSM1/cipher-box, EntityProcess/agentv), Apache-2.0 "
    "(PackmindHub/context-evaluator); the counts here are derived from them.",
    "made by": "pointsman eval freshness --write-priors; 243 sessions, 15,194 calls.",
}


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subject to `pointsman eval`."""
    parser = subparsers.add_parser(
        "freshness",
        help="what would be read from prompt caches, foretold call by call",
        description="Replay recorded calls in the order of their sending through the gateway's own forecast. Each call is "
        "foretold before its outcome is looked at; learning goes on while it runs. Example: "
        "pointsman eval freshness observed_codex.csv.gz --predictions out.jsonl",
        epilog="Scores come with 95 % intervals by drawing sessions anew. Exit codes: 0 done, 2 nothing to read.",
    )
    parser.add_argument("trace", metavar="TRACE", nargs="+", type=Path, help="a .csv or .csv.gz file of recorded calls")
    parser.add_argument("--predictions", type=Path, metavar="OUT.jsonl", help="a line per call, in the trace's order")
    parser.add_argument(
        "--folds",
        type=int,
        metavar="N",
        help="foretell every session by what the sessions of the other folds taught, without the shipped priors",
    )
    parser.add_argument("--seed", type=int, default=0, help="which session falls into which fold; default: %(default)s")
    parser.add_argument("--json", action="store_true", help="print the scores as one JSON object")
    parser.add_argument("--write-priors", type=Path, metavar="FILE", help="learn from all of it and write what was learned")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the scores; 2 when there is nothing readable."""
    try:
        traces = [read_trace(path) for path in args.trace]
    except (OSError, NotATrace) as error:
        print(f"pointsman eval freshness: {error}", file=sys.stderr)
        return 2
    if args.folds is not None and args.folds < 2:
        print("pointsman eval freshness: --folds takes 2 or more", file=sys.stderr)
        return 2
    prices = PriceBook.load(())
    if args.write_priors is not None:
        calls = [call for trace in traces for call in trace]
        args.write_priors.write_text(written(learned_from(calls, prices, float("inf")), ABOUT), "utf-8")
        return 0
    predictions = [_foretold(calls, prices, args.folds, args.seed) for calls in traces]
    if args.predictions is not None:
        lines = [json.dumps(line(one), ensure_ascii=False) for made in predictions for one in made]
        args.predictions.write_text("".join(f"{each}\n" for each in lines), "utf-8")
    for path, calls, made in zip(args.trace, traces, predictions, strict=True):
        _show(path, score(_pairs(calls, made)), as_json=args.json)
    return 0


def _foretold(calls: Sequence[Call], prices: PriceBook, folds: int | None, seed: int) -> list[Prediction]:
    """A prediction for each call, in the trace's order."""
    made = left_out(calls, prices, folds, seed) if folds else Replay(Survival(shipped()), prices).run(calls)
    by_key = {prediction.call.key: prediction for prediction in made}
    return [by_key[call.key] for call in calls]


def _pairs(calls: Sequence[Call], made: Sequence[Prediction]) -> list[Pair]:
    outlooks = {prediction.call.key: prediction.outlook for prediction in made}
    return [(before, call, outlook) for before, call in scored(calls) if (outlook := outlooks[call.key]) is not None]


def _show(path: Path, scores: dict[str, dict[str, tuple[float, float, float]]], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"trace": path.name, **scores}))
        return
    print(path.name)
    for name, values in scores.items():
        print(f"  {name}")
        for measure, (value, low, high) in values.items():
            digits = 0 if measure == "token_error" else 4 if measure == "brier" else 3
            print(f"    {measure:12} {value:9,.{digits}f}   ({low:,.{digits}f} to {high:,.{digits}f})")
