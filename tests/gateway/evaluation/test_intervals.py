"""Intervals hold the value, are as wide as sessions differ, and come out the same for the same seed."""

from gateway.evaluation.intervals import Counted, intervals


class Share(Counted):
    right: int = 0
    calls: int = 0

    def scores(self) -> dict[str, float]:
        return {"right": self.right / max(1, self.calls)}


def test_sessions_that_are_alike_leave_no_doubt() -> None:
    assert intervals([Share(right=3, calls=4)] * 20, Share) == {"right": (0.75, 0.75, 0.75)}


def test_sessions_that_differ_leave_some_and_more_of_them_less() -> None:
    few = [Share(right=right, calls=4) for right in (1, 4)] * 4
    value, low, high = intervals(few, Share)["right"]
    assert value == 0.625
    assert low < value < high
    _, closer, _ = intervals(few * 20, Share)["right"]
    assert low < closer < value


def test_the_same_seed_draws_the_same() -> None:
    found = [Share(right=number % 5, calls=5) for number in range(30)]
    assert intervals(found, Share, 3) == intervals(found, Share, 3) != intervals(found, Share, 4)


def test_of_nothing_there_is_a_value_and_no_interval() -> None:
    assert intervals([], Share) == {"right": (0.0, 0.0, 0.0)}
