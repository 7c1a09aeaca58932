"""How `pointsman spend --wasted` prints: what filling lost caches again has cost, by cause, client and team."""

import json
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import TextIO

from gateway.metering.spend import usd
from gateway.metering.spend_wasted import Waste, Wasted
from gateway.metering.types import PICOS_PER_USD

Rows = Callable[[TextIO, Sequence[str], Iterable[Sequence[str | int]]], None]
HEAD = ("cause", "client", "team")


def write(found: Waste, form: str, out: TextIO, rows: Rows) -> None:
    """Print in a form; `rows` writes a CSV that no spreadsheet takes for a program."""
    if form == "json":
        lines = [
            {"cause": each.cause, "client": each.client, "team": each.team, "requests": each.requests}
            | {"wasted_usd": usd(each.picos), "unknown_requests": each.unknown}
            for each in found.lines
        ]
        total = {"requests": found.requests, "wasted_usd": usd(found.picos)}
        json.dump({"since": found.since, "lines": lines, "total": total}, out, indent=2, ensure_ascii=False)
        out.write("\n")
    elif form == "csv":
        rows(out, (*HEAD, "requests", "wasted_usd", "unknown_requests"), map(_cells, found.lines))
    else:
        _table(found, out)


def _cells(line: Wasted) -> list[str | int]:
    return [line.cause, line.client, line.team, line.requests, usd(line.picos), line.unknown]


def _table(found: Waste, out: TextIO) -> None:
    lines = [(tuple(map(_shown, (each.cause, each.client, each.team))), each.requests, each.picos) for each in found.lines]
    lines.append((("total", "", ""), found.requests, found.picos))
    widths = [max(len(head), *(len(names[place]) for names, *_ in lines)) for place, head in enumerate(HEAD)]
    out.write("  ".join(f"{head:<{width}}" for head, width in zip(HEAD, widths, strict=True)))
    out.write(f"  {'requests':>9}  {'wasted USD':>14}\n")
    for names, requests, picos in lines:
        out.write("  ".join(f"{name:<{width}}" for name, width in zip(names, widths, strict=True)))
        out.write(f"  {requests:>9}  {Decimal(picos) / PICOS_PER_USD:>14.6f}\n")


def _shown(name: str) -> str:
    """A name that cannot move the cursor."""
    return "".join(each if each.isprintable() else "?" for each in name) or "(none)"
