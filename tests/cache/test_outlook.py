"""From chances to tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.curve import Chances
from cache.look import Look
from cache.outlook import Outlook, outlook
from cache.standing import Standing

BEFORE = Standing(at=1.0, total=100_000, cached=100_000, turn=80_000, floor=16_000, requests=9)
LOOK = Look(word="grown", turn="tool", tokens=101_000)


def made(chances: Chances, look: Look = LOOK, step: tuple[int, int] = (1, 0), evidence: float = 50.0) -> Outlook:
    return outlook(BEFORE, look, chances, 16_000, step, "expired", evidence)


@given(st.lists(st.floats(0.001, 1), min_size=4, max_size=4))
def test_it_is_a_distribution(weights: list[float]) -> None:
    total = sum(weights)
    one, two, three, four = (weight / total for weight in weights)
    found = made((one, two, three, four))
    assert 0 <= found.p_full + found.p_cold <= 1.000001
    assert 16_000 <= found.mean_read <= 100_000.001
    assert found.expected_read in {16_000, 75_000, 80_000, 100_000}


def test_the_median_and_the_mean() -> None:
    found = made((0.4, 0.2, 0.0, 0.4))
    assert found.expected_read == 80_000
    assert found.mean_read == pytest.approx(40_000 + 16_000 + 6_400)
    assert (found.p_full, found.p_cold) == (0.4, 0.4)


def test_reads_come_in_steps() -> None:
    assert made((1.0, 0.0, 0.0, 0.0), step=(512, 384)).expected_read == 99_712


def test_no_more_than_was_kept() -> None:
    found = made((1.0, 0.0, 0.0, 0.0), Look(word="edited", turn="user", tokens=101_000, kept=40_000))
    assert found.expected_read == 40_000
    assert (found.p_full, found.p_cold) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("chances", "word", "evidence", "state"),
    [
        ((0.95, 0.0, 0.0, 0.05), "grown", 50.0, "warm"),
        ((0.8, 0.0, 0.0, 0.2), "grown", 50.0, "cooling"),
        ((0.2, 0.0, 0.0, 0.8), "grown", 50.0, "cold"),
        ((0.2, 0.0, 0.0, 0.8), "shrunk", 50.0, "broken"),
        ((0.95, 0.0, 0.0, 0.05), "grown", 2.0, "unknown"),
    ],
)
def test_states(chances: Chances, word: str, evidence: float, state: str) -> None:
    look = Look(word=word, turn="tool", tokens=101_000)  # type: ignore[arg-type]
    assert made(chances, look, evidence=evidence).state == state
