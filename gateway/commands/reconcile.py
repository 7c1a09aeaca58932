"""`pointsman reconcile`: the provider's bill against the ledger, gap by gap."""

import argparse
import json
import os
import sqlite3
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from gateway.api import spend_csv
from gateway.commands.books import HOME_HELP, opened
from gateway.config.problems import ConfigError
from gateway.config.schema import Config, Upstream
from gateway.metering.ledger import LedgerError
from gateway.metering.spend import since
from gateway.reconcile.api import Account, NotTold, add_account
from gateway.reconcile.files import add_file
from gateway.reconcile.ours import booked
from gateway.reconcile.pages import DAY_S, NotABill
from gateway.reconcile.reconcile import reconcile
from gateway.reconcile.told import as_json, by_cause, date, lines, note
from gateway.reconcile.types import CAUSES, Bill, Reconciled

HARMLESS = frozenset(("rounding", "late", "not_billed_yet"))
"""Causes that are nobody's fault and need nothing done."""
SHOWN_MAX = 40
HEAD = ("day", "provider", "key", "model", "kind", "tier", "cause", "tokens", "usd")


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "reconcile",
        help="the provider's bill against the ledger, gap by gap, with the cause of each",
        description="Compare usage and cost reports of OpenAI or Anthropic with the ledger, by day, key, model, kind of "
        "token and tier. Reports come from files, or from the admin API with the admin keys of the config. Exit code 1: "
        "something is to be looked into. Example: pointsman reconcile --bill usage.json --bill costs.json",
    )
    parser.add_argument(
        "--bill", type=Path, action="append", metavar="FILE", help="a report as the API answers it, or as OpenAI's CSV"
    )
    parser.add_argument("--config", type=Path, help="upstreams with the keys of their reports, and where the ledger lies")
    parser.add_argument("--since", default="7d", metavar="WHEN", help="of the admin API; default: %(default)s")
    parser.add_argument("--format", choices=("table", "csv", "json"), default="table", help="default: %(default)s")
    parser.add_argument("--home", type=Path, help=HOME_HELP)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the comparison."""
    home = args.home or Path(os.environ.get("POINTSMAN_HOME") or ".pointsman")
    if not args.bill and args.config is None:
        print("pointsman reconcile: name a --bill, or a --config with admin keys", file=sys.stderr)
        return 2
    try:
        config = None if args.config is None else _config(args.config)
        bill = _bill(args, config)
        if not (days := bill.usage_days | bill.cost_days):
            print("pointsman reconcile: the bill is empty", file=sys.stderr)
            return 2
        ours = booked(opened(args.home, args.config), min(days), max(days), _keys(config))
    except ConfigError as error:
        for problem in error.problems:
            print(f"{args.config}: {problem.severity}: {problem}", file=sys.stderr)
        return 2
    except (NotABill, NotTold, OSError, ValueError, LedgerError, sqlite3.Error) as error:
        print(f"pointsman reconcile: {error}", file=sys.stderr)
        return 2
    found = reconcile(bill, ours)
    note(home, found)
    _write(found, bill, args.format, sys.stdout)
    return 0 if set(by_cause(found)) <= HARMLESS else 1


def _config(path: Path) -> Config:
    from gateway.config.load import load  # a bill in files needs no config, and no time to read one

    return load(path, os.environ)


def _keys(config: Config | None) -> Mapping[str, str]:
    """The providers' key ids by upstream."""
    upstreams = {} if config is None else config.upstreams
    return {name: each.reports.key_id for name, each in upstreams.items() if each.reports.key_id}


def _bill(args: argparse.Namespace, config: Config | None) -> Bill:
    """Everything the provider says, from files or from its API. An account is asked once, however many upstreams are its."""
    bill = Bill(used={}, costs=[], usage_days=set(), cost_days=set())
    for path in args.bill or ():
        add_file(bill, path)
    if not args.bill and config is not None:
        now = time.time()
        accounts = {_account(each) for each in config.upstreams.values() if each.reports.key.get_secret_value()}
        if not accounts:
            raise NotTold("no upstream of the config has a reports.key")
        for account in sorted(accounts, key=lambda each: each.base_url):
            add_account(bill, account, int(since(args.since, now) // DAY_S), int(now // DAY_S))
    return bill


def _account(upstream: Upstream) -> Account:
    return Account(
        base_url=upstream.url, provider=upstream.provider, admin_key=upstream.reports.key.get_secret_value()
    )


def _write(found: Reconciled, bill: Bill, form: str, out: TextIO) -> None:
    if form == "json":
        json.dump(as_json(found), out, indent=2)
        out.write("\n")
        return
    told = list(lines(found))
    if form == "csv":
        spend_csv.write(out, (HEAD, told))
        return
    captured = "" if found.captured is None else f", {found.captured:.2%} of it came through here"
    out.write(f"{date(found.first_day)} to {date(found.last_day)}: {found.billed_tokens} tokens billed{captured}\n")
    for cause, part in by_cause(found).items():
        dollars = "" if part.picos is None else f"${part.picos / 10**12:.6f}"
        out.write(f"  {cause:<15} {part.tokens:>14} tokens  {dollars:>16}  {CAUSES[cause]}\n")
    if bill.skipped:
        out.write(f"  {bill.skipped} charges are for no tokens and are left out\n")
    widths = [max(len(cells[at]) for cells in (HEAD, *told[:SHOWN_MAX])) for at in range(len(HEAD))]
    for cells in (HEAD, *told[:SHOWN_MAX]) if told else ():
        out.write("  ".join(f"{_shown(cell):<{wide}}" for cell, wide in zip(cells, widths, strict=True)).rstrip() + "\n")
    if len(told) > SHOWN_MAX:
        out.write(f"{len(told) - SHOWN_MAX} more with --format csv\n")


def _shown(name: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in name)
