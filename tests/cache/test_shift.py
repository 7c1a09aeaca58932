"""A change is noticed within a few losses; what was foretold rightly is none."""

import random

from cache.shift import Shift


def test_seldom_losses_that_were_foretold_are_no_change() -> None:
    shift, chance = Shift(), random.Random(3)
    assert not any(shift.saw(0.99, chance.random() < 0.99) for _ in range(20_000))


def test_doubtful_ones_are_no_change_either() -> None:
    shift, chance = Shift(), random.Random(4)
    assert sum(shift.saw(0.5, chance.random() < 0.5) for _ in range(5000)) <= 1


def test_losses_where_none_were_expected() -> None:
    shift = Shift()
    assert [shift.saw(0.97, hit=False) for _ in range(10)].index(True) == 7 - 1
    assert shift.alarms == 1


def test_a_change_for_the_better() -> None:
    shift = Shift()
    assert True in [shift.saw(0.05, hit=True) for _ in range(10)]


def test_one_surprise_is_never_an_alarm() -> None:
    assert not Shift().saw(1.0, hit=False)
    assert not Shift().saw(0.0, hit=True)
