"""Counters of one process: exact, and bounded."""

from gateway.budgets.counters import LocalCounters


def key(name):
    return (name, "t", "", 0, "spent")


def test_they_add_up_and_tell_the_new_total():
    counters = LocalCounters(10)
    assert counters.add(key("a"), 10**15) == 10**15
    assert counters.add(key("a"), 5) == 10**15 + 5 == counters.total(key("a"))
    assert counters.total(key("b")) == 0


def test_what_is_zero_takes_no_room():
    counters = LocalCounters(10)
    counters.add(key("a"), 7)
    assert counters.add(key("a"), -7) == 0
    assert len(counters) == 0


def test_the_longest_untouched_is_forgotten():
    counters = LocalCounters(3)
    for name in "abc":
        counters.add(key(name), 1)
    counters.add(key("a"), 1)
    counters.add(key("d"), 1)
    assert [counters.total(key(name)) for name in "abcd"] == [2, 0, 1, 1]
