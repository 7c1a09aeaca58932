"""A day's allowance is never overshot, is counted over all workers, and begins anew at midnight UTC."""

import pytest

from gateway.budgets.allowance import DAY_S, Allowance
from gateway.budgets.counters import LocalCounters
from gateway.workers.share import Share
from gateway.workers.shared_counters import SharedCounters

MIDNIGHT = 20_800 * DAY_S
NOON = MIDNIGHT + 43_200.0


@pytest.fixture(params=["alone", "workers"])
def pair(request):
    """The same allowance as two workers see it, or twice as one does."""
    if request.param == "alone":
        one = Allowance("a", LocalCounters(10))
        return one, one
    share = Share.make(2)
    return tuple(
        Allowance("a", SharedCounters.of_budgets(Share(share.descriptors, 2, column).columns)) for column in range(2)
    )


def test_what_is_held_counts_until_it_is_known(pair):
    one, other = pair
    assert one.hold(60, 100, NOON)
    assert not other.hold(60, 100, NOON)
    one.release(60, NOON)
    one.spend(10, NOON)
    assert other.hold(60, 100, NOON)
    assert not one.hold(31, 100, NOON)
    assert one.hold(30, 100, NOON)
    assert other.spent(NOON) == 10


def test_a_day_ends_at_midnight(pair):
    one, _ = pair
    one.spend(100, NOON)
    assert not one.hold(1, 100, MIDNIGHT + DAY_S - 1)
    assert one.hold(1, 100, MIDNIGHT + DAY_S)
