"""What a record becomes, however many go in at a time."""

from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.metering.ledger_rows import Doubled, UnknownKind, fees_of, insert, known, nobody, unknown
from gateway.metering.ledger_schema import connect
from gateway.metering.types import KINDS, Intent
from gateway.metering.whatif import NOTHING_KNOWN
from tests.gateway.metering.records import AT, book, check_sums, intent, ledger_rows, settlement, unpriced


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.db"


def written(path, *batches, journal="w"):
    with closing(connect(path)) as connection:
        for intents, settlements in batches:
            book(connection, journal, intents, settlements)
    return ledger_rows(path)


def test_every_field_has_its_place(path):
    meant, settled = intent("a"), settlement("a", fees={"web_search": 2}, picos=25_003_900, attempts=3)
    (row,) = written(path, ([meant], [settled]))
    moved = {"model", "upstream", "provider"}  # the settlement says who answered
    for name in set(Intent.__struct_fields__) - moved:
        assert row[name] == getattr(meant, name), name
    apart = {"id", "at", "kinds", "fees", "by_kind", "price_rows", "cause"}
    for name in set(settled.__struct_fields__) - apart:
        assert row[name] == getattr(settled, name), name
    assert (row["settled_at"], row["journal"], row["fees"]) == (AT + 4, "w", '{"web_search":2}')
    assert (row["fee_picos"], row["price_rows"]) == (25_000_000, "2026-11-20/openai/x")
    assert {kind: row[kind] for kind in KINDS if row[kind]} == dict(settled.kinds)
    assert {kind: row[f"picos_{kind}"] for kind in KINDS if row[f"picos_{kind}"] is not None} == dict(settled.by_kind)


@pytest.mark.parametrize(("status", "named"), [(200, "2xx"), (304, "3xx"), (404, "4xx"), (529, "5xx"), (0, "none"), (101, "none")])
def test_an_hour_is_told_apart_by_what_the_client_saw(path, status, named):
    written(path, ([intent("a")], [settlement("a", status=status, at=AT + 3599.9)]))
    (hour,) = ledger_rows(path, "SELECT * FROM hours_by_place")
    assert (hour["status_class"], hour["hour"]) == (named, int(AT) // 3600)
    assert (hour["team"], hour["route"], hour["model"], hour["provider"]) == ("payments", "code", "gpt-6.1-sol", "openai")
    (hour,) = ledger_rows(path, "SELECT * FROM hours_by_caller")
    assert (hour["team"], hour["user"], hour["client"], hour["agent"]) == ("payments", "ann", "codex", "main")


def test_unknown_is_null_and_counted(path):
    (row,) = written(path, ([intent("a")], [unpriced("a", ttft_ms=None)]))
    assert row["picos"] is None
    assert row["picos_output"] is None
    assert row["ttft_ms"] is None
    assert row["output"] == 30
    sums = check_sums(path)
    assert (sums["requests"], sums["unpriced"], sums["picos"], sums["tokens_output"]) == (1, 1, 0, 30)


@pytest.mark.parametrize("count", [1, 7, 1000])
def test_as_many_as_there_are(path, count):
    ids = [f"{number:04}" for number in range(count)]
    rows = written(path, ([intent(id_) for id_ in ids], [settlement(id_) for id_ in ids]))
    assert [row["id"] for row in rows] == ids
    assert check_sums(path)["picos"] == 3_900 * count


def test_what_is_in_the_books_is_not_booked_again(path):
    written(path, ([intent("a")], [settlement("a")]))
    again = settlement("a", picos=1, by_kind={}, outcome="client_gone")
    with closing(connect(path)) as connection, pytest.raises(Doubled):
        insert(connection, "w", [(intent("a", team="other"), again, 0, NOTHING_KNOWN)])
    (row,) = ledger_rows(path)
    assert (row["picos"], row["outcome"], row["team"]) == (3_900, "finished", "payments")


def test_a_kind_without_a_column_is_named_and_left_out(path):
    strange = settlement("a", kinds={"output": 3, "telepathy": 5}, by_kind={"output": 30, "telepathy": 50})
    with closing(connect(path)) as connection, pytest.raises(UnknownKind, match="telepathy"):
        insert(connection, "w", [(intent("a"), strange, 0, NOTHING_KNOWN)])
    assert dict(known(strange).kinds) == {"output": 3}
    assert dict(known(strange).by_kind) == {"output": 30}
    assert known(settlement("b")) == settlement("b")


def test_fees_are_what_the_tokens_do_not_explain():
    assert fees_of(settlement("a", picos=5_000)) == 1_100
    assert fees_of(settlement("a", picos=None)) == 0


def test_money_without_an_intent_is_money(path):
    (row,) = written(path, ([], [settlement("a")]))
    assert (row["team"], row["picos"], row["model"], row["at"]) == ("", 3_900, "gpt-6.1-sol", AT + 4)
    assert nobody(settlement("a")).id == "a"
    assert check_sums(path)["requests"] == 1


def test_a_dead_process_leaves_its_estimate(path):
    guess = unknown(intent("a"), AT + 99)
    assert (guess.outcome, guess.exact, guess.picos, guess.price_status) == ("unknown", False, 5_000_000, "partial")
    (row,) = written(path, ([intent("a")], []), ([], [guess]))
    assert (row["input_uncached"], row["picos"], row["team"]) == (1000, 5_000_000, "payments")
    free_of_price = unknown(intent("b", estimate_picos=None), AT)
    assert (free_of_price.picos, free_of_price.price_status, free_of_price.price_reason) == (None, "unpriced", "process_died")


NAMES = st.sampled_from(["a", "b", "ümläut", "'; DROP TABLE requests; --", "\x00", "🚂"])
COSTS = st.dictionaries(st.sampled_from(KINDS), st.integers(0, 10**15), max_size=4)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(NAMES, NAMES, NAMES, COSTS, st.integers(0, 10**12), st.sampled_from([200, 404, 529, 0]), st.floats(0, 9e4)),
        max_size=30,
    ),
    st.data(),
)
def test_the_sums_are_those_of_the_rows(tmp_path_factory, requests, data):
    path = tmp_path_factory.mktemp("sums") / "ledger.db"
    intents, settlements = [], []
    for number, (team, user, route, costs, fee, status, after) in enumerate(requests):
        intents.append(intent(str(number), team=team, user=user, route=route))
        tokens = {kind: picos // 3 for kind, picos in costs.items()}
        settlements.append(
            settlement(str(number), kinds=tokens, by_kind=costs, picos=sum(costs.values()) + fee, status=status, at=AT + after)
        )
    cut = data.draw(st.integers(0, len(settlements)))
    written(path, (intents, settlements[:cut]), ([], settlements[cut:]))
    sums = check_sums(path)
    assert sums["requests"] == len(requests)
    assert sums["picos"] == sum(sum(costs.values()) + fee for _, _, _, costs, fee, _, _ in requests)
    assert sums["picos_fee"] == sum(fee for _, _, _, _, fee, _, _ in requests)
