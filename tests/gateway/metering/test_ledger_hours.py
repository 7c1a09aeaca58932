"""Sums made in memory are those that SQL makes of the same rows."""

from contextlib import closing

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.metering.ledger_hours import Hours
from gateway.metering.ledger_rows import fees_of, insert
from gateway.metering.ledger_schema import CALLER, PLACE, add_up, connect
from gateway.metering.types import KINDS
from gateway.metering.whatif import NOTHING_KNOWN
from tests.gateway.metering.records import AT, intent, ledger_rows, settlement

REQUESTS = st.lists(
    st.tuples(
        st.sampled_from(["red", "blue"]),
        st.sampled_from(["ann", "bob", ""]),
        st.sampled_from([0, 101, 200, 404, 529, 700]),
        st.sampled_from([AT, AT + 3599.9, AT + 3600]),
        st.dictionaries(st.sampled_from(KINDS), st.integers(0, 10**9), max_size=3),
        st.booleans(),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(REQUESTS, st.integers(0, 25))
def test_memory_and_sql_agree(tmp_path_factory, requests, cut):
    path = tmp_path_factory.mktemp("hours") / "ledger.db"
    made = [
        (intent(str(number), team=team, user=user),
         settlement(str(number), status=status, at=at, kinds=costs, by_kind=costs, picos=sum(costs.values()) + 7, exact=exact))
        for number, (team, user, status, at, costs, exact) in enumerate(requests)
    ]  # fmt: skip
    with closing(connect(path)) as connection:
        for part in (made[:cut], made[cut:]):
            hours = Hours()
            insert(connection, "w", [(asked, settled, fees_of(settled), NOTHING_KNOWN) for asked, settled in part])
            for asked, settled in part:
                hours.add(asked, settled, fees_of(settled))
            hours.write(connection)
        for table, by in (("hours_by_place", PLACE), ("hours_by_caller", CALLER)):
            columns = ", ".join(by)
            in_memory = ledger_rows(path, f"SELECT * FROM {table} ORDER BY {columns}")
            connection.execute(f"DELETE FROM {table}")
            connection.execute(add_up(table, by, "requests r WHERE true"))
            assert in_memory == ledger_rows(path, f"SELECT * FROM {table} ORDER BY {columns}")
