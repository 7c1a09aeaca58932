"""`pointsman eval policies TRACE`: what ways to choose a thread's model cost, played on recorded sessions."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from gateway.evaluation.policies_habits import FOLDS, folded
from gateway.evaluation.policies_score import Compared, compare
from gateway.evaluation.policies_trace import MIXES, NotSessions, Session, read_sessions
from gateway.evaluation.policies_world import PAIRS
from gateway.metering.prices import PriceBook
from routing.ahead import SHIPPED

DRAWS = 5


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subject to `pointsman eval`."""
    parser = subparsers.add_parser(
        "policies",
        help="what ways to choose a thread's model cost, played on recorded sessions",
        description="Play recorded sessions with two models under several policies, an oracle among them, at today's list "
        "prices. Which turns are code no trace tells: it is drawn, for two mixes. Example: "
        "pointsman eval policies weka_claude_code.jsonl.gz",
        epilog="Percentages are against the oracle, in parentheses 95 %% of samples of the sessions; broken are turns of "
        "code on the general model; the last column is the share of samples in which ours is no dearer. Exit codes: 0 done, "
        "2 nothing to read.",
    )
    told = "sessions with block ids (.jsonl) or calls with their counts (.csv), or .gz"
    parser.add_argument("trace", metavar="TRACE", type=Path, help=told)
    parser.add_argument("--seed", type=int, default=0, help="of the first drawing of kinds; default: %(default)s")
    parser.add_argument("--draws", type=_positive, default=DRAWS, help="drawings of kinds; default: %(default)s")
    parser.add_argument(
        "--folds", type=int, default=FOLDS, help="count habits without the sessions judged, in so many parts; "
        "0: those that are shipped; default: %(default)s",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print a table for each pair of models and each mix; 2 when there is nothing readable."""
    try:
        sessions = read_sessions(args.trace)
    except (OSError, NotSessions) as error:
        print(f"pointsman eval policies: {error}", file=sys.stderr)
        return 2
    played = compared(sessions, range(args.seed, args.seed + args.draws), args.folds)
    if args.json:
        print(json.dumps(msgspec.to_builtins(played)))
    else:
        for each in played:
            _show(each, args.draws)
    return 0


def compared(sessions: Sequence[Session], seeds: Sequence[int], folds: int) -> list[Compared]:
    """Every pair of models under every mix."""
    prices, at = PriceBook.load(()), time.time()
    parted = folds > 1 and len(sessions) >= folds
    habits = folded(sessions, folds) if parted else dict.fromkeys([session.name for session in sessions], SHIPPED)
    return [compare(sessions, pair, mix, prices, at, habits, seeds) for pair in PAIRS for mix in MIXES]


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError
    return number


def _show(played: Compared, draws: int) -> None:
    print(f"{played.pair}, {played.mix}")
    for name, line in played.lines.items():
        over, bounds = 100 * line.over_oracle, f"({100 * line.low:+.1f} to {100 * line.high:+.1f})"
        moved = f"{line.switches:>6.0f} switches  {line.code_turns_on_general:>5.0f} broken"
        print(f"  {name:<24} ${line.usd:>9,.2f}  {over:+7.2f} % {bounds:<18} {moved}  {100 * line.ours_no_dearer:>4.0f} %")
    print(f"  ours the cheapest that breaks nothing: {100 * played.ours_cheapest:.0f} % of samples, "
          f"{played.draws_ours_cheapest} of {draws} drawings")  # fmt: skip
