"""`pointsman spend`: what was spent, from the ledger."""

import argparse
import csv
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TextIO

from gateway.api.spend_json import as_json
from gateway.metering.ledger import Ledger, LedgerError
from gateway.metering.spend import BY, Report, report, since, usd
from gateway.metering.types import KINDS

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would calculate; names in the ledger come from clients."""


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "spend",
        help="what was spent: by team, user, model, route, thread, agent",
        description="Read the ledger, also while the gateway runs. Dollars are exact; what has no price is counted apart "
        "and never added as 0. Example: pointsman spend --by model --since 7d",
    )
    parser.add_argument("--by", choices=BY, default="team", help="default: %(default)s")
    parser.add_argument("--since", default="month", metavar="WHEN", help="24h, 7d, today, month, 2026-11-01, a time, or all")
    parser.add_argument("--team", help="of this team alone")
    parser.add_argument("--format", choices=tuple(_WRITERS), default="table", help="default: %(default)s")
    parser.add_argument("--home", type=Path, help="where the ledger lies (default: $POINTSMAN_HOME or .pointsman)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the report."""
    home = args.home or Path(os.environ.get("POINTSMAN_HOME") or ".pointsman")
    try:
        start = 0.0 if args.since == "all" else since(args.since, time.time())
    except ValueError as error:
        print(f"pointsman spend: {error}", file=sys.stderr)
        return 2
    try:
        ledger = Ledger.existing(home / "ledger.db")
    except LedgerError as error:
        print(f"pointsman spend: {error}", file=sys.stderr)
        return 1
    _WRITERS[args.format](report(ledger, args.by, start, args.team), sys.stdout)
    return 0


def _table(found: Report, out: TextIO) -> None:
    lines = [*found.lines, found.total]
    width = max(len(found.by), *(len(line.name) for line in lines))
    out.write(f"{found.by:<{width}}  {'requests':>9}  {'input':>12}  {'cached':>12}  {'output':>10}  {'USD':>16}  notes\n")
    for line in lines:
        read = line.tokens.get("cache_read", 0)
        output = sum(line.tokens.get(kind, 0) for kind in ("output", "reasoning", "output_audio", "output_image"))
        fresh = sum(line.tokens.values()) - read - output
        notes = [f"{line.unpriced} unpriced"] if line.unpriced else []
        notes += [f"{line.estimated} estimated"] if line.estimated else []
        name = line.name or "(none)"
        row = f"{name:<{width}}  {line.requests:>9}  {fresh:>12}  {read:>12}  {output:>10}  {float(usd(line.picos)):>16.6f}"
        out.write(f"{row}  {', '.join(notes)}".rstrip() + "\n")


def _csv(found: Report, out: TextIO) -> None:
    writer = csv.writer(out)
    writer.writerow([found.by, "requests", "usd", "unpriced_requests", "estimated_requests", *KINDS])
    for line in found.lines:
        counts = [line.tokens.get(kind, 0) for kind in KINDS]
        writer.writerow([cell(line.name), line.requests, line.usd, line.unpriced, line.estimated, *counts])


def _json(found: Report, out: TextIO) -> None:
    json.dump(as_json(found), out, indent=2, ensure_ascii=False)
    out.write("\n")


def cell(value: str) -> str:
    """A cell no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(_FORMULA) else value


_WRITERS: Mapping[str, Callable[[Report, TextIO], None]] = {"table": _table, "csv": _csv, "json": _json}
