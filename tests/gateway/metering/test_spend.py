"""Reports and totals: exact, from sums or from rows alike, and what is unknown stays apart."""

import time
from contextlib import closing, suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.metering import spend
from gateway.metering.ledger import Ledger, connect
from gateway.metering.metrics import Metrics
from gateway.metering.spend import BY, Line, report, requests_for_metrics, since, totals_for_metrics
from gateway.metering.types import KINDS, usd
from tests.gateway.metering.records import AT, book, intent, ledger_rows, settlement, unpriced

NOW = datetime(2026, 11, 25, 15, 30, tzinfo=UTC).timestamp()


@pytest.fixture
def path(place):
    return place


def booked(path, *requests) -> Ledger:
    """A ledger of these pairs of intent and settlement."""
    with closing(connect(path)) as connection:
        book(connection, "w", [meant for meant, _ in requests], [done for _, done in requests if done is not None])
    return Ledger(path)


@pytest.mark.parametrize(
    ("word", "moment"),
    [
        ("90m", datetime(2026, 11, 25, 14, 0, tzinfo=UTC)),
        ("24h", datetime(2026, 11, 24, 15, 30, tzinfo=UTC)),
        (" 7d ", datetime(2026, 11, 18, 15, 30, tzinfo=UTC)),
        ("2w", datetime(2026, 11, 11, 15, 30, tzinfo=UTC)),
        ("today", datetime(2026, 11, 25, tzinfo=UTC)),
        ("month", datetime(2026, 11, 1, tzinfo=UTC)),
        ("all", datetime(1970, 1, 1, tzinfo=UTC)),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T12:00", datetime(2026, 11, 1, 12, tzinfo=UTC)),
        ("2026-11-01T12:00:00+02:00", datetime(2026, 11, 1, 10, tzinfo=UTC)),
        ("2026-11-01T12:00:00Z", datetime(2026, 11, 1, 12, tzinfo=UTC)),
        ("9" * 40 + "d", datetime(1970, 1, 1, tzinfo=UTC)),
        ("1066-10-14", datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_since(word, moment):
    assert since(word, NOW) == moment.timestamp()


@pytest.mark.parametrize("word", ["", "yesterday", "7", "d", "-7d", "1.5h", "²d", "2026-13-01", "7 d", "9" * 5000 + "d"])
def test_no_time(word):
    with pytest.raises(ValueError):
        since(word, NOW)


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_is_none(text):
    with suppress(ValueError):
        assert since(text, NOW) >= 0


def test_dollars_are_exact():
    assert usd(1) == "0.000000000001"
    assert usd(0) == "0.000000000000"
    assert usd(-25 * 10**11) == "-2.500000000000"
    assert usd(10**30 + 1) == "1000000000000000000.000000000001"


def test_a_report_by_each_name(path):
    ledger = booked(
        path,
        (intent("a", user="ann"), settlement("a")),
        (intent("b", user="bob", thread="codex:t2"), settlement("b", picos=10, by_kind={"output": 10})),
        (intent("c", user="bob", thread="codex:t2"), unpriced("c")),
        (intent("d", user="bob"), None),
        (intent("e", team="search", agent="subagent", client="claude", route="general", session="s2"),
         settlement("e", exact=False, model="m2", provider="p2", kinds={"input_uncached": 5})),
    )  # fmt: skip

    def lines(by):
        found = report(ledger, by)
        assert (found.total.requests, found.total.picos, found.total.unpriced, found.total.estimated) == (4, 7810, 1, 1)
        assert found.total.tokens == {"input_uncached": 5, "cache_read": 2700, "output": 90}
        return [(line.name, line.requests, line.picos, line.unpriced, line.estimated) for line in found.lines]

    assert lines("team") == [("payments", 3, 3910, 1, 0), ("search", 1, 3900, 0, 1)]
    assert lines("user") == [("ann", 2, 7800, 0, 1), ("bob", 2, 10, 1, 0)]
    assert lines("client") == [("codex", 3, 3910, 1, 0), ("claude", 1, 3900, 0, 1)]
    assert lines("agent") == [("main", 3, 3910, 1, 0), ("subagent", 1, 3900, 0, 1)]
    assert lines("route") == [("code", 3, 3910, 1, 0), ("general", 1, 3900, 0, 1)]
    assert lines("model") == [("gpt-6.1-sol", 3, 3910, 1, 0), ("m2", 1, 3900, 0, 1)]
    assert lines("provider") == [("openai", 3, 3910, 1, 0), ("p2", 1, 3900, 0, 1)]
    assert lines("thread") == [("codex:t1", 2, 7800, 0, 1), ("codex:t2", 2, 10, 1, 0)]
    assert lines("session") == [("s1", 3, 3910, 1, 0), ("s2", 1, 3900, 0, 1)]
    assert [line.name for line in report(ledger, "user", team="search").lines] == ["ann"]
    assert report(ledger, "team", team="nobody").lines == ()
    ledger.close()


def test_unknown_is_not_zero():
    assert Line(name="", requests=3, unpriced=3).usd is None
    assert Line(name="", requests=3, unpriced=3, picos=5).usd == "0.000000000005"
    assert Line(name="", requests=3, unpriced=1).usd == "0.000000000000"
    assert Line(name="").usd == "0.000000000000"


def test_a_ledger_of_more_than_nine_million_dollars(path):
    many = 2**62
    ledger = booked(
        path,
        *((intent(str(n), team=f"t{n}"), settlement(str(n), picos=many, by_kind={"output": many})) for n in range(5)),
    )
    assert report(ledger, "route").total.picos == 5 * many
    assert report(ledger, "thread").total.picos == 5 * many
    assert sum(picos for *_, picos in totals_for_metrics(ledger)) == 5 * many
    ledger.close()


def test_the_smallest_lines_are_left_out_and_counted(path, monkeypatch):
    monkeypatch.setattr(spend, "LINES_MAX", 3)
    ledger = booked(path, *((intent(str(n), thread=f"t{n}"), settlement(str(n), picos=n)) for n in range(8)))
    found = report(ledger, "thread")
    assert [line.name for line in found.lines] == ["t7", "t6", "t5"]
    assert (found.left_out, found.total.requests, found.total.picos) == (5, 8, 28)
    ledger.close()


TIMES = st.integers(0, 3 * 3600 * 10).map(lambda tenths: AT + tenths / 10)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(TIMES, st.sampled_from("ab"), st.one_of(st.none(), st.integers(0, 10**9))), max_size=25),
    TIMES,
    st.sampled_from(BY),
    st.sampled_from([None, "a"]),
)
def test_sums_and_rows_agree_from_any_moment(tmp_path_factory, requests, start, by, team):
    path = tmp_path_factory.mktemp("spend") / "ledger.db"
    pairs = []
    for number, (at, name, picos) in enumerate(requests):
        id_ = str(number)
        named = {"team": name, "user": name, "client": name, "agent": name, "route": name, "thread": name, "session": name}
        done = {"at": at, "model": name, "provider": name}
        priced = unpriced(id_, **done) if picos is None else settlement(id_, picos=picos, by_kind={"output": picos}, **done)
        pairs.append((intent(id_, **named), priced))
    ledger = booked(path, *pairs)
    found = report(ledger, by, start, team)
    expected = [one for one in requests if one[0] >= start and (team is None or one[1] == team)]
    assert found.total.requests == len(expected)
    assert found.total.picos == sum(picos or 0 for _, _, picos in expected)
    assert found.total.unpriced == sum(picos is None for _, _, picos in expected)
    assert {line.name: line.requests for line in found.lines} == {
        name: sum(one[1] == name for one in expected) for name in {one[1] for one in expected}
    }
    ledger.close()


def test_metrics_go_on_where_the_ledger_stands(path):
    names = {"teams": ["payments", "search"], "routes": ["code"], "models": ["gpt-6.1-sol"], "providers": ["openai"]}
    live = Metrics(**names)
    pairs = [
        (intent("a"), settlement("a", picos=3_900 + 10_000_000_000, fees={"web_search": 1})),
        (intent("b", route=""), unpriced("b", status=0)),
        (intent("c", team="search"), settlement("c", status=529, kinds={}, by_kind={}, picos=0)),
    ]
    for meant, done in pairs:
        live.settled(meant, done)
    ledger = booked(path, *pairs)
    again = Metrics(**names)
    again.seed(totals_for_metrics(ledger), requests_for_metrics(ledger))

    def counted(metrics):
        lines = metrics.render().decode().splitlines()
        kept = ("pointsman_requests_total", "pointsman_tokens_total", "pointsman_cost_usd_total")
        return sorted(line for line in lines if line.startswith(kept) and not line.endswith(" 0"))

    assert counted(again) == counted(live)
    assert len(counted(live)) > 6
    ledger.close()


def test_a_report_of_a_large_ledger_reads_sums(tmp_path):
    """A month of 100,000 requests: by team in milliseconds, because nobody reads the rows."""
    path = tmp_path / "ledger.db"
    ledger = booked(path, (intent("a"), settlement("a")))
    kinds = ", ".join(KINDS)
    with closing(connect(path)) as connection:
        connection.execute("BEGIN")
        columns = [row[1] for row in connection.execute("PRAGMA table_info(requests)") if row[1] != "id"]
        connection.execute(
            f"INSERT INTO requests (id, {', '.join(columns)}) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
            f" LIMIT 100000) SELECT 'n' || i, {', '.join(columns)} FROM n, requests WHERE id = 'a'"
        )
        connection.execute("COMMIT")
    plan = " ".join(row["detail"] for row in ledger.rows(f"EXPLAIN QUERY PLAN SELECT {kinds} FROM requests WHERE settled_at >= 1"))
    assert "requests_settled" in plan
    began = time.perf_counter()
    assert report(ledger, "team").total.requests == 1, "the sums know nothing of rows slipped in beside them"
    assert time.perf_counter() - began < 0.1
    assert report(ledger, "thread").total.requests == 100_001
    assert len(ledger_rows(path, "SELECT * FROM hours_by_place")) == 1
    ledger.close()
