"""`pointsman eval policies TRACE`: what ways to choose a thread's model cost, played on recorded sessions."""

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from gateway.evaluation.policies import POLICIES, Played, oracle, play
from gateway.evaluation.policies_trace import MIXES, Mix, NotSessions, Session, kinds, read_sessions
from gateway.evaluation.policies_world import PAIRS, Pair, World
from gateway.metering.prices import PriceBook
from gateway.metering.types import PICOS_PER_USD

Table = Mapping[str, Played]


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subject to `pointsman eval`."""
    parser = subparsers.add_parser(
        "policies",
        help="what ways to choose a thread's model cost, played on recorded sessions",
        description="Play recorded sessions with two models under several policies, an oracle among them, at today's list "
        "prices. Which turns are code no trace tells: it is drawn, for two mixes. Example: "
        "pointsman eval policies weka_claude_code.jsonl.gz",
        epilog="Percentages are against the oracle; broken are turns of code on the general model. Exit codes: 0 done, "
        "2 nothing to read.",
    )
    parser.add_argument("trace", metavar="TRACE", type=Path, help="a .jsonl or .jsonl.gz file of sessions with block ids")
    parser.add_argument("--seed", type=int, default=0, help="of the drawing of kinds; default: %(default)s")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print a table for each pair of models and each mix; 2 when there is nothing readable."""
    try:
        sessions = read_sessions(args.trace)
    except (OSError, NotSessions) as error:
        print(f"pointsman eval policies: {error}", file=sys.stderr)
        return 2
    prices, at = PriceBook.load(()), time.time()
    played = [(pair, mix, table(sessions, pair, mix, prices, at, args.seed)) for pair in PAIRS for mix in MIXES]
    if args.json:
        print(json.dumps([_told(*each) for each in played]))
    else:
        for each in played:
            _show(*each)
    return 0


def table(sessions: Sequence[Session], pair: Pair, mix: Mix, prices: PriceBook, at: float, seed: int) -> Table:
    """What each policy made of all sessions."""
    sums = {name: Played() for name in (*POLICIES, "oracle")}
    for session in sessions:
        world, drawn = World(session, pair, prices, at), kinds(session, mix, seed)
        for name, policy in POLICIES.items():
            sums[name].add(play(world, drawn, policy))
        sums["oracle"].add(oracle(world, drawn))
    return sums


def _told(pair: Pair, mix: Mix, played: Table) -> dict[str, object]:
    best = played["oracle"].picos
    return {
        "pair": pair.name,
        "mix": mix.name,
        "policies": {
            name: {
                "usd": round(each.picos / PICOS_PER_USD, 2),
                "over_oracle": round(each.picos / best - 1, 4),
                "switches": each.switches,
                "code_turns_on_general": each.broken,
            }
            for name, each in played.items()
        },
    }


def _show(pair: Pair, mix: Mix, played: Table) -> None:
    print(f"{pair.name}, {mix.name}")
    best = played["oracle"].picos
    for name, each in played.items():
        usd, over = each.picos / PICOS_PER_USD, 100 * (each.picos / best - 1)
        print(f"  {name:<15} ${usd:>9,.2f}  {over:+7.2f} %  {each.switches:>5} switches  {each.broken:>5} broken")
