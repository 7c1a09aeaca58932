"""How `pointsman spend --wasted` prints: what filling lost caches again has cost, by cause, client and team."""

import json
from decimal import Decimal
from typing import TextIO

from gateway.api import spend_csv
from gateway.api.spend_json import waste_json
from gateway.metering.spend_wasted import Waste
from gateway.metering.types import PICOS_PER_USD

HEAD = ("cause", "client", "team")


def write(found: Waste, form: str, out: TextIO) -> None:
    """Print in a form."""
    if form == "json":
        json.dump(waste_json(found), out, indent=2, ensure_ascii=False)
        out.write("\n")
    elif form == "csv":
        spend_csv.write(out, spend_csv.waste_table(found))
    else:
        _table(found, out)


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
