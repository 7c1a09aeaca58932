"""Whose account it is, and which of several is told of."""

import pytest

from gateway.budgets.counters import LocalCounters
from gateway.budgets.watch import Standing, Watched, fits, of_team, who_of
from tests.gateway.budgets.made import ANN, NOON, USD, account, budget


@pytest.mark.parametrize(("per", "who"), [("team", ""), ("user", "ann"), ("key", "abc"), ("agent_tree", "s1")])
def test_whose_account(per, who):
    assert who_of(per, ANN) == who


def test_which_budgets_are_for_a_caller():
    assert fits(budget(), ANN)
    assert fits(budget(teams=frozenset({"payments"}), users=frozenset({"ann"})), ANN)
    assert not fits(budget(users=frozenset({"bob"})), ANN)
    watched = [Watched(budget(name=name, teams=teams), NOON) for name, teams in (("a", None), ("b", frozenset({"search"})))]
    assert [each.budget.name for each in of_team(watched, "payments")] == ["a"]


def test_a_new_window_begins_empty_and_what_is_held_stays():
    counters = LocalCounters(10)
    watched = Watched(budget(), NOON)
    counters.add(watched.key("payments", "", NOON, "spent"), 3 * USD)
    counters.add(watched.key("payments", "", NOON, "reserved"), USD)
    today = watched.account("payments", "", NOON, counters)
    tomorrow = watched.account("payments", "", NOON + 86_400, counters)
    assert (today.spent, today.reserved, tomorrow.spent, tomorrow.reserved) == (3 * USD, USD, 0, USD)
    assert tomorrow.ends == today.ends + 86_400


def test_the_worst_account_counts():
    warned, refused = account(spent=9 * USD), account(spent=10 * USD, name="other")
    almost = account(spent=99 * USD // 10, refuse_from=None, warn_from=None)
    assert Standing((warned, refused)).level == "refuse"
    assert Standing((warned, almost)).fullest == warned
    assert Standing(()).level == "fine"
    assert Standing(()).fullest is None
