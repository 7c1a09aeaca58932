"""An end is found where there is one, and none where caches go at random."""

from random import Random

import pytest

from cache.brink import SEEN_MAX, Brink


def told(observations: list[tuple[float, bool]]) -> Brink:
    brink = Brink()
    for gap_s, kept in observations:
        brink.saw(gap_s, kept)
    return brink


def test_a_clock_is_found_between_the_longest_kept_and_the_shortest_lost() -> None:
    luck = Random(1)
    gaps = [luck.uniform(600, 900) for _ in range(30)]
    brink = told([(gap, gap <= 660) for gap in gaps])
    longest, shortest = max(gap for gap in gaps if gap <= 660), min(gap for gap in gaps if gap > 660)
    assert brink.keeps(longest) is True
    assert brink.keeps(shortest) is False
    assert brink.keeps((longest + shortest) / 2 + 0.01) is False


def test_one_odd_answer_does_not_hide_it() -> None:
    gaps = [600.0 + 10 * number for number in range(24)]
    brink = told([(gap, gap <= 660 or gap == 800) for gap in gaps])
    assert (brink.keeps(610.0), brink.keeps(700.0)) == (True, False)


@pytest.mark.parametrize("seed", range(40))
def test_chance_is_no_clock(seed: int) -> None:
    luck = Random(seed)
    brink = told([(luck.uniform(600, 900), luck.random() < 0.5) for _ in range(SEEN_MAX)])
    assert brink.keeps(750.0) is None


@pytest.mark.parametrize("seen", [[], [(5.0, True)], [(5.0, True), (6.0, False)], [(5.0, True)] * 30])
def test_little_or_uniform_evidence_tells_nothing(seen: list[tuple[float, bool]]) -> None:
    assert told(seen).keeps(5.5) is None


def test_a_clock_that_moved_is_followed() -> None:
    gaps = [600.0 + 10 * number for number in range(30)]
    brink = told([(gap, gap <= 650) for gap in gaps] + [(gap, gap <= 800) for gap in gaps] * 2)
    assert brink.keeps(700.0) is True
    assert brink.keeps(850.0) is False
