"""Held before, settled after: what is spent is exact, and what is beyond a limit was under way when it was reached."""

import random

import pytest
from msgspec.structs import replace

from gateway.budgets.budgets import Budgets, Spent
from gateway.budgets.counters import LocalCounters
from gateway.budgets.rates import TooFast
from gateway.budgets.types import Before, RateLimit
from gateway.identify import Caller
from gateway.workers.share import Share
from gateway.workers.shared_counters import SharedCounters
from tests.gateway.budgets.made import ANN, NOON, USD, budget, budgets, cost, estimate


def only(made, at=NOON):
    (found,) = made.accounts(at)
    return found


def test_a_request_is_held_for_and_settled():
    made = budgets(budget())
    held = made.hold(ANN, estimate(2 * USD), "m", NOON)
    assert made.standing(ANN, NOON).fullest.reserved == 2 * USD
    made.settle(ANN, held, cost(3 * USD))
    assert (only(made).spent, only(made).reserved) == (3 * USD, 0)


def test_what_answers_usually_cost_beyond_the_prompt_is_held_too():
    made = budgets(budget())
    made.settle(ANN, made.hold(ANN, estimate(USD), "m", NOON), cost(4 * USD))
    held = made.hold(ANN, estimate(USD), "m", NOON)
    assert only(made).reserved == 4 * USD
    made.release(held)
    assert only(made).reserved == 0


def test_beyond_the_limit_is_refused_and_holds_nothing():
    made = budgets(budget(), budget(name="tree", per="agent_tree", limit=100 * USD))
    made.settle(ANN, made.hold(ANN, estimate(9 * USD), "m", NOON), cost(9 * USD))
    with pytest.raises(Spent) as refused:
        made.hold(ANN, estimate(2 * USD), "m", NOON)
    assert (refused.value.account.budget.name, refused.value.account.spent) == ("pay", 9 * USD)
    assert all(each.reserved == 0 for each in made.accounts(NOON))
    made.hold(ANN, estimate(USD), "m", NOON)
    with pytest.raises(Spent):
        made.hold(ANN, estimate(0), "m", NOON)
    made.hold(ANN, estimate(9 * USD), "m", NOON + 86_400)


def test_a_budget_that_only_warns_never_refuses():
    made = budgets(budget(refuse_from=None))
    for _ in range(5):
        made.settle(ANN, made.hold(ANN, estimate(9 * USD), "m", NOON), cost(9 * USD))
    assert only(made).level == "warn"


def test_an_overshoot_is_what_was_under_way():
    """Whatever the estimates are worth, and in whatever order answers come."""
    luck = random.Random(7)
    for _ in range(50):
        made = budgets(budget())
        under_way, spent, worst = [], 0, 0
        while True:
            if len(under_way) < 64:
                try:
                    guess = luck.randrange(USD)
                    under_way.append((made.hold(ANN, estimate(guess), "m", NOON), luck.randrange(USD)))
                    continue
                except Spent:
                    pass
            if not under_way:
                break
            if spent < 10 * USD:
                worst = spent + sum(picos for _, picos in under_way)
            held, picos = under_way.pop(luck.randrange(len(under_way)))
            made.settle(ANN, held, cost(picos))
            spent += picos
        assert only(made).spent == spent <= max(worst, 10 * USD)
        assert only(made).reserved == 0


def test_tokens_are_counted_in_tokens():
    made = budgets(budget(unit="tokens", limit=1000))
    made.settle(ANN, made.hold(ANN, estimate(None, 500), "m", NOON), cost(USD, tokens=900))
    assert only(made).spent == 900
    with pytest.raises(Spent):
        made.hold(ANN, estimate(None, 200), "other", NOON)


def test_what_has_no_price_is_said_to_be_missing():
    made = budgets(budget())
    made.settle(ANN, None, cost(0, price_status="unpriced"))
    assert (only(made).spent, only(made).unpriced) == (0, 1)


def test_everyone_has_an_account_and_a_team_sees_its_own():
    made = budgets(budget(per="user"))
    for team, user in (("payments", "ann"), ("payments", "bob"), ("search", "ann")):
        caller = Caller(team=team, user=user)
        made.settle(caller, made.hold(caller, estimate(USD), "m", NOON), cost(USD))
    assert {(each.team, each.who) for each in made.accounts(NOON)} == {
        ("payments", "ann"), ("payments", "bob"), ("search", "ann"),
    }  # fmt: skip
    assert len(list(made.accounts(NOON, "payments"))) == 2


