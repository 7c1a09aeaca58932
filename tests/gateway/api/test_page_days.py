"""Spend by day: the teams that spend most have colours, and the table says what the chart shows."""

from datetime import UTC, datetime

from gateway.api.page_days import COLOURS, OTHERS, days, month_seconds, team_colours
from gateway.api.page_facts import Day
from tests.gateway.api.pages import FACTS, USD, Reader, changed

MANY = tuple(Day(20_750 + number, {f"team-{team}": (9 - team) * USD for team in range(8)}) for number in range(3))


def test_colours_go_by_spend():
    colours = team_colours(changed(days=MANY))
    assert [colours[f"team-{number}"] for number in range(8)] == [*COLOURS, OTHERS, OTHERS, OTHERS]


def test_the_table_has_every_day_newest_first():
    text = Reader(days(FACTS).encode()).text
    assert "25 Nov" not in text
    assert text.index("24 Nov") < text.index("23 Nov", text.index("As a table"))
    assert "24 Nov$19.00$18.00$1.00" in text
    assert "23 Nov$3.00$3.00$0.00" in text


def test_teams_without_a_colour_are_the_others():
    text = Reader(days(changed(days=MANY)).encode()).text
    assert "DayAllteam-0team-1team-2team-3team-4others" in text
    assert "$44.00$9.00$8.00$7.00$6.00$5.00$9.00" in text
    assert "others $9.00" in text, "said by the column, too"


def test_one_team_is_all():
    text = Reader(days(changed(days=(Day(1, {"payments": USD}),))).encode()).text
    assert "DayAll" in text
    assert "2 Jan$1.00" in text
    assert "payments" not in text


def test_without_spend_there_is_no_section():
    assert days(changed(days=())) == ""
    assert days(changed(days=(Day(1, {}),))) == ""


def test_how_much_of_a_month_is_over():
    assert month_seconds(datetime(2028, 2, 2, tzinfo=UTC).timestamp()) == (86_400, 29 * 86_400)
