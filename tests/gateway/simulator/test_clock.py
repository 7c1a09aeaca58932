"""The simulator's time goes forward only."""

import time

import pytest

from gateway.simulator.clock import Clock, RunningClock, StillClock


def test_a_running_clock_is_real_time_plus_what_was_skipped():
    clock = RunningClock()
    assert clock.now() == pytest.approx(time.time(), abs=1)
    clock.advance(3600)
    assert clock.now() == pytest.approx(time.time() + 3600, abs=1)


def test_a_still_clock_moves_only_when_told():
    clock = StillClock(100.0)
    assert clock.now() == clock.now() == 100.0
    clock.advance(0.5)
    assert clock.now() == 100.5


@pytest.mark.parametrize("clock", [RunningClock(), StillClock()])
@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), 1e300])
def test_no_way_back_and_none_to_the_end_of_time(clock: Clock, seconds: float):
    before = clock.now()
    with pytest.raises(ValueError, match="forward"):
        clock.advance(seconds)
    assert clock.now() == pytest.approx(before, abs=1)
