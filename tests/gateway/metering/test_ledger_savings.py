"""What one event saved is not set against what another wasted, and the sum of all hours is the hours' sum."""

from contextlib import closing

from gateway.metering.ledger_savings import Savings, amounts
from gateway.metering.ledger_schema import connect
from gateway.metering.whatif import NOTHING_KNOWN, WhatIf
from tests.gateway.metering.records import AT, ledger_rows, settlement


def test_reasons():
    otherwise = WhatIf(code=150, general=20, uncached=90, stayed=40, wasted=30, wasted_cause="past_lifetime")
    assert list(amounts(100, otherwise)) == [
        ("saved", "routing", 50), ("wasted", "caching", 10), ("wasted", "switching", 60), ("wasted", "past_lifetime", 30),
    ]  # fmt: skip
    assert list(amounts(100, NOTHING_KNOWN)) == []
    assert list(amounts(100, WhatIf(code=100, uncached=100, stayed=100, wasted=0))) == []


def test_hours_and_their_sum(tmp_path):
    with closing(connect(tmp_path / "ledger.db")) as connection:
        for batch in range(3):
            savings = Savings()
            for code in (150, 60):
                savings.add("payments", settlement("x", at=AT + 3600 * batch, picos=100), WhatIf(code=code))
            savings.add("payments", settlement("x", at=AT, picos=None), WhatIf(code=5))
            savings.write(connection)
    rows = ledger_rows(tmp_path / "ledger.db", "SELECT * FROM savings ORDER BY hour, what")
    assert [(row["what"], row["reason"], row["requests"], row["picos"]) for row in rows[:2]] == [
        ("saved", "routing", 3, 150), ("wasted", "routing", 3, 120),
    ]  # fmt: skip
    assert rows[0]["hour"] == -1
    hours = [row for row in rows if row["hour"] >= 0]
    assert len(hours) == 6
    assert sum(row["picos"] for row in hours) == 270