def test_a_reload_keeps_what_was_counted_and_names_what_is_new():
    made = budgets(budget())
    held = made.hold(ANN, estimate(USD), "m", NOON)
    fresh = made.install([budget(limit=20 * USD), budget(name="tree", per="agent_tree")], (), NOON)
    assert [each.name for each in fresh] == ["tree"]
    made.seed(fresh[0], Before(team="payments", who="s1", amount=5 * USD, unpriced=2), NOON)
    made.settle(ANN, held, cost(3 * USD))
    spent = {each.budget.name: (each.spent, each.reserved, each.unpriced) for each in made.accounts(NOON)}
    assert spent == {"pay": (3 * USD, 0, 0), "tree": (8 * USD, 0, 2)}
    assert made.install([budget(span="week")], (), NOON)
    made.seed(fresh[0], Before(team="payments", who="s1", amount=5 * USD, unpriced=0), NOON)
    assert "tree" not in {each.budget.name for each in made.accounts(NOON)}


def test_without_any_there_is_nothing_to_do():
    made = budgets()
    assert not made.watches
    assert made.standing(ANN, NOON).accounts == ()


def test_limits_a_minute_come_first_and_a_refused_budget_gives_them_back():
    made = budgets(budget(limit=USD), limits=[RateLimit(name="two", per="team", requests=2)])
    for _ in range(5):
        with pytest.raises(Spent):
            made.hold(ANN, estimate(2 * USD), "m", NOON)
    made.hold(ANN, estimate(0), "m", NOON)
    held = made.hold(ANN, estimate(0), "m", NOON)
    with pytest.raises(TooFast):
        made.hold(ANN, estimate(0), "m", NOON)
    made.release(held)
    made.hold(ANN, estimate(0), "m", NOON)


OTHERS = {
    "team": replace(ANN, team="search"), "user": replace(ANN, user="bob"), "key": replace(ANN, key_id="def"),
    "agent_tree": replace(ANN, session="s2"),
}  # fmt: skip
"""Who is not in Ann's account, by what an account is of."""
LATER = {"day": NOON + 86_400, "week": NOON + 86_400, "month": NOON + 3 * 86_400, "total": None}
"""A moment in the next window; NOON is a Sunday, two days before the month ends."""


def in_one_process():
    """One gateway, asked twice."""
    one = Budgets(LocalCounters(1000), LocalCounters(1000))
    return one, one


def in_two_workers():
    """Two processes' views of one memory."""
    made = Share.make(2)
    columns = [Share(made.descriptors, 2, mine).columns for mine in (0, 1)]
    return tuple(Budgets(SharedCounters.of_budgets(each), SharedCounters.of_pace(each)) for each in columns)


@pytest.mark.parametrize("made", [in_one_process, in_two_workers])
@pytest.mark.parametrize("per", OTHERS)
@pytest.mark.parametrize("span", LATER)
@pytest.mark.parametrize("unit", ["usd", "tokens"])
def test_every_kind_of_budget_warns_degrades_and_refuses(made, per, span, unit):
    """Whichever worker counts, whichever asks: tenths of a limit, one after the other, until there is no more."""
    tenth = USD if unit == "usd" else 1000
    whole = budget(per=per, span=span, unit=unit, limit=10 * tenth, warn_from=5 * tenth, degrade_from=8 * tenth, degrade_to="general")
    one, two = made()
    for each in {id(one): one, id(two): two}.values():
        each.install((whole,), (), NOON)

    def spent(counts, caller=ANN):
        amount = cost(tenth if unit == "usd" else 0, tokens=1 if unit == "usd" else tenth)
        held = counts.hold(caller, estimate(0), "m", NOON)
        counts.settle(caller, held, amount)

    levels = []
    for number in range(10):
        spent((one, two)[number % 2])
        levels.append((two, one)[number % 2].standing(ANN, NOON).fullest.level)
    assert levels == ["fine"] * 4 + ["warn"] * 3 + ["degrade"] * 2 + ["refuse"]
    for counts in (one, two):
        with pytest.raises(Spent):
            counts.hold(ANN, estimate(0), "m", NOON)
        counts.release(counts.hold(OTHERS[per], estimate(0), "m", NOON))
        if LATER[span] is not None:
            assert counts.standing(ANN, LATER[span]).fullest.level == "fine"
            counts.release(counts.hold(ANN, estimate(0), "m", LATER[span]))
        else:
            assert counts.standing(ANN, NOON + 10**9).fullest.level == "refuse"


@pytest.mark.parametrize("made", [in_one_process, in_two_workers])
@pytest.mark.parametrize("unit", ["usd", "tokens"])
def test_what_one_holds_is_not_given_to_the_other(made, unit):
    tenth = USD if unit == "usd" else 1000
    one, two = made()
    for each in {id(one): one, id(two): two}.values():
        each.install((budget(unit=unit, limit=10 * tenth, warn_from=None, refuse_from=10 * tenth),), (), NOON)
    asked = estimate(6 * USD, 6000)
    held = one.hold(ANN, asked, "m", NOON)
    with pytest.raises(Spent):
        two.hold(ANN, asked, "m", NOON)
    one.release(held)
    two.release(two.hold(ANN, asked, "m", NOON))
