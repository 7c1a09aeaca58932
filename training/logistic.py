"""Logistic regression by L-BFGS, in NumPy alone.

The penalty pulls towards a prior rather than towards nothing: what a hand-written weight says stands until data speaks
against it. Deterministic: no chance, one thread, sums in a fixed order. L-BFGS as in Nocedal & Wright, "Numerical
Optimization", algorithm 7.4, with backtracking.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HISTORY = 8
BACKTRACKS = 20
SUFFICIENT = 1e-4
STEPS_MIN = 5


def fit(
    cells: Floats, signs: Floats, importance: Floats, penalty: float, prior: Floats, steps: int = 30, tolerance: float = 1e-4
) -> Floats:
    """Weights, the bias last, that minimise the weighted log loss plus half the penalty on what leaves the prior."""

    def loss(point: Floats) -> tuple[float, Floats]:
        weights, bias = point[:-1], point[-1]
        margin = signs * (cells @ weights + bias)
        away = weights - prior
        value = float(importance @ np.logaddexp(0, -margin) + penalty / 2 * (away @ away))
        pull = -importance * signs / (1 + np.exp(np.clip(margin, -50, 50)))
        return value, np.append(cells.T @ pull + penalty * away, pull.sum())

    point = np.append(prior, 0.0)
    value, slope = loss(point)
    past: list[tuple[Floats, Floats]] = []
    for step in range(steps):
        direction = _direction(slope, past)
        size, fall = 1.0, float(slope @ direction)
        for _ in range(BACKTRACKS):
            tried = point - size * direction
            there, turned = loss(tried)
            if there <= value - SUFFICIENT * size * fall:
                break
            size /= 2
        moved, bent = tried - point, turned - slope
        if moved @ bent > 1e-10:
            past = [*past[1 - HISTORY :], (moved, bent)]
        settled = abs(value - there) < tolerance * max(1.0, abs(value))
        point, value, slope = tried, there, turned
        if settled and step >= STEPS_MIN:
            break
    return point


def _direction(slope: Floats, past: Sequence[tuple[Floats, Floats]]) -> Floats:
    """The slope seen through the curvature of the last steps."""
    if not past:
        return slope / max(1.0, float(np.linalg.norm(slope)))
    found = slope.copy()
    shares: list[float] = []
    for moved, bent in reversed(past):
        shares.append(float(moved @ found / (bent @ moved)))
        found -= shares[-1] * bent
    moved, bent = past[-1]
    found *= (moved @ bent) / (bent @ bent)
    for (moved, bent), share in zip(past, reversed(shares), strict=True):
        found += moved * (share - float(bent @ found / (bent @ moved)))
    return found
