"""`pointsman ledger`: what is done to the books themselves."""

import argparse
import os
import sqlite3
import sys
import time
from decimal import Decimal
from pathlib import Path

from gateway.commands.books import CONFIG_HELP, HOME_HELP, URL_VARIABLE, opened
from gateway.config.live import Live
from gateway.config.problems import ConfigError
from gateway.metering.ledger import Ledger, LedgerError
from gateway.metering.ledger_copy import Progress, copy
from gateway.metering.ledger_home import names_of, offsets
from gateway.metering.ledger_postgres import Database
from gateway.metering.ledger_reprice import reprice
from gateway.metering.ledger_segments import waiting_bytes
from gateway.metering.prices import PriceBook
from gateway.metering.spend import since
from gateway.metering.types import PICOS_PER_USD

TELL_S = 2.0
"""How often a copy says how far it is."""


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser of `pointsman`."""
    parser = subparsers.add_parser(
        "ledger",
        help="copy the books into PostgreSQL; price again what had no price",
        description="What is done to the books themselves.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _register_copy(commands)
    _register_reprice(commands)


def _register_copy(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "copy",
        help="from a home's SQLite file into a PostgreSQL database",
        description="Copy every request that the database does not have yet, with the sums made of it, each piece proved by "
        "its sums before it is committed. May be broken off and begun again at any time. "
        "Example: pointsman ledger copy --from .pointsman --to postgresql://pointsman@db.example/pointsman",
        epilog="Exit codes: 0 all is there, 1 it failed, or something in the file is not settled yet, 2 wrong usage.",
    )
    parser.add_argument(
        "--from", dest="source", type=Path, metavar="HOME",
        help="a gateway's home, or its ledger.db (default: $POINTSMAN_HOME or .pointsman)",
    )  # fmt: skip
    parser.add_argument("--to", metavar="URL", help=f"postgresql://user:password@host/database (default: ${URL_VARIABLE})")
    parser.set_defaults(run=run_copy)


def _register_reprice(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "reprice",
        help="price again what had no price",
        description="Price requests that had no price, or not for all they used, by the table and the contracts of now, as "
        "of the day each ended. What was booked before is kept beside it. May run beside the gateway, whose metrics and "
        "budgets have it from their next start on. Example: pointsman ledger reprice --config pointsman.yaml --dry-run",
        epilog="Exit codes: 0 all that was looked at has a price, 1 some still has none, or it failed, 2 wrong usage.",
    )
    parser.add_argument("--since", default="all", metavar="WHEN", help="24h, 7d, today, month, 2026-11-01, a time, or all")
    parser.add_argument("--dry-run", action="store_true", help="only say what it would come to")
    parser.add_argument("--config", type=Path, help=f"whose contract prices win; {CONFIG_HELP}")
    parser.add_argument("--home", type=Path, help=HOME_HELP)
    parser.set_defaults(run=run_reprice)


def run_reprice(args: argparse.Namespace) -> int:
    """Price again, and say what it came to."""
    now = time.time()
    try:
        start = since(args.since, now)
        overrides = Live.open(args.config, os.environ).current.price_overrides if args.config else ()
        ledger = opened(args.home, args.config)
        found = reprice(ledger, PriceBook.load(overrides), start, now, write=not args.dry_run)
    except ConfigError as error:
        for problem in error.problems:
            print(f"{args.config}: {problem.severity}: {problem}", file=sys.stderr)
        return 2
    except ValueError as error:
        print(f"pointsman ledger: {error}", file=sys.stderr)
        return 2
    except (LedgerError, sqlite3.Error) as error:
        print(f"pointsman ledger: {error}", file=sys.stderr)
        return 1
    would = "would get" if args.dry_run else "got"
    print(f"{found.requests:,} of {found.looked_at:,} requests without a whole price {would} one: ${_usd(found.picos)} more")
    return int(found.requests < found.looked_at)


def _usd(picos: int) -> str:
    return f"{Decimal(picos) / PICOS_PER_USD:.12f}"


def run_copy(args: argparse.Namespace) -> int:
    """Copy, and say how far it is on stderr."""
    home: Path = args.source or Path(os.environ.get("POINTSMAN_HOME") or ".pointsman")
    file = home if home.is_file() else home / "ledger.db"
    try:
        database = Database.parse(args.to or os.environ.get(URL_VARIABLE, ""))
    except ValueError as error:
        print(f"pointsman ledger: the URL {error}", file=sys.stderr)
        return 2
    try:
        source = Ledger.existing(file)
        try:
            done = copy(source, database, _Teller(), names_of(file.parent / "journal", database))
            left = _left(source, file.parent / "journal")
        finally:
            source.close()
    except (LedgerError, sqlite3.Error) as error:
        print(f"pointsman ledger: {error}", file=sys.stderr)
        return 1
    told = f"{done.copied:,} of {done.seen:,} requests copied, the others were there"
    print(f"{told}; ${_usd(done.picos)} agree in {database}")
    if left:
        print(f"pointsman ledger: {left}; stop the gateway and run this again", file=sys.stderr)
    return int(bool(left))


def _left(source: Ledger, journal: Path) -> str:
    """What is not in the file yet, in words; empty where all is."""
    under_way = int(source.rows("SELECT count(*) AS n FROM open")[0]["n"])
    known = offsets([(row["name"], row["offset"]) for row in source.rows("SELECT name, offset FROM segments")], "")
    waiting = waiting_bytes(journal, known) if journal.is_dir() else 0
    told = [f"{under_way} requests are under way"] * bool(under_way) + [f"{waiting} bytes of journal wait"] * bool(waiting)
    return " and ".join(told)


class _Teller:
    """Says now and then how far it is."""

    def __init__(self) -> None:
        self._next = time.monotonic() + TELL_S

    def __call__(self, progress: Progress) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + TELL_S
            print(f"{progress.seen:,} of {progress.of:,} requests", file=sys.stderr, flush=True)
