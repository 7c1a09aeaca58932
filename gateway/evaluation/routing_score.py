"""Figures of decisions that were made again: how often right, which way wrong, how well the confidence knows it."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from gateway.evaluation.routing_cases import Case

BINS = 10
COVERED = (1.0, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5)
"""Shares of the most confident decisions whose accuracy is told."""


class Verdict(Struct, frozen=True):
    """What was decided of a case, and how sure that was."""

    code: bool
    confidence: float


def figures(cases: Sequence[Case], verdicts: Sequence[Verdict], threshold: float) -> dict[str, Any]:
    """Every figure, ready for a JSON writer. Below the threshold the gateway abstains; the verdict counts all the same,
    but for `accuracy_with_default`: there the general route is the default, as for a thread without a past."""
    right = [case.code == verdict.code for case, verdict in zip(cases, verdicts, strict=True)]
    clear = [good for case, good in zip(cases, right, strict=True) if not case.ambiguous]
    slices = grouped(cases, right, lambda case: case.slice)
    sure = [good for verdict, good in zip(verdicts, right, strict=True) if verdict.confidence >= threshold]
    return {
        "cases": len(cases),
        "accuracy": share(right),
        "accuracy_unambiguous": share(clear),
        "macro": share([each["accuracy"] for each in slices.values()]),
        "code_to_general": share([not good for case, good in zip(cases, right, strict=True) if case.code]),
        "general_to_code": share([not good for case, good in zip(cases, right, strict=True) if not case.code]),
        "calibration_error": calibration_error(verdicts, right),
        "abstained": round(1 - len(sure) / len(right), 4) if right else 0.0,
        "accuracy_not_abstained": share(sure),
        "accuracy_with_default": share(
            [
                case.code == (verdict.code and verdict.confidence >= threshold)
                for case, verdict in zip(cases, verdicts, strict=True)
            ]
        ),
        "coverage": coverage(verdicts, right),
        "slices": slices,
        "languages": grouped(cases, right, lambda case: case.language),
        "dialects": grouped(cases, right, lambda case: case.dialect),
    }


def grouped(cases: Sequence[Case], right: Sequence[bool], key: Callable[[Case], str]) -> dict[str, dict[str, float]]:
    """Accuracy by group, in the order of the groups' names."""
    found: Mapping[str, list[bool]] = defaultdict(list)
    for case, good in zip(cases, right, strict=True):
        found[key(case)].append(good)
    return {name: {"cases": len(each), "accuracy": share(each)} for name, each in sorted(found.items())}


def calibration_error(verdicts: Sequence[Verdict], right: Sequence[bool]) -> float:
    """Expected calibration error: |confidence - accuracy| over ten equal bins, weighted by their cases (Guo et al. 2017)."""
    bins: Mapping[int, list[tuple[float, bool]]] = defaultdict(list)
    for verdict, good in zip(verdicts, right, strict=True):
        bins[min(BINS - 1, int((verdict.confidence - 0.5) * 2 * BINS))].append((verdict.confidence, good))
    gaps = (abs(sum(sure for sure, _ in each) - sum(good for _, good in each)) for each in bins.values())
    return round(sum(gaps) / max(1, len(right)), 4)


def coverage(verdicts: Sequence[Verdict], right: Sequence[bool]) -> list[dict[str, float]]:
    """Accuracy of the most confident shares."""
    surest = sorted(range(len(right)), key=lambda row: -verdicts[row].confidence)
    found = []
    for covered in COVERED:
        rows = surest[: max(1, round(len(right) * covered))]
        least = verdicts[rows[-1]].confidence if rows else 0.0
        found.append({"share": covered, "accuracy": share([right[row] for row in rows]), "confidence_from": round(least, 4)})
    return found


def share(values: Sequence[float] | Sequence[bool]) -> float:
    """Their mean; 0 of nothing."""
    return round(sum(values) / len(values), 4) if values else 0.0
