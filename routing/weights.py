"""The learned weights: what `make train` writes and the classifier reads, as text that a diff can show.

`weights/score.json` holds the weights of the observations and the scale of each kind of gram; one file a kind of gram
holds `{"12": "words that weigh twelve, one a line"}`. Weights are whole numbers up to 127 either way.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec
from msgspec import Struct

from routing.grams import NAMES, Gram

FOLDER = Path(__file__).parent / "weights"
CHARACTERS = frozenset(("two", "three"))
Once = dict[Gram, Gram]


class Scored(Struct, frozen=True):
    """`score.json`. Everything is in log-odds; positive speaks for code."""

    bias: float
    text_bias: float
    grams: Mapping[str, float]
    """What one step of a gram's weight is worth, by kind."""
    observations: Mapping[str, float]
    """What each is worth, calibrated: the confidence a sum gives is the share of such decisions that are right."""


class Weights(Struct, frozen=True):
    """Everything learned, ready for look-ups."""

    score: Scored
    grams: Mapping[str, dict[Gram, int]]


@cache
def weights() -> Weights:
    """The weights of this installation; read once, some 50 ms. A gateway asks for them before it listens."""
    return read(FOLDER)


def read(folder: Path) -> Weights:
    """The weights in a folder."""
    score = msgspec.json.decode((folder / "score.json").read_bytes(), type=Scored)
    once: Once = {}
    return Weights(score=score, grams={name: _table(folder / f"{name}.json", name, once) for name in NAMES})


def write(learned: Weights, folder: Path) -> None:
    """Put weights into a folder, sorted, so that the same training gives the same bytes."""
    folder.mkdir(exist_ok=True)
    (folder / "score.json").write_bytes(_json(learned.score))
    for name in NAMES:
        by_weight: dict[int, list[str]] = {}
        for gram, weight in learned.grams[name].items():
            by_weight.setdefault(weight, []).append(as_text(gram))
        lines = {str(weight): "\n".join(sorted(found)) for weight, found in sorted(by_weight.items())}
        (folder / f"{name}.json").write_bytes(_json(lines))


def as_text(gram: Gram) -> str:
    """A gram as people read it."""
    return gram.decode() if isinstance(gram, bytes) else gram


def _table(path: Path, name: str, once: Once) -> dict[Gram, int]:
    """One kind of gram; `once` holds each object once, however many kinds it is part of."""
    same = once.setdefault
    table: dict[Gram, int] = {}
    for weight, lines in msgspec.json.decode(path.read_bytes(), type=dict[int, str]).items():
        grams: list[Gram] = [*(lines.split("\n") if name in CHARACTERS else lines.encode().split(b"\n"))]
        table.update(dict.fromkeys(map(same, grams, grams), weight))
    return table


def _json(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=0 if isinstance(value, dict) else 2) + b"\n"
