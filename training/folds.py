"""Folds that share no source: whatever is connected by a source or by a slice is left out together.

A random split of this data flatters by more than ten points: cases of one source are alike.
"""

from collections import Counter
from collections.abc import Sequence

from gateway.evaluation.routing_cases import Case

FOLDS = 10


def folds(cases: Sequence[Case], count: int = FOLDS) -> list[int]:
    """The fold of each case. Our own are dealt out apart, so that more of them move none of those that count."""
    component = _components(cases)
    fold: dict[str, int] = {}
    for ours in (False, True):
        sizes = Counter(name for case, name in zip(cases, component, strict=True) if case.ours == ours)
        filled = [0] * count
        for name, size in sorted(sizes.items(), key=lambda item: (-item[1], item[0])):
            least = filled.index(min(filled))
            fold.setdefault(name, least)
            filled[fold[name]] += size
    return [fold[name] for name in component]


def _components(cases: Sequence[Case]) -> list[str]:
    """A name for the connected component of each case; a case may name several sources with `+` between them."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    for case in cases:
        for source in case.source.split("+"):
            parent[root(f"source {source.strip()}")] = root(f"slice {case.slice}")
    return [root(f"slice {case.slice}") for case in cases]
