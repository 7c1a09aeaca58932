"""The sections on money: where the month will end, budgets where there are some, gains and losses told apart."""

from datetime import UTC, datetime

import pytest

from gateway.api import page_money
from gateway.api.page_facts import Budget, TeamSpend, Worth
from tests.gateway.api.pages import FACTS, USD, Reader, changed


def text(section: str) -> str:
    return Reader(section.encode()).text


@pytest.mark.parametrize(
    ("moment", "told"),
    [
        (datetime(2026, 11, 16, tzinfo=UTC), "$826.0050 % of the month is over"),
        (datetime(2026, 11, 1, 5, tzinfo=UTC), "–the month has just begun"),
        (datetime(2026, 12, 1, tzinfo=UTC), "–the month has just begun"),
    ],
)
def test_the_month_goes_on_as_it_began(moment, told):
    assert told in text(page_money.tiles(changed(now=moment.timestamp())))


def test_tiles_tell_last_month_and_what_is_missing():
    shown = text(page_money.tiles(FACTS))
    assert "$413.00+ 3 unpriced · last month $977.00" in shown
    assert "Saved this month$88.00lost to cold caches: $7.00" in shown
    assert "every request priced" in text(page_money.tiles(changed(teams=(), last_month_picos=None)))


def test_without_budgets_there_is_no_word_of_them():
    assert "udget" not in page_money.teams(FACTS)


def test_budgets_stand_beside_what_is_spent():
    teams = tuple(
        TeamSpend(name, 0, 0, 1, 1, budget=None if spent is None else Budget("month", 100 * USD, spent * USD))
        for name, spent in (("calm", 20), ("close", 85), ("over", 120), ("free", None))
    )
    section = page_money.teams(changed(teams=teams))
    shown = text(section)
    assert "calm$0.00$0.0020 % of $100.00 a month" in shown
    assert "over$0.00$0.00120 % of $100.00 a month" in shown
    assert "free$0.00$0.00–" in shown
    assert [word in section for word in ('class="fill"', 'class="near"', 'class="over"')] == [True] * 3


def test_many_teams_are_a_list_and_a_rest():
    teams = tuple(TeamSpend(f"t{number}", USD, 2 * USD, 1, 10) for number in range(page_money.TEAMS_SHOWN + 3))
    assert "3 more$3.00$6.0030" in text(page_money.teams(changed(teams=teams)))


def test_gains_and_losses_are_told_apart():
    shown = text(page_money.worth(FACTS))
    assert "Prompts read from a cacheagainst paying every token in full+$90.00" in shown
    assert "against sending all of them there−$2.00" in shown
    assert "it was too old; since the start−$7.00" in shown
    assert "brand new; since the start−under $0.01" in text(page_money.worth(changed(worths=(Worth("lost", 1, "brand_new"),))))
    assert "Nothing was saved or lost yet." in text(page_money.worth(changed(worths=())))


def test_kinds_without_a_price_are_unknown():
    assert "input uncached100 kunknown" in text(page_money.kinds(FACTS.kinds))
