"""What a gateway believes of caches before it has seen any: counts from public transcripts, shipped as one small file.

Where the counts come from, under which licences, and how they were made stands in the file itself (`cache/priors.json`);
`pointsman eval freshness --write-priors` makes it anew.
"""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from cache.curve import OUTCOMES
from cache.survival import Path as CurvePath
from cache.survival import Survival

FILE = Path(__file__).with_name("priors.json")
BIN_MAX = 200.0
"""Most that a bin of a shipped curve weighs: what a gateway sees itself should be able to outweigh it within days."""
LEAST = 3.0
"""Curves that stand on less are left out."""
_DEPTH = {"time": 4, "prompt": 6}
"""Levels that are shipped: none that names an account."""


@lru_cache(maxsize=1)
def shipped() -> Mapping[CurvePath, Sequence[float]]:
    """The counts of the shipped file, by curve."""
    return {tuple(name.split("|")): counts for name, counts in json.loads(FILE.read_text("utf-8"))["curves"].items()}


def counts_of(survival: Survival) -> dict[CurvePath, list[float]]:
    """What was learned, as counts to begin another one with."""
    found = {}
    for path, curve in survival.learned():
        if len(path) <= _DEPTH[path[0]] and sum(curve.counts) >= LEAST:
            found[path] = _capped(curve.counts)
    return found


def written(counts: Mapping[CurvePath, Sequence[float]], about: Mapping[str, object]) -> str:
    """The file's text: what it is about, then a curve a line, so that a change can be read."""
    lines = [f"  {json.dumps('|'.join(path))}: {_row(row)}" for path, row in sorted(counts.items())]
    head = "".join(f" {json.dumps(name)}: {json.dumps(value)},\n" for name, value in about.items())
    return "{\n" + head + ' "curves": {\n' + ",\n".join(lines) + "\n }\n}\n"


def _row(row: Sequence[float]) -> str:
    return "[" + ",".join(f"{round(count, 2):g}" for count in row) + "]"


def _capped(counts: Sequence[float]) -> list[float]:
    capped: list[float] = []
    for start in range(0, len(counts), OUTCOMES):
        cell = counts[start : start + OUTCOMES]
        scale = min(1.0, BIN_MAX / max(BIN_MAX, sum(cell)))
        capped += [count * scale for count in cell]
    return capped
