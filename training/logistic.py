"""Logistic regression by L-BFGS, dense and sparse, in NumPy alone.

The penalty pulls towards a prior rather than towards nothing: what a hand-written weight says stands until data speaks
against it. Deterministic: no chance, one thread, sums in a fixed order. L-BFGS as in Nocedal & Wright, "Numerical
Optimization", algorithm 7.4, with backtracking.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Indices = NDArray[np.int32]

HISTORY = 8
BACKTRACKS = 20
SUFFICIENT = 1e-4
STEPS_MIN = 5


class Matrix(Protocol):
    """What a fit needs of its data."""

    columns: int

    def times(self, weights: Floats) -> Floats: ...

    def transposed_times(self, rows: Floats) -> Floats: ...


class Dense:
    """A matrix with every cell."""

    def __init__(self, cells: Floats) -> None:
        self.cells = cells
        self.columns = cells.shape[1]

    def times(self, weights: Floats) -> Floats:
        return self.cells @ weights

    def transposed_times(self, rows: Floats) -> Floats:
        return self.cells.T @ rows


class Sparse:
    """A matrix of few cells, kept by rows and by columns, so that both products are sums over neighbours.

    Cells are single floats: a fit reads some five million of them a hundred times, and memory is what it waits for.
    """

    def __init__(self, row: Indices, column: Indices, value: Singles, shape: tuple[int, int], order: Indices) -> None:
        """Cells in the order of their rows; `order` puts them into that of their columns."""
        self._row, self._column, self._value, self._order = row, column, value, order
        self.rows, self.columns = shape
        self._by_row = _Runs(row, self.rows)
        self._by_column = _Runs(column[order], self.columns)
        self._row_there, self._value_there = row[order], value[order]

    @classmethod
    def of(cls, rows: Sequence[Sequence[tuple[int, float]]], columns: int) -> "Sparse":
        """From pairs of column and value, row by row."""
        lengths = np.array([len(row) for row in rows], dtype=np.int32)
        flat = [cell for row in rows for cell in row]
        column = np.array([cell[0] for cell in flat], dtype=np.int32)
        value = np.array([cell[1] for cell in flat], dtype=np.float32)
        row = np.repeat(np.arange(len(rows), dtype=np.int32), lengths)
        return cls(row, column, value, (len(rows), columns), np.argsort(column, kind="stable").astype(np.int32))

    def only(self, keep: NDArray[np.bool_]) -> "Sparse":
        """Some of the rows."""
        cells = keep[self._row]
        renumbered = (np.cumsum(keep) - 1).astype(np.int32)
        moved = (np.cumsum(cells) - 1).astype(np.int32)
        order = moved[self._order[cells[self._order]]]
        shape = (int(keep.sum()), self.columns)
        return Sparse(renumbered[self._row[cells]], self._column[cells], self._value[cells], shape, order)

    def times(self, weights: Floats) -> Floats:
        return self._by_row.sums(weights.astype(np.float32)[self._column] * self._value)

    def transposed_times(self, rows: Floats) -> Floats:
        return self._by_column.sums(rows.astype(np.float32)[self._row_there] * self._value_there)


class _Runs:
    """Where in a sorted list of numbers each of them begins; numbers that do not occur have an empty run."""

    def __init__(self, numbers: Indices, count: int) -> None:
        lengths = np.bincount(numbers, minlength=count)
        self._there = np.flatnonzero(lengths)
        self._starts = (np.cumsum(lengths) - lengths)[self._there]
        self._count = count

    def sums(self, values: Singles) -> Floats:
        """The sum of each run."""
        found = np.zeros(self._count)
        if len(self._there):
            found[self._there] = np.add.reduceat(values, self._starts)
        return found


def fit(
    data: Matrix, signs: Floats, importance: Floats, penalty: float, prior: Floats, steps: int = 30, tolerance: float = 1e-4
) -> Floats:
    """Weights, the bias last, that minimise the weighted log loss plus half the penalty on what leaves the prior."""

    def loss(point: Floats) -> tuple[float, Floats]:
        weights, bias = point[:-1], point[-1]
        margin = signs * (data.times(weights) + bias)
        away = weights - prior
        value = float(importance @ np.logaddexp(0, -margin) + penalty / 2 * (away @ away))
        pull = -importance * signs / (1 + np.exp(np.clip(margin, -50, 50)))
        return value, np.append(data.transposed_times(pull) + penalty * away, pull.sum())

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
