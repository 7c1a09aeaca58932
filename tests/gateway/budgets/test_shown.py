"""The gauges of budgets say how they stand; an account met by another process is among them."""

from gateway.budgets.shown import show
from gateway.identify import Caller
from tests.gateway.budgets.made import NOON, USD, budget, budgets, cost
from tests.gateway.metering.test_metrics import made, value


def test_teams_and_levels_are_shown() -> None:
    metrics = made()
    those = budgets(budget(), budget(name="each", per="user"))
    told = []
    those.on_listed = lambda *account: told.append(account)
    for user, picos in (("ann", 3), ("bob", 9), ("bob", 1)):
        those.settle(Caller(team="payments", user=user), None, cost(picos * USD))
    show(metrics, those, NOON)
    assert value(metrics, "pointsman_budget_spent_usd", team="payments", window="day") == 13
    assert value(metrics, "pointsman_budget_remaining_usd", team="payments", window="day") == 0
    assert value(metrics, "pointsman_budget_accounts", budget="each", level="refuse") == 1
    assert told == [("pay", "payments", ""), ("each", "payments", "ann"), ("each", "payments", "bob")]


def test_an_account_that_another_process_has_counted_in_is_met_once() -> None:
    those = budgets(budget(name="each", per="user"))
    told = []
    those.on_listed = lambda *account: told.append(account)
    for _ in range(2):
        those.meet("each", "payments", "eve")
    those.meet("gone", "payments", "eve")
    assert told == [("each", "payments", "eve")]
    assert [(each.team, each.who, each.spent) for each in those.accounts(NOON)] == [("payments", "eve", 0)]
