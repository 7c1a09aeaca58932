"""How `pointsman spend --choices` prints: why threads stayed with a model or went, and what that was expected to save."""

import json
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import TextIO

from gateway.metering.spend import usd
from gateway.metering.spend_choices import Choices, Chosen
from gateway.metering.types import PICOS_PER_USD

Rows = Callable[[TextIO, Sequence[str], Iterable[Sequence[str | int]]], None]
HEAD = ("reason", "", "model", "instead of")
_WORDS = {True: "went", False: "stayed"}


def write(found: Choices, form: str, out: TextIO, rows: Rows) -> None:
    """Print in a form; `rows` writes a CSV that no spreadsheet takes for a program."""
    if form == "json":
        lines = [
            {"reason": each.reason, "moved": each.moved, "model": each.model, "instead": each.instead}
            | {"requests": each.requests, "expected_saving_usd": usd(each.expected), "unknown_requests": each.unknown}
            | {"saved_at_once_usd": usd(each.at_once)}
            for each in found.lines
        ]
        total = {"requests": found.requests, "expected_saving_usd": usd(found.expected)}
        total["saved_at_once_usd"] = usd(found.at_once)
        json.dump({"since": found.since, "lines": lines, "total": total}, out, indent=2, ensure_ascii=False)
        out.write("\n")
    elif form == "csv":
        head = ("reason", "choice", "model", "instead", "requests", "expected_saving_usd", "unknown_requests")
        rows(out, (*head, "saved_at_once_usd"), map(_cells, found.lines))
    else:
        _table(found, out)


def _names(line: Chosen) -> tuple[str, ...]:
    return line.reason, _WORDS[line.moved], line.model, line.instead


def _cells(line: Chosen) -> list[str | int]:
    return [*_names(line), line.requests, usd(line.expected), line.unknown, usd(line.at_once)]


def _table(found: Choices, out: TextIO) -> None:
    lines = [
        (tuple(map(_shown, _names(each))), each.requests, each.expected, each.at_once) for each in found.lines
    ]
    lines.append((("total", "", "", ""), found.requests, found.expected, found.at_once))
    widths = [max(len(head), *(len(names[place]) for names, *_ in lines)) for place, head in enumerate(HEAD)]
    out.write("  ".join(f"{head:<{width}}" for head, width in zip(HEAD, widths, strict=True)))
    out.write(f"  {'requests':>8}  {'expected to save':>16}  {'saved at once':>14}\n")
    for names, requests, expected, at_once in lines:
        out.write("  ".join(f"{name:<{width}}" for name, width in zip(names, widths, strict=True)))
        usd_expected, usd_at_once = Decimal(expected) / PICOS_PER_USD, Decimal(at_once) / PICOS_PER_USD
        out.write(f"  {requests:>8}  {usd_expected:>16.6f}  {usd_at_once:>14.6f}\n")


def _shown(name: str) -> str:
    """A name that cannot move the cursor."""
    return "".join(each if each.isprintable() else "?" for each in name)
