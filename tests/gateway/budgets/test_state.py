"""How budgets are told to the page, the API and the metrics."""

from gateway.budgets.state import accounts, as_json, gauges, of_teams
from gateway.identify import Caller
from tests.gateway.budgets.made import ANN, NOON, USD, account, budget, budgets, cost


def test_the_fullest_comes_first():
    made = budgets(budget(per="user"), budget(name="team", limit=100 * USD))
    for user, picos in (("ann", 3), ("bob", 9), ("eve", 12)):
        made.settle(Caller(team="payments", user=user), None, cost(picos * USD))
    made.settle(Caller(team="search", user="x"), None, cost(USD))
    assert [each.who for each in accounts(made, NOON, "payments")] == ["eve", "bob", "ann", ""]
    assert [(each.team, each.spent) for each in of_teams(made, NOON, "payments")] == [("payments", 24 * USD)]
    found = {each.name: each for each in gauges(accounts(made, NOON))}
    assert found["pay"].fullest_share == 1.2
    assert found["pay"].levels == {"fine": 2, "warn": 1, "degrade": 0, "refuse": 1}


def test_dollars_are_exact_strings_and_tokens_numbers():
    told = as_json(account(spent=9 * USD + 1, reserved=2 * USD))
    assert (told["spent"], told["reserved"], told["remaining"]) == ("9.000000000001", "2.000000000000", "0.000000000000")
    assert (told["level"], told["limit"], told["ends"]) == ("refuse", "10.000000000000", NOON + 43_200)
    assert as_json(account(spent=5, unit="tokens", limit=10))["remaining"] == 5
    assert budgets(budget()).standing(ANN, NOON).level == "fine"
