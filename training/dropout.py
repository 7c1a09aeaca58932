"""Logistic regression on few cells of many, with some of every row missing each time it is seen.

Grams that stand for the same thing share the work when any of them may be missing, where a penalty would leave it to the few
that are most frequent. Dropout as in Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting"
(2014), steps as in Duchi et al., "Adaptive subgradient methods" (2011). Chance comes from a seed: the same cases give the
same weights.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.logistic import Floats

Indices = NDArray[np.int64]

MISSING = 0.6
"""Share of a row's cells that are missing."""
ROUNDS = 12
BATCH = 256
STEP = 0.4
"""Length of the first round's steps; it falls in a line to nothing."""
FIRST = 1e-3
"""What a column's squared slopes are taken to have come to before it was first seen: its first step is not its longest."""
RUNS, RUNS_SHIPPED = 3, 9
"""Fits with other chances, of which the mean is taken: few for the many folds, more for what is shipped. Two sets of three
runs differ by half a per cent of the hard requests; nine are as good as the better of them."""


class Rows:
    """A matrix of few cells, kept by rows. Values are single floats: a fit reads five million of them again and again."""

    def __init__(self, rows: Sequence[Sequence[tuple[int, float]]], columns: int) -> None:
        """From pairs of column and value, row by row."""
        lengths = np.array([len(row) for row in rows], dtype=np.int64)
        cells = [cell for row in rows for cell in row]
        self.columns = columns
        self._starts = np.cumsum(lengths) - lengths
        self._lengths = lengths
        self._column = np.array([cell[0] for cell in cells], dtype=np.int32)
        self._value = np.array([cell[1] for cell in cells], dtype=np.float32)

    def times(self, weights: Floats) -> Floats:
        """A sum for each row."""
        row = np.repeat(np.arange(len(self._lengths)), self._lengths)
        return np.bincount(row, weights[self._column] * self._value, len(self._lengths)).astype(np.float64)

    def fit(self, rows: Indices, signs: Floats, importance: Floats, seed: int, runs: int = RUNS) -> Floats:
        """Weights for these rows, the bias last; `signs` and `importance` are those of the whole matrix."""
        found: Floats = np.mean([self._fit(rows, signs, importance, seed + run) for run in range(runs)], axis=0)
        return found

    def _fit(self, rows: Indices, signs: Floats, importance: Floats, seed: int) -> Floats:
        dice = np.random.default_rng(seed)
        counts = importance / importance[rows].mean()
        found, squares = np.zeros(self.columns + 1), np.full(self.columns + 1, FIRST)
        for turn in range(ROUNDS):
            step = STEP * (1 - turn / ROUNDS)
            order = dice.permutation(rows)
            for batch in np.split(order, range(BATCH, len(order), BATCH)):
                column, value, row = self._thinned(batch, dice)
                sums = np.bincount(row, found[column] * value, len(batch)) + found[-1]
                side = signs[batch]
                pull = -counts[batch] * side / (1 + np.exp(side * sums))
                touched, place = np.unique(column, return_inverse=True)
                slope = np.append(np.bincount(place, pull[row] * value), pull.sum())
                touched = np.append(touched, self.columns)
                squares[touched] += slope * slope
                found[touched] -= step * slope / np.sqrt(squares[touched])
        return found

    def _thinned(self, batch: Indices, dice: np.random.Generator) -> tuple[NDArray[np.int32], NDArray[np.float32], Indices]:
        """Columns, values and places in the batch of the cells that are not missing."""
        lengths = self._lengths[batch]
        row = np.repeat(np.arange(len(batch)), lengths)
        cell = np.arange(len(row)) + np.repeat(self._starts[batch] - (np.cumsum(lengths) - lengths), lengths)
        there = dice.random(len(cell), dtype=np.float32) >= MISSING
        cell = cell[there]
        return self._column[cell], self._value[cell] / np.float32(1 - MISSING), row[there]
