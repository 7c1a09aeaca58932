"""How `pointsman spend --compare` prints: what was paid, and beside it what the same would have cost otherwise."""

import json
from decimal import Decimal
from typing import TextIO

from gateway.api import spend_csv
from gateway.api.spend_json import comparison_json
from gateway.metering.spend_compare import ALTERNATIVES, Comparison
from gateway.metering.types import PICOS_PER_USD

HEADS = {"code": "all code", "general": "all general", "uncached": "no caching", "stayed": "never moved"}


def write(found: Comparison, form: str, out: TextIO) -> None:
    """Print in a form."""
    if form == "json":
        json.dump(comparison_json(found), out, indent=2, ensure_ascii=False)
        out.write("\n")
    elif form == "csv":
        spend_csv.write(out, spend_csv.comparison_table(found))
    else:
        _table(found, out)


def _table(found: Comparison, out: TextIO) -> None:
    lines = [*found.lines, found.total]
    names = ["".join(each if each.isprintable() else "?" for each in line.name) or "(none)" for line in lines]
    width = max(len(found.by), *map(len, names))
    heads = ("USD", *HEADS.values(), "refilled")
    out.write(f"{found.by:<{width}}  {'requests':>9}  {'  '.join(f'{head:>13}' for head in heads)}  notes\n")
    for name, line in zip(names, lines, strict=True):
        amounts = (line.picos, *(line.otherwise.get(each, 0) for each in ALTERNATIVES), line.wasted)
        cells = "  ".join(f"{_dollars(picos):>13}" for picos in amounts)
        unknown = max(line.unknown.values(), default=0)
        notes = f"up to {unknown} requests compared with themselves" if unknown else ""
        out.write(f"{name:<{width}}  {line.requests:>9}  {cells}  {notes}".rstrip() + "\n")
    for saving in found.savings:
        out.write(f"{saving.what} by {saving.reason}: ${_dollars(saving.picos)} in {saving.requests} requests\n")


def _dollars(picos: int) -> str:
    return f"{Decimal(picos) / PICOS_PER_USD:.6f}"
