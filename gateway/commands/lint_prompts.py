"""`pointsman lint-prompts`: what breaks prompt caches in live traffic, with what it cost and what helps."""

import argparse
import json
import sqlite3
import sys
import time
from pathlib import Path

from gateway.commands.books import HOME_HELP, opened
from gateway.metering.ledger import LedgerError
from gateway.metering.spend import since
from gateway.metering.spend_broken import Broken, broken
from gateway.metering.types import PICOS_PER_USD, usd

ADVICE = {
    "time_in_system": "the time stands in the system prompt: put it into the newest user message, or leave it out",
    "date_in_system": "the date stands in the system prompt and breaks every thread at midnight: put it into a user message",
    "id_in_system": "an id stands in the system prompt: it belongs in a header or in metadata",
    "system_changed": "the system prompt changed within a thread: keep what varies at the end of the conversation",
    "tools_reordered": "the same tools came in another order: sort them before sending",
    "tools_changed": "tools came or went within a thread: offer all of them from the beginning, or defer their loading",
    "reasoning_dropped": "reasoning was not sent back: include `reasoning.encrypted_content` and return its items",
    "history_edited": "earlier messages changed: append instead of editing, and clear tool results rarely and in one go",
    "settings_changed": "effort, verbosity, format, tool choice or tier changed in a thread: each has a cache of its own",
}
"""What helps, by breaker."""


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "lint-prompts",
        help="what breaks prompt caches in live traffic, with dollars",
        description="Read from the ledger what broke the prompts of threads: dates and ids in system prompts, reordered "
        "tools, reasoning that was dropped. Words and counts only; no prompt is kept. Example: pointsman lint-prompts "
        "--since 7d",
        epilog="Exit codes: 0 nothing found, 1 findings, 2 wrong usage or no ledger.",
    )
    parser.add_argument("--since", default="7d", metavar="WHEN", help="as for spend; default: %(default)s")
    parser.add_argument("--team", help="of this team alone")
    parser.add_argument("--json", action="store_true", help="one JSON array")
    parser.add_argument("--home", type=Path, help=HOME_HELP)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the findings, the dearest first."""
    try:
        found = broken(opened(args.home), since(args.since, time.time()), args.team)
    except (ValueError, LedgerError, sqlite3.Error) as error:
        print(f"pointsman lint-prompts: {error}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps([_told(each) for each in found], ensure_ascii=False))
    else:
        for each in found:
            print(_line(each))
            print(f"    {ADVICE.get(each.breaker, '')}".rstrip())
    return 1 if found else 0


def _line(found: Broken) -> str:
    cost = f"${found.picos / PICOS_PER_USD:.2f}" + (f" and {found.unpriced} of unknown cost" if found.unpriced else "")
    who = "".join(each if each.isprintable() else "?" for each in f"{found.client} of {found.team}")
    return f"{found.breaker:<18} {who}: {cost} in {found.requests} requests of {found.threads} threads ({found.example})"


def _told(found: Broken) -> dict[str, object]:
    return {
        "client": found.client,
        "team": found.team,
        "breaker": found.breaker,
        "requests": found.requests,
        "threads": found.threads,
        "wasted_usd": usd(found.picos),
        "unpriced_requests": found.unpriced,
        "example": found.example,
        "advice": ADVICE.get(found.breaker, ""),
    }
