"""How `pointsman spend --by agent_tree` prints: a line per tree, or per agent where one session is asked for."""

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TextIO

from gateway.api import spend_csv
from gateway.api.spend_json import forest_json
from gateway.metering.spend import Line
from gateway.metering.spend_tree import Forest, Member, Tree
from gateway.metering.types import PICOS_PER_USD

DEPTH_MAX = 20
"""Workers of workers that are shown under each other; programs name parents as they like."""
_OUTPUTS = ("output", "reasoning", "output_audio", "output_image")


def write(found: Forest, form: str, out: TextIO) -> None:
    """Print in a form."""
    if form == "json":
        json.dump(forest_json(found), out, indent=2, ensure_ascii=False)
        out.write("\n")
    elif form == "csv":
        spend_csv.write(out, spend_csv.forest_table(found))
    else:
        _table(found, out)


def _table(found: Forest, out: TextIO) -> None:
    lines = list(_lines(found))
    width = max(len("session"), *(len(name) for name, _ in lines))
    head = ("agents", "requests", "input", "cached", "output", "context", "elapsed", "USD")
    out.write(_row(width, "session", head) + "  notes\n")
    for name, cells in lines:
        out.write(f"{_row(width, name, cells[:-1])}  {cells[-1]}".rstrip() + "\n")


def _lines(found: Forest) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Trees; of a single one its agents, too, each under who started it."""
    for tree in found.trees:
        yield _shown(tree.session), _cells(tree.line, f"{len(tree.members)}", tree.context_tokens, tree, _of(tree))
        if len(found.trees) == 1:
            for depth, each in _branches(tree):
                name = f"{'  ' * (depth + 1)}{each.agent} {_shown(each.thread)}"
                yield name, _cells(each.line, "", each.context_tokens, each, "")
    yield "total", _cells(found.total, f"{sum(len(tree.members) for tree in found.trees)}", None, None, "")


def _branches(tree: Tree) -> Iterator[tuple[int, Member]]:
    """Depth first; who names a parent that is not there stands at the top, and nobody stands twice."""
    threads = {each.thread for each in tree.members}
    left = list(tree.members)

    def under(parent: str, depth: int) -> Iterator[tuple[int, Member]]:
        if depth > DEPTH_MAX:
            return
        for each in tree.members:
            above = each.parent if each.parent in threads and each.parent != each.thread else ""
            if above == parent and each in left:
                left.remove(each)
                yield depth, each
                yield from under(each.thread, depth + 1)

    yield from under("", 0)
    yield from ((0, each) for each in left)


def _of(tree: Tree) -> str:
    """Whose it is, and how much of it the workers were."""
    share = 100 * (tree.line.picos - tree.orchestrator_picos) // tree.line.picos if tree.line.picos else 0
    workers = f"{tree.workers} workers took {share}%" if tree.workers else ""
    return ", ".join(filter(None, (_shown(tree.team), _shown(tree.user) if tree.user else "", tree.client, workers)))


def _cells(line: Line, agents: str, context: int | None, when: Tree | Member | None, notes: str) -> tuple[str, ...]:
    read = line.tokens.get("cache_read", 0)
    output = sum(line.tokens.get(kind, 0) for kind in _OUTPUTS)
    unsure = [f"{line.unpriced} unpriced"] if line.unpriced else []
    unsure += [f"{line.estimated} estimated"] if line.estimated else []
    return (
        agents,
        f"{line.requests}",
        f"{sum(line.tokens.values()) - read - output}",
        f"{read}",
        f"{output}",
        "" if context is None else f"{context}",
        "" if when is None else _time(when.ended - when.began),
        "unknown" if line.usd is None else f"{Decimal(line.picos) / PICOS_PER_USD:.6f}",
        ", ".join(filter(None, (notes, *unsure))),
    )


def _row(width: int, name: str, cells: Sequence[str]) -> str:
    widths = (6, 8, 11, 11, 9, 9, 8, 12)
    return f"{name:<{width}}  " + "  ".join(f"{cell:>{wide}}" for cell, wide in zip(cells, widths, strict=True))


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _shown(name: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in name) or "(none)"
