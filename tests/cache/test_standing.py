"""How a thread stands after each answer, and which boundary a read reached."""

import pytest

from cache.curve import BETWEEN, FLOOR, TURN, WHOLE
from cache.standing import LARGE, SMALL, Answered, Standing, after, outcome

BEFORE = Standing(at=1.0, total=100_000, cached=99_990, out=300, turn=80_000, floor=16_000, requests=9)


@pytest.mark.parametrize(
    ("read", "reached"),
    [(99_990, WHOLE), (98_500, WHOLE), (79_616, TURN), (93_000, WHOLE), (60_000, BETWEEN), (16_000, FLOOR), (0, FLOOR)],
)
def test_outcomes(read: int, reached: int) -> None:
    assert outcome(BEFORE, read, whole=False) == reached


def test_a_whole_prompt_has_no_turn_to_end_at() -> None:
    assert outcome(BEFORE, 79_616, whole=True) == BETWEEN


def test_the_first_answer() -> None:
    stands = after(None, Answered(at=5.0, total=20_000, read=16_000, cached=20_000, out=10, granted_s=300.0, begins_turn=True))
    assert stands == Standing(
        at=5.0, total=20_000, cached=20_000, out=10, turn=20_000, floor=16_000, granted_s=300.0, requests=1
    )


def test_a_loss_is_remembered_and_the_floor_only_sinks() -> None:
    lost = after(BEFORE, Answered(at=9.0, total=101_000, read=12_000, cached=101_000, out=1, granted_s=0.0, begins_turn=False))
    assert (lost.missed, lost.floor, lost.turn) == (True, 12_000, 80_000)
    again = after(lost, Answered(at=9.0, total=101_500, read=101_000, cached=101_500, out=1, granted_s=0.0, begins_turn=True))
    assert (again.missed, again.floor, again.turn) == (False, 12_000, 101_500)


def test_steps_are_counted_from_a_persons_message() -> None:
    stands = None
    for begins_turn, steps in ((True, 0), (False, 1), (False, 2), (True, 0), (False, 1)):
        answered = Answered(at=5.0, total=9, read=9, cached=9, out=1, granted_s=0.0, begins_turn=begins_turn)
        stands = after(stands, answered)
        assert stands.steps == steps


def test_a_lifetime_holds_until_another_is_granted() -> None:
    hour = after(None, Answered(at=5.0, total=9, read=0, cached=9, out=1, granted_s=3600.0, begins_turn=True))
    assert after(hour, Answered(at=6.0, total=9, read=9, cached=9, out=1, granted_s=0.0, begins_turn=False)).granted_s == 3600.0


def test_words() -> None:
    assert Standing(cached=SMALL - 1).word == "small"
    assert Standing(cached=LARGE - 1).word == "middle"
    assert Standing(cached=LARGE).word == "large"
    assert Standing(cached=LARGE, missed=True).word == "missed"
