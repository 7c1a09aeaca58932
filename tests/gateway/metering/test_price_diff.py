"""Two price tables laid side by side: models that come and go, and prices with the days on which they part."""

from datetime import UTC, datetime

import msgspec
from msgspec import Raw

from gateway.metering.price_diff import Difference, differences
from gateway.metering.price_table import Band, Period, Table, built_in

DAY = int(datetime(2026, 10, 7, tzinfo=UTC).timestamp())
LATER = DAY + 86_400


def table(**rows: tuple[Period, ...]) -> Table:
    return Table(
        as_of="2026-11-25", sources={}, rows={f"a/{name}": Raw(msgspec.json.encode(row)) for name, row in rows.items()}
    )


def period(since: int = 0, **usd: int) -> Period:
    return Period(tiers={"": (Band(0, {kind: price * 10**6 for kind, price in usd.items()}),)}, since=since)


def between(old: tuple[Period, ...], new: tuple[Period, ...]) -> list[Difference]:
    return list(differences(table(m=old), table(m=new)))


def test_a_table_does_not_differ_from_itself() -> None:
    assert list(differences(built_in(), built_in())) == []


def test_models_come_and_go() -> None:
    new, gone = differences(table(b=(period(output=3),)), table(a=(period(input_uncached=1, output=5),)))
    assert new == Difference("a/a", 0, "", "", "input_uncached 1, output 5")
    assert gone == Difference("a/b", 0, "", "output 3", "")


def test_a_price_changes_and_another_joins() -> None:
    assert between((period(output=3),), (period(output=4, reasoning=5),)) == [
        Difference("a/m", 0, "output", "3", "4"),
        Difference("a/m", 0, "reasoning", "", "5"),
    ]


def test_a_new_day_is_told_and_the_past_left_alone() -> None:
    assert between((period(output=3),), (period(output=3), period(DAY, output=2))) == [
        Difference("a/m", DAY, "output", "3", "2")
    ]


def test_a_corrected_past_ends_where_they_agree_again() -> None:
    assert between((period(output=3),), (period(output=4), period(DAY, output=3))) == [
        Difference("a/m", 0, "output", "3", "4", until=DAY)
    ]


def test_one_difference_follows_another() -> None:
    new = (period(output=4), period(DAY, output=5), period(LATER, output=3))
    assert between((period(output=3),), new) == [
        Difference("a/m", 0, "output", "3", "4", until=DAY),
        Difference("a/m", DAY, "output", "3", "5", until=LATER),
    ]
