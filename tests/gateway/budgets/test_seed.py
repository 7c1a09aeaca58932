"""What the ledger says was spent is what budgets begin with, in every window and for every kind of account."""

import sqlite3

import pytest

from gateway.budgets.seed import past
from gateway.budgets.window import window
from gateway.metering.ledger import Ledger, connect
from tests.gateway.budgets.made import NOON, budget
from tests.gateway.metering.records import book, intent, settlement, unpriced

HALF_HOURS = 48 * 40


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def ledger(tmp_path_factory, request):
    """Forty days of a request every half hour, two teams, three users, five sessions."""
    path = tmp_path_factory.mktemp("seed") / "ledger.db"
    if request.param == "postgres":
        path = request.getfixturevalue("postgres").database()
    connection = connect(path)
    intents, settlements = [], []
    for number in range(HALF_HOURS):
        team, user = ("payments", "search")[number % 2], ("ann", "bob", "")[number % 3]
        whose = {"team": team, "user": user, "session": f"s{number % 5}", "key_id": f"k{number % 2}"}
        intents.append(intent(f"r{number:05}", **whose))
        made = unpriced if number % 50 == 0 else settlement
        settlements.append(made(f"r{number:05}", at=NOON + 900 - 1800 * number))
    book(connection, "worker-1", intents, settlements)
    connection.close()
    return Ledger.existing(path)


@pytest.mark.parametrize("per", ["team", "user", "key", "agent_tree"])
@pytest.mark.parametrize("span", ["day", "week", "month", "total"])
@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/New_York"])
@pytest.mark.parametrize("unit", ["usd", "tokens"])
def test_it_is_the_sum_of_the_rows(ledger, per, span, zone, unit):
    now = NOON + 1000
    made = budget(per=per, span=span, zone=zone, unit=unit, teams=frozenset({"payments"}), users=frozenset({"ann", ""}))
    found: dict[tuple[str, str], list[int]] = {}
    for _, each in past(ledger, [made], now):
        sums = found.setdefault((each.team, each.who), [0, 0])
        sums[0] += each.amount
        sums[1] += each.unpriced
    who = {"team": "''", "user": "user", "key": "key_id", "agent_tree": "session"}[per]
    amount = "coalesce(sum(picos), 0)" if unit == "usd" else "sum(cache_read + output)"
    query = (
        f"SELECT team, {who} AS who, {amount} AS amount, count(*) FILTER (WHERE price_status != 'priced') AS unpriced FROM requests WHERE"
        " team = 'payments' AND user IN ('ann', '') AND settled_at >= ? AND settled_at < ? GROUP BY 1, 2"
    )
    rows = ledger.rows(query, [window(span, zone, now).start, now])
    assert found == {(row["team"], row["who"]): [row["amount"], row["unpriced"]] for row in rows}
    assert found


def test_a_ledger_that_cannot_be_read_says_so(tmp_path):
    with pytest.raises(sqlite3.Error):
        past(Ledger(tmp_path / "none.db"), [budget()], NOON)
