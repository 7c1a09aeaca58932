"""The fit on few cells of many: finds what is known, shares work among twins, and gives the same again."""

import numpy as np
import pytest

from training.dropout import Rows


def learned(rows: list[list[tuple[int, float]]], signs: np.ndarray, columns: int, seed: int = 1) -> np.ndarray:
    return Rows(rows, columns).fit(np.arange(len(rows)), signs, np.ones(len(rows)), seed)


def sided(dice: np.random.Generator, count: int) -> tuple[list[list[tuple[int, float]]], np.ndarray]:
    """Rows of which columns 0 and 1 stand for one side and 2 for the other, amid chance."""
    signs = dice.choice([-1.0, 1.0], count)
    noise = dice.integers(3, 20, (count, 4))
    rows = [
        [*([(0, 1.0), (1, 1.0)] if sign > 0 else [(2, 1.0)]), *((int(each), 1.0) for each in sorted(set(beside)))]
        for sign, beside in zip(signs, noise, strict=True)
    ]
    return rows, signs


def test_it_finds_what_stands_for_a_side() -> None:
    rows, signs = sided(np.random.default_rng(3), 2000)
    found = learned(rows, signs, 20)
    assert min(found[:2]) > 1
    assert found[2] < -1
    assert np.abs(found[3:20]).max() < 0.3
    assert np.mean(np.sign(Rows(rows, 20).times(found[:-1]) + found[-1]) == signs) == 1


def test_twins_share_the_work() -> None:
    rows, signs = sided(np.random.default_rng(4), 2000)
    found = learned(rows, signs, 20)
    assert found[0] == pytest.approx(found[1], rel=0.1)


def test_only_the_rows_that_are_asked_for_are_learned_from() -> None:
    matrix = Rows([[(0, 1.0)], [(1, 1.0)]], 2)
    found = matrix.fit(np.array([0]), np.array([1.0, -1.0]), np.ones(2), 1)
    assert found[0] > 0
    assert found[1] == 0


def test_importance_decides_where_rows_disagree() -> None:
    signs = np.array([1.0, -1.0] * 200)
    found = Rows([[(0, 1.0)]] * 400, 1).fit(np.arange(400), signs, np.where(signs > 0, 3.0, 1.0), 1)
    assert found[0] + found[-1] > 0.5


def test_the_same_seed_gives_the_same_weights() -> None:
    rows, signs = sided(np.random.default_rng(5), 300)
    assert (learned(rows, signs, 20) == learned(rows, signs, 20)).all()
    assert (learned(rows, signs, 20) != learned(rows, signs, 20, seed=99)).any()


def test_a_row_is_the_sum_of_its_cells() -> None:
    matrix = Rows([[(0, 1.0), (2, 0.5)], [], [(1, 2.0)]], 3)
    assert matrix.times(np.array([1.0, 2.0, 4.0])) == pytest.approx([3.0, 0.0, 4.0])
