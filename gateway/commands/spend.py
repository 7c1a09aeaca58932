"""`pointsman spend`: what was spent, from the ledger."""

import argparse
import json
import sqlite3
import sys
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TextIO

from gateway.api import spend_csv
from gateway.api.spend_json import as_json
from gateway.commands import spend_choices, spend_compare, spend_tree, spend_wasted
from gateway.commands.books import CONFIG_HELP, HOME_HELP, opened
from gateway.config.problems import ConfigError
from gateway.metering.ledger import Ledger, LedgerError
from gateway.metering.ledger_retention import kept_since
from gateway.metering.prices import PriceBook
from gateway.metering.spend import BY, Report, is_of_rows, report, since
from gateway.metering.spend_choices import choices
from gateway.metering.spend_compare import compare
from gateway.metering.spend_focus import focus
from gateway.metering.spend_tree import forest
from gateway.metering.spend_wasted import waste

_OUTPUTS = ("output", "reasoning", "output_audio", "output_image")


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "spend",
        help="what was spent: by team, user, model, route, thread, agent, agent tree",
        description="Read the ledger, also while the gateway runs. Dollars are exact; what has no price is counted apart "
        "and never added as 0. Example: pointsman spend --by model --since 7d",
    )
    parser.add_argument("--by", choices=BY, default="team", help="default: %(default)s")
    parser.add_argument("--since", default="month", metavar="WHEN", help="24h, 7d, today, month, 2026-11-01, a time, or all")
    parser.add_argument("--team", help="of this team alone")
    parser.add_argument("--session", help="with --by agent_tree: this one alone, agent by agent")
    parser.add_argument("--compare", action="store_true", help="beside it what the same would have cost otherwise")
    parser.add_argument("--wasted", action="store_true", help="what lost prompt caches cost, by cause, client and team")
    parser.add_argument("--choices", action="store_true", help="why threads stayed with a model or went, with dollars")
    parser.add_argument(
        "--format",
        choices=("table", "csv", "json", "focus"),
        default="table",
        help="focus: a CSV of charges per day as FOCUS 1.4 wants it; default: %(default)s",
    )
    parser.add_argument("--config", type=Path, help=CONFIG_HELP)
    parser.add_argument("--home", type=Path, help=HOME_HELP)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the report."""
    if args.session is not None and (args.by != "agent_tree" or args.format == "focus"):
        print("pointsman spend: --session goes with --by agent_tree, and with no focus", file=sys.stderr)
        return 2
    if args.compare and (args.format == "focus" or args.session is not None):
        print("pointsman spend: --compare goes with neither focus nor --session", file=sys.stderr)
        return 2
    beside = args.format == "focus" or args.compare or args.session is not None or args.by != "team"
    if (args.wasted or args.choices) and (beside or (args.wasted and args.choices)):
        word = "choices" if args.choices else "wasted"
        print(f"pointsman spend: --{word} goes with no other view, --by, --session or focus", file=sys.stderr)
        return 2
    try:
        start = since(args.since, time.time())
    except ValueError as error:
        print(f"pointsman spend: {error}", file=sys.stderr)
        return 2
    try:
        _write(opened(args.home, args.config), args, start)
    except ConfigError as error:
        for problem in error.problems:
            print(f"{args.config}: {problem.severity}: {problem}", file=sys.stderr)
        return 1
    except (LedgerError, sqlite3.Error) as error:
        print(f"pointsman spend: {error}", file=sys.stderr)
        return 1
    return 0


def _write(ledger: Ledger, args: argparse.Namespace, start: float) -> None:
    out = sys.stdout
    if args.wasted or args.choices or args.compare or args.format == "focus" or is_of_rows(args.by):
        _deleted(ledger, start)
    if args.format == "focus":
        found = focus(ledger, args.by, start, args.team, PriceBook.load(()))
        spend_csv.write(out, spend_csv.focus_table(found))
        if found.unpriced:
            print(f"{found.unpriced} requests have no price, or not for all they used: not in here", file=sys.stderr)
        return
    if args.wasted:
        lost = waste(ledger, start, args.team)
        spend_wasted.write(lost, args.format, out)
        _left_out(lost.left_out)
        return
    if args.choices:
        chosen = choices(ledger, start, args.team)
        spend_choices.write(chosen, args.format, out)
        _left_out(chosen.left_out)
        return
    if args.compare:
        compared = compare(ledger, args.by, start, args.team)
        spend_compare.write(compared, args.format, out)
        _left_out(compared.left_out)
        return
    if args.by == "agent_tree":
        trees = forest(ledger, start, args.team, args.session)
        spend_tree.write(trees, args.format, out)
        _left_out(trees.left_out)
        return
    made = report(ledger, args.by, start, args.team)
    if args.format == "json":
        json.dump(as_json(made), out, indent=2, ensure_ascii=False)
        out.write("\n")
    elif args.format == "csv":
        spend_csv.write(out, spend_csv.report_table(made))
    else:
        _table(made, out)
    _left_out(made.left_out)


def _deleted(ledger: Ledger, start: float) -> None:
    """Say from when on there are single requests, where what is asked reaches further back."""
    kept = kept_since(ledger)
    if kept is not None and start < kept:
        day = datetime.fromtimestamp(kept, UTC)
        print(f"single requests are kept since {day:%Y-%m-%d}: what is older is not in here", file=sys.stderr)


def _left_out(lines: int) -> None:
    if lines:
        print(f"{lines} smaller lines are left out; the total has them", file=sys.stderr)


def _table(found: Report, out: TextIO) -> None:
    lines = [*found.lines, found.total]
    names = [_shown(line.name) for line in lines]
    width = max(len(found.by), *map(len, names))
    out.write(f"{found.by:<{width}}  {'requests':>9}  {'input':>12}  {'cached':>12}  {'output':>10}  {'USD':>16}  notes\n")
    for name, line in zip(names, lines, strict=True):
        read = line.tokens.get("cache_read", 0)
        output = sum(line.tokens.get(kind, 0) for kind in _OUTPUTS)
        fresh = sum(line.tokens.values()) - read - output
        notes = [f"{line.unpriced} unpriced"] if line.unpriced else []
        notes += [f"{line.estimated} estimated"] if line.estimated else []
        usd = "unknown" if line.usd is None else f"{Decimal(line.usd):.6f}"
        row = f"{name:<{width}}  {line.requests:>9}  {fresh:>12}  {read:>12}  {output:>10}  {usd:>16}"
        out.write(f"{row}  {', '.join(notes)}".rstrip() + "\n")


def _shown(name: str) -> str:
    """A name that cannot move the cursor."""
    return "".join(each if each.isprintable() else "?" for each in name) or "(none)"
