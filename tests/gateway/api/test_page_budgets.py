"""Budgets on the page: beside a team's spend, with where the month will end, and who else is close to theirs."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from gateway.api import page_budgets, page_money
from gateway.api.page_facts import Budget, TeamSpend
from gateway.budgets.types import Account
from gateway.budgets.types import Budget as Compiled
from tests.gateway.api.pages import USD, Reader, changed

HALF = datetime(2026, 11, 16, tzinfo=UTC).timestamp()
MONTH = Budget("teams", "payments", "", "month", "usd", 100 * USD, 20 * USD, "fine")
COMPILED = Compiled(name="b", per="team", span="week", zone="UTC", unit="usd", limit=100, warn_from=80, refuse_from=100)


def text(section: str) -> str:
    return Reader(f"<table>{section}</table>".encode()).text


def account(team: str, spent: int, who: str = "", **budget: object) -> Account:
    return Account(budget=replace(COMPILED, **budget), team=team, who=who, spent=spent, reserved=5, ends=None)


@pytest.mark.parametrize(
    ("budget", "told", "colour"),
    [
        (MONTH, "20 % of $100.00 a month", "fill"),
        (replace(MONTH, used=60 * USD, level="warn"), "60 % of $100.00 a month120 % at this pace", "near"),
        (replace(MONTH, used=130 * USD, level="refuse"), "130 % of $100.00 a month", "over"),
        (replace(MONTH, window="day", used=90 * USD), "90 % of $100.00 a day", "fill"),
        (replace(MONTH, unit="tokens", limit=2_000_000, used=500_000), "25 % of 2.00 M tokens a month", "fill"),
        (replace(MONTH, limit=0, used=0, level="refuse"), "all of $0.00 a month", "over"),
    ],
)
def test_a_teams_budget(budget, told, colour):
    shown = page_budgets.cell(budget, HALF)
    assert text(shown) == told
    assert f'class="{colour}"' in shown


def test_they_stand_in_the_table_of_teams_where_there_are_some():
    teams = (TeamSpend("payments", 0, 0, 1, 1, budget=MONTH), TeamSpend("free", 0, 0, 1, 1))
    shown = page_money.teams(changed(teams=teams))
    assert ">Budget<" in shown
    assert "free$0.00$0.00–" in text(shown)


def test_of_two_budgets_the_fuller_is_shown():
    found = page_budgets.by_team([account("a", 10), account("a", 50, span="day"), account("b", 1)])
    assert {team: (each.window, each.used) for team, each in found.items()} == {"a": ("day", 55), "b": ("week", 6)}


def test_whoever_is_pressed_is_named_and_nobody_else():
    found = page_budgets.pressed([account("a", 99, "ann"), account("a", 80, "bob"), account("a", 1, "eve"), account("a", 99)])
    assert [(each.who, each.level) for each in found] == [("ann", "refuse"), ("bob", "warn")]
    shown = text(page_budgets.budgets(changed(budgets=found)))
    assert "a annb104 % of <$0.00001 a weekrefused" in shown
    assert page_budgets.budgets(changed(budgets=())) == ""
