"""How `pointsman spend --choices` prints: why threads stayed with a model or went, and what that was expected to save."""

import json
from decimal import Decimal
from typing import TextIO

from gateway.api import spend_csv
from gateway.api.spend_json import choices_json
from gateway.metering.spend_choices import Choices, Chosen
from gateway.metering.types import PICOS_PER_USD

HEAD = ("reason", "", "model", "instead of")
_WORDS = {True: "went", False: "stayed"}


def write(found: Choices, form: str, out: TextIO) -> None:
    """Print in a form."""
    if form == "json":
        json.dump(choices_json(found), out, indent=2, ensure_ascii=False)
        out.write("\n")
    elif form == "csv":
        spend_csv.write(out, spend_csv.choices_table(found))
    else:
        _table(found, out)


def _names(line: Chosen) -> tuple[str, ...]:
    return line.reason, _WORDS[line.moved], line.model, line.instead


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
