"""`pointsman eval chains TRACE`: recorded sessions through the gateway to a simulated provider, each call foretold."""

import argparse
import json
import logging
import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from gateway.evaluation.chains import Foretold, replayed
from gateway.evaluation.chains_score import score, total
from gateway.evaluation.chains_text import read_recorded
from gateway.evaluation.chains_world import RULES, Rule
from gateway.evaluation.policies_trace import NotSessions


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subject to `pointsman eval`."""
    parser = subparsers.add_parser(
        "chains",
        help="recorded sessions through the gateway to a simulated provider",
        description="Make prompts out of recorded sessions' block ids, send them through the gateway's own line to a "
        "simulated provider whose clock is moved, and compare what was foretold of each call with what was read. Example: "
        "pointsman eval chains weka_claude_code.jsonl.gz --sessions 40",
        epilog="Scores come with 95 %% intervals by drawing sessions anew. Exit codes: 0 done, 2 nothing to read.",
    )
    parser.add_argument("trace", metavar="TRACE", type=Path, help="a .jsonl or .jsonl.gz file of sessions with block ids")
    parser.add_argument("--sessions", type=int, metavar="N", help="so many of them, drawn by chance; all by default")
    names = [rule.name for rule in RULES]
    parser.add_argument("--rule", action="append", choices=names, help="how the provider lives; every one by default")
    parser.add_argument("--seed", type=int, default=0, help="of all drawing; default: %(default)s")
    parser.add_argument("--json", action="store_true", help="print one JSON object for each rule")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the scores; 2 when there is nothing readable."""
    try:
        sessions = read_recorded(args.trace)
    except (OSError, NotSessions) as error:
        print(f"pointsman eval chains: {error}", file=sys.stderr)
        return 2
    if args.sessions is not None:
        sessions = random.Random(args.seed).sample(sessions, min(args.sessions, len(sessions)))  # noqa: S311 - it must repeat
    with _quiet():
        for rule in RULES:
            if args.rule is None or rule.name in args.rule:
                _show(rule, replayed(sessions, rule, args.seed), as_json=args.json)
    return 0


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the gateway's lines on cold resumes, which are told here in sum."""
    log = logging.getLogger("pointsman.freshness")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)


def _show(rule: Rule, told: Sequence[Foretold], *, as_json: bool) -> None:
    sums, scores = total(told, rule.block), score(told, rule.block)
    if as_json:
        print(json.dumps({"rule": rule.name, "known": rule.known, "calls": len(told), "judged": sums.judged,
                          "unknown": sums.unknown, "misses": sums.rightly + sums.unseen, **scores}), flush=True)  # fmt: skip
        return
    known = "known" if rule.known else "to be learned"
    print(f"{rule.name}, {known}: {len(told)} calls, {sums.judged} judged, {sums.rightly + sums.unseen} misses, "
          f"{sums.unknown} times unknown")  # fmt: skip
    for name, (value, low, high) in scores.items():
        print(f"  {name:<15} {value:7.4f}   ({low:.4f} to {high:.4f})", flush=True)
