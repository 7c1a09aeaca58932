"""Spend reports as CSV, in which no text is taken for a formula: for `GET /pointsman/spend` and `pointsman spend`.

Names in the ledger come from clients, and a spreadsheet calculates what begins with one of a few characters.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from gateway.metering.spend import Line, Report
from gateway.metering.spend_choices import Choices, Chosen
from gateway.metering.spend_compare import ALTERNATIVES, Compared, Comparison
from gateway.metering.spend_focus import COLUMNS, Focus
from gateway.metering.spend_tree import Forest
from gateway.metering.spend_wasted import Waste
from gateway.metering.types import KINDS, usd

Row = Sequence[str | int]
Table = tuple[Sequence[str], Iterable[Row]]
"""A head, and rows as wide as it."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""How a cell begins that a spreadsheet would calculate (OWASP, "CSV Injection")."""
_TREE = (
    "session", "team", "user", "client", "thread", "parent", "agent", "requests", "usd", "unpriced_requests",
    "estimated_requests", "context_tokens", "elapsed_s", "busy_s", *KINDS,
)  # fmt: skip


def write(out: TextIO, table: Table) -> None:
    """Write a table."""
    head, rows = table
    writer = csv.writer(out)
    writer.writerow(head)
    for row in rows:
        writer.writerow([cell(value) if isinstance(value, str) else value for value in row])


def cell(value: str) -> str:
    """Text that no spreadsheet calculates."""
    return f"'{value}" if value.startswith(_FORMULA) else value


def report_table(found: Report) -> Table:
    """A line each, tokens by kind."""
    head = (found.by, "requests", "usd", "unpriced_requests", "estimated_requests", *KINDS)
    return head, map(_line, found.lines)


def comparison_table(found: Comparison) -> Table:
    """What was paid, and what the same would have cost otherwise."""
    alternatives = [f"usd_if_{name}" for name in ALTERNATIVES]
    unknown = [f"unknown_if_{name}" for name in ALTERNATIVES]
    return (found.by, "requests", "usd", *alternatives, "wasted_usd", *unknown), map(_compared, found.lines)


def forest_table(found: Forest) -> Table:
    """A row per agent: whoever wants trees adds them up by session."""
    return _TREE, _agents(found)


def waste_table(found: Waste) -> Table:
    """What lost caches cost."""
    head = ("cause", "client", "team", "requests", "wasted_usd", "unknown_requests")
    rows = ((each.cause, each.client, each.team, each.requests, usd(each.picos), each.unknown) for each in found.lines)
    return head, rows


def choices_table(found: Choices) -> Table:
    """Why threads stayed with a model or went."""
    head = (
        "reason", "choice", "model", "instead", "requests", "expected_saving_usd", "unknown_requests", "saved_at_once_usd",
    )  # fmt: skip
    return head, map(_chosen, found.lines)


def focus_table(found: Focus) -> Table:
    """Charges, by the specification's columns."""
    return COLUMNS, ([charge[name] for name in COLUMNS] for charge in found.charges)


def _line(line: Line) -> Row:
    dollars = "" if line.usd is None else line.usd
    return [line.name, line.requests, dollars, line.unpriced, line.estimated, *(line.tokens.get(kind, 0) for kind in KINDS)]


def _chosen(line: Chosen) -> Row:
    choice = "went" if line.moved else "stayed"
    sums = (line.requests, usd(line.expected), line.unknown, usd(line.at_once))
    return [line.reason, choice, line.model, line.instead, *sums]


def _compared(line: Compared) -> Row:
    otherwise = [usd(line.otherwise[name]) for name in ALTERNATIVES]
    return [line.name, line.requests, usd(line.picos), *otherwise, usd(line.wasted), *line.unknown.values()]


def _agents(found: Forest) -> Iterator[Row]:
    for tree in found.trees:
        for each in tree.members:
            line = each.line
            yield (
                tree.session, tree.team, tree.user, tree.client, each.thread, each.parent, each.agent, line.requests,
                line.usd or "", line.unpriced, line.estimated, each.context_tokens, f"{each.ended - each.began:.3f}",
                f"{each.busy_s:.3f}", *(line.tokens.get(kind, 0) for kind in KINDS),
            )  # fmt: skip
