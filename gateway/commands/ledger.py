"""`pointsman ledger`: what is done to the books themselves."""

import argparse
import os
import sqlite3
import sys
import time
from decimal import Decimal
from pathlib import Path

from gateway.commands.books import URL_VARIABLE
from gateway.metering.ledger import Ledger, LedgerError
from gateway.metering.ledger_copy import Progress, copy
from gateway.metering.ledger_home import names_of, offsets
from gateway.metering.ledger_postgres import Database
from gateway.metering.ledger_segments import waiting_bytes
from gateway.metering.types import PICOS_PER_USD

TELL_S = 2.0
"""How often a copy says how far it is."""


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser of `pointsman`."""
    parser = subparsers.add_parser(
        "ledger", help="copy the books from SQLite into PostgreSQL", description="What is done to the books themselves."
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _register_copy(commands)


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
    dollars = Decimal(done.picos) / PICOS_PER_USD
    print(f"{done.copied:,} of {done.seen:,} requests copied, the others were there; ${dollars:.12f} agree in {database}")
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
