"""Prices in words: exact, without noise, and nothing of a period left out."""

import pytest

from gateway.metering.price_table import Band, Period, Window, built_in, periods
from gateway.metering.price_words import day, flat, lines, per_million, per_thousand
from gateway.metering.types import PICOS_PER_USD


@pytest.mark.parametrize(
    ("picos", "usd"),
    [(0, "0"), (1, "0.000001"), (2_800, "0.0028"), (2_000_000, "2"), (300_000_000, "300"), (6_875_000, "6.875")],
)
def test_per_million(picos: int, usd: str) -> None:
    assert per_million(picos) == usd


def test_per_thousand_calls() -> None:
    assert per_thousand(PICOS_PER_USD // 100) == "10"
    assert per_thousand(25 * 10**8) == "2.5"


def test_days() -> None:
    assert day(0) == "the beginning"
    assert day(1_791_331_200) == "2026-10-07"
    assert day(1_786_896_000) == "2026-08-16T16:00Z"


def test_a_period_lies_flat() -> None:
    period = Period(
        tiers={
            "": (Band(0, {"output": 2_000_000}), Band(200_000, {"output": 4_000_000})),
            "flex": (Band(0, {"output": 10**6}),),
        },
        fees={"web_search": 10**10},
        percent={"us": 110},
        off_peak={"output": 1_500_000},
        windows=(Window((1, 2, 3, 4, 5), 0, 60), Window((6, 7), 0, 1440), Window((1, 3), 600, 660), Window((7,), 5, 65)),
        quiet_days=(20_727,),
    )
    assert flat(period) == {
        "output": "2",
        "output over 200,000": "4",
        "output flex": "1",
        "output off-peak": "1.5",
        "web_search, a thousand calls": "10",
        "us, percent of everything": "110",
        "off-peak hours": "Mon-Fri 00:00-01:00; Sat-Sun 00:00-24:00; Mon Wed 10:00-11:00; Sun 00:05-01:05",
        "off-peak days": "2026-10-01",
    }
    said = list(lines(period))
    assert said[:4] == ["standard", "  output  2   over 200,000: 4", "flex", "  output  1"]
    assert said[4:] == [f"{name}: {value}" for name, value in flat(period).items() if name not in ("output", *_BANDS)]


_BANDS = ("output over 200,000", "output flex")


def test_every_price_of_the_table_is_said() -> None:
    for row in list(built_in().rows.values())[::40]:
        for period in periods(row):
            said = "\n".join(lines(period))
            for bands in period.tiers.values():
                for band in bands:
                    assert all(per_million(picos) in said for picos in band.kinds.values())
