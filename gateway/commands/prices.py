"""`pointsman prices`: what a model costs and why, and what changes from one price table to another."""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from gateway.commands.price import instant
from gateway.config.live import Live
from gateway.config.problems import ConfigError
from gateway.metering.price_diff import Difference, differences
from gateway.metering.price_names import maker_of
from gateway.metering.price_rows import parsed
from gateway.metering.price_table import Period, Table, built_in, read
from gateway.metering.price_words import day, flat, lines, per_million
from gateway.metering.prices import Entry, PriceBook, in_force, is_quiet

DAY_S = 86_400
BUILT_IN = "built-in"
"""The word for the table that came with the package."""


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser of `pointsman`."""
    parser = subparsers.add_parser(
        "prices",
        help="what a model costs and why; what changes between price tables",
        description="The price book: what a model costs, and what a new table changes.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _register_explain(commands)
    _register_diff(commands)


def _register_explain(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "explain",
        help="what a model costs, in every tier and length, and what it cost before",
        description="Print the row of the price table that a model name means, the prices that hold at a time, the contract "
        "that wins over them, and their history. Example: pointsman prices explain gpt-6.1-sol --at 2026-10-01",
        epilog="Exit codes: 0 found, 1 no price is known, 2 a table or config that cannot be read.",
    )
    parser.add_argument("model", metavar="MODEL", help="model name, alone or as provider/model, or a price row of an event")
    parser.add_argument("--provider", help="whose price list; told by the model's name when left out")
    parser.add_argument("--at", type=instant, metavar="DATE", help="day or time to explain; now when left out")
    parser.add_argument("--config", type=Path, metavar="FILE", help="a config whose contract prices win")
    parser.add_argument("--table", default=BUILT_IN, metavar="FILE", help="a price table that was kept; the built-in one")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run_explain)


def _register_diff(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "diff",
        help="what a new price table changes",
        description=f"Print what differs between two price tables, by model and day. A table is a price_table.json, or the "
        f"word {BUILT_IN}. Example: pointsman prices diff old.json {BUILT_IN}",
        epilog="Exit codes: 0 no difference, 1 differences, 2 a table that cannot be read.",
    )
    parser.add_argument("old", metavar="OLD", help=f"a table's file, or {BUILT_IN}")
    parser.add_argument("new", metavar="NEW", help=f"a table's file, or {BUILT_IN}")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    parser.set_defaults(run=run_diff)


def run_explain(args: argparse.Namespace) -> int:
    """Print what a model costs; 1 when nobody knows."""
    try:
        table = _table(args.table)
        overrides = Live.open(args.config, os.environ).current.price_overrides if args.config else ()
    except (OSError, ValueError) as error:
        print(f"pointsman prices: {error}", file=sys.stderr)
        return 2
    except ConfigError as error:
        for problem in error.problems:
            print(f"{args.config}: {problem.severity}: {problem}", file=sys.stderr)
        return 2
    provider, model, since = _named(args.model, args.provider)
    at = args.at if args.at is not None else since if since is not None else time.time()
    entry = PriceBook.load(overrides, table).entry(provider, model)
    if entry is None:
        print(f"no price is known for {'/'.join(filter(None, (provider, model)))}", file=sys.stderr)
        return 1
    if args.json:
        print(json.dumps(_told(entry, table, at)))
    else:
        print("\n".join(_explained(entry, table, at)))
    return 0


def run_diff(args: argparse.Namespace) -> int:
    """Print the differences; 1 when there are any."""
    try:
        old, new = _table(args.old), _table(args.new)
        found = list(differences(old, new))
    except (OSError, ValueError) as error:
        print(f"pointsman prices: {error}", file=sys.stderr)
        return 2
    if args.json:
        for each in found:
            print(json.dumps(msgspec.to_builtins(each)))
    else:
        print("\n".join(_compared(old, new, found)))
    return 1 if found else 0


def _table(name: str) -> Table:
    if name == BUILT_IN:
        return built_in()
    try:
        return read(Path(name))
    except msgspec.MsgspecError as error:
        raise ValueError(f"{name} is no price table: {error}") from None


def _named(text: str, provider: str | None) -> tuple[str, str, float | None]:
    """Provider, model and time that an argument means: a name, or a price row as events keep it."""
    if (row := parsed(text)) is not None:
        owner, _, model = row.row.partition("/")
        return owner, model, _end_of(row.since) if row.since else None
    if provider:
        return provider, text, None
    return (*maker_of(text), None)


def _end_of(iso: str) -> float:
    return datetime.fromisoformat(iso).replace(tzinfo=UTC).timestamp() + DAY_S - 1


def _explained(entry: Entry, table: Table, at: float) -> Iterator[str]:
    sources = ", ".join(f"{name} {version}" for name, version in table.sources.items())
    yield f"{entry.name}, table of {table.as_of} ({sources})"
    for contract in entry.contracts:
        yield f"agreed from {day(contract.since)}: {contract.row}"
        yield from (f"  {kind}  {per_million(picos)}" for kind, picos in contract.rates.items())
    if not entry.periods:
        yield "the table has no such model"
        return
    period = in_force(entry.periods, at)
    yield f"prices at {_moment(at)}, in USD per million tokens, in force from {day(period.since)}{_hour(period, at)}"
    yield from (f"  {line}" for line in lines(period))
    for other in entry.periods:
        if other is not period:
            main = (
                f"{name} {usd}" for name, usd in flat(other).items() if name in ("input_uncached", "cache_read", "output")
            )
            yield f"from {day(other.since)}: {', '.join(main)}"


def _hour(period: Period, at: float) -> str:
    if not period.off_peak:
        return ""
    return ", off-peak" if is_quiet(period, at) else ", peak"


def _told(entry: Entry, table: Table, at: float) -> dict[str, object]:
    return {
        "row": entry.name,
        "table": table.as_of,
        "sources": dict(table.sources),
        "at": _moment(at),
        "contracts": [each.row for each in entry.contracts],
        "periods": [
            {
                "since": day(each.since) if each.since else None,
                "in_force": each is in_force(entry.periods, at),
                "usd": flat(each),
            }
            for each in entry.periods
        ],
    }


def _compared(old: Table, new: Table, found: list[Difference]) -> Iterator[str]:
    models = len({each.model for each in found})
    yield f"{old.as_of} ({len(old.rows):,} models) to {new.as_of} ({len(new.rows):,}): {models} models differ"
    last = ""
    for each in found:
        if not each.what:
            yield f"{each.model}: {f'new, {each.new}' if each.new else f'gone, it was {each.old}'}"
            continue
        if each.model != last:
            yield each.model
        last = each.model
        yield f"  {each.what}: {each.old or 'unknown'} -> {each.new or 'unknown'}{_span(each)}"


def _span(each: Difference) -> str:
    since = f", from {day(each.since)}" if each.since else ""
    return since + (f"{'' if since else ','} until {day(each.until)}" if each.until else "")


def _moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"
