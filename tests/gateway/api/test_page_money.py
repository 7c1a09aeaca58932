"""The sections on money: where the month will end, budgets where there are some, gains and losses told apart."""

from datetime import UTC, datetime

import pytest

from gateway.api import page_money
from gateway.api.page_facts import TeamSpend, Worth
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
    assert "Saved by caching$90.00by routing −$2.00 · lost caches $7.00" in shown
    assert "every request priced" in text(page_money.tiles(changed(teams=(), last_month_picos=None)))


def test_without_budgets_there_is_no_word_of_them():
    assert "udget" not in page_money.teams(FACTS)


def test_many_teams_are_a_list_and_a_rest():
    teams = tuple(TeamSpend(f"t{number}", USD, 2 * USD, 1, 10) for number in range(page_money.TEAMS_SHOWN + 3))
    assert "3 more$3.00$6.0030" in text(page_money.teams(changed(teams=teams)))


def test_gains_and_losses_are_told_apart():
    shown = text(page_money.worth(FACTS))
    assert "Prompts read from a cacheagainst paying every token in full+$90.00" in shown
    assert "Requests sent to a dearer modelagainst all on the code route's model−$5.00" in shown
    assert "Caches that had goneit was too old−$7.00" in shown
    assert "do not add up" in shown
    assert "brand new−under $0.01" in text(page_money.worth(changed(worths=(Worth("wasted", "brand_new", 1),))))
    assert "Nothing was saved or lost yet." in text(page_money.worth(changed(worths=())))


def test_kinds_without_a_price_are_unknown():
    assert "input uncached100 kunknown" in text(page_money.kinds(FACTS.kinds))
