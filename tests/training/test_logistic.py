"""The fit: finds what is known, and stands by its prior where there is no data."""

import numpy as np
import pytest

from training.logistic import fit


def test_it_finds_the_minimum() -> None:
    dice = np.random.default_rng(3)
    cells = dice.normal(size=(400, 3))
    signs = np.sign(cells @ np.array([2.0, -1.0, 0.0]) + dice.normal(size=400))
    ones = np.ones(400)
    found = fit(cells, signs, ones, 1.0, np.zeros(3), steps=200, tolerance=1e-10)
    margin = signs * (cells @ found[:3] + found[3])
    pull = -signs / (1 + np.exp(margin))
    slope = np.append(cells.T @ pull + found[:3], pull.sum())
    assert np.abs(slope).max() < 1e-2, "the gradient vanishes there"
    assert found[0] > 0.5 > abs(found[2])
    assert found[1] < -0.3


def test_without_data_the_prior_stands() -> None:
    prior = np.array([1.5, -0.5])
    found = fit(np.zeros((2, 2)), np.array([1.0, -1.0]), np.ones(2), 1.0, prior)
    assert found[:2] == pytest.approx(prior)
