"""A ledger in PostgreSQL: the same answers, whatever is asked; several homes in one database; a database that goes and comes."""

import itertools
import random
import threading
import time
from contextlib import closing

import pytest

from gateway.api import page_ledger
from gateway.api.page_sums import Sums
from gateway.budgets.seed import past
from gateway.metering import ledger, ledger_postgres
from gateway.metering.journal import Entry, Journal
from gateway.metering.ledger import Ledger, LedgerError, connect
from gateway.metering.ledger_batch import Batch
from gateway.metering.ledger_face import Away, Unbookable
from gateway.metering.ledger_postgres import Database
from gateway.metering.ledger_process import LedgerProcess
from gateway.metering.ledger_writer import LedgerWriter
from gateway.metering.spend import BY, report, requests_for_metrics, totals_for_metrics
from gateway.metering.spend_broken import broken
from gateway.metering.spend_compare import compare, savings
from gateway.metering.spend_focus import focus
from gateway.metering.spend_tree import forest
from gateway.metering.types import KINDS
from gateway.metering.whatif import NOTHING_KNOWN, WhatIf
from gateway.reconcile.ours import booked
from tests.gateway.budgets.test_seed import budget
from tests.gateway.metering.records import AT, book, check_sums, intent, ledger_rows, settlement, unpriced

DAY_S = 86_400
SECRET = "S3cret-Wörd"


def test_a_url_is_taken_apart_and_shown_without_its_password():
    found = Database.parse("postgresql://me:a%40b%2F@db.example:6000/books?sslmode=require&sslrootcert=/ca.pem")
    assert (found.user, found.password, found.host, found.port, found.name) == ("me", "a@b/", "db.example", 6000, "books")
    assert (found.ssl_mode, found.ssl_roots) == ("require", "/ca.pem")
    assert str(found) == repr(found) == f"{found}" == "postgresql://me@db.example:6000/books"
    assert Database.parse("postgres://me@db.example/b").ssl_mode == "verify-full"
    assert Database.parse("postgresql://me@[::1]/b").ssl_mode == Database.parse("postgresql://me@/b?host=/run").ssl_mode == "disable"


@pytest.mark.parametrize(
    "url",
    ["mysql://me:{}@h/b", "postgresql://:{}@h/b", "postgresql://me:{}@/b", "postgresql://me:{}@h", "postgresql://me:{}@h:port/b",
     "postgresql://me:{}@h/b?sslmode=maybe", "postgresql://me:{}@h/b?option=1", "postgresql://me:{}@[::1/b"],
)  # fmt: skip
def test_what_is_wrong_with_a_url_is_said_without_saying_it(url):
    with pytest.raises(ValueError) as refused:
        Database.parse(url.format(SECRET))
    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None


def test_by_tcp_and_by_socket_and_with_another_password(postgres):
    database = postgres.database()
    connect(database).close()
    with closing(Ledger.existing(Database.parse(postgres.url(database.name, str(postgres.folder))))) as found:
        assert found.rows("SELECT 1 AS n")[0]["n"] == 1
    with pytest.raises(Away, match="password") as refused:
        connect(Database.parse(f"postgresql://books:{SECRET}@127.0.0.1:{postgres.port}/{database.name}"))
    assert SECRET not in str(refused.value)
    with pytest.raises(Away, match="does not exist"):
        connect(Database.parse(postgres.url("no_such")))


def test_under_tls(postgres):
    database = postgres.database()
    encrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    for options, expected in (
        ("", False), ("?sslmode=require", True), (f"?sslmode=verify-full&sslrootcert={postgres.certificate}", True),
    ):  # fmt: skip
        with closing(Database.parse(database.url + options).reader()) as session:
            assert session.execute(encrypted).fetchone() == (expected,)
    with pytest.raises(Away, match="CERTIFICATE_VERIFY_FAILED"):
        connect(Database.parse(f"{database.url}?sslmode=verify-full"))
    other = postgres.url(database.name, "localhost")
    with pytest.raises(Away, match="CERTIFICATE_VERIFY_FAILED"):
        connect(Database.parse(f"{other}?sslmode=verify-full&sslrootcert={postgres.certificate}"))


def test_a_server_that_says_nothing_is_away(postgres, monkeypatch):
    monkeypatch.setattr(ledger_postgres, "CONNECT_S", 0.3)
    database = postgres.database()
    for options in ("", "?sslmode=require"):
        with postgres.frozen(), pytest.raises(Away, match=r"timed out|timeout"):
            connect(Database.parse(database.url + options))


def test_reading_makes_nothing_and_changes_nothing(postgres):
    database = postgres.database()
    with pytest.raises(LedgerError, match="no ledger in this database yet"):
        Ledger.existing(database)
    connect(database).close()
    with closing(Ledger.existing(database)) as found, pytest.raises(LedgerError, match="read-only"):
        found.rows("DELETE FROM requests")


def records(luck: random.Random):
    """Forty days of odd requests, and what they would have cost otherwise."""
    entries, otherwise = [], {}
    for number in range(400):
        id_ = f"r{number:04}"
        kinds = {kind: luck.choice([1, 7, 10**6, 10**12]) for kind in luck.sample(KINDS, luck.randint(0, 4))}
        picos = {kind: luck.choice([0, 3, 10**12, 10**17]) for kind in kinds}
        at = AT + luck.choice([0.0, 0.25, -0.001, 3599.999]) + luck.randint(-40 * 24, 0) * 3600
        asked = intent(
            id_, at=at - luck.choice([1, 9000]), team=luck.choice(["payments", "Ärzte", "zoo", "Zoo"]), user=luck.choice(["", "ann", "bob"]),
            thread=f"t{luck.randint(0, 20)}", session=f"s{luck.randint(0, 9)}", agent=luck.choice(["main", "subagent", ""]),
            breaker=luck.choice(["", "", "date_in_system", "tools_reordered"]), client=luck.choice(["codex", "naïve\u2028 'x'"]),
        )  # fmt: skip
        made = unpriced if luck.random() < 0.1 else settlement
        costs = {} if made is unpriced else {"by_kind": picos, "picos": sum(picos.values()) + luck.choice([0, 5])}
        settled = made(
            id_, at=at, kinds=kinds, **costs, exact=luck.random() < 0.9, model=luck.choice(["a", "b"]), served=luck.choice(["", "a-1"]),
            status=luck.choice([0, 200, 404, 529]), tier=luck.choice(["", "flex"]), fees={"search": 1} if luck.random() < 0.1 else {},
        )  # fmt: skip
        what = WhatIf(code=luck.choice([None, 9]), uncached=10**6, stayed=0, wasted=luck.choice([None, 0, 77]), wasted_cause="expired")
        otherwise[id_] = luck.choice([NOTHING_KNOWN, what])
        entries += [Entry(intent=asked), Entry(settlement=settled)]
    return entries, otherwise


def asked(place):
    """Everything that is ever asked of a ledger."""
    now = AT + 100
    with closing(Ledger.existing(place)) as found:
        sums = Sums(found)
        for by in BY:
            for since in (0.0, AT - 3 * DAY_S + 17.5):
                for team in (None, "Zoo"):
                    yield report(found, by, since, team), compare(found, by, since, team), focus(found, by, since, team)
        for team in (None, "zoo"):
            yield forest(found, 0.0, team), forest(found, AT - DAY_S, team, "s1"), broken(found, 0.0, team)
            yield page_ledger.money(sums, now, team), page_ledger.hours(found, now, team), page_ledger.kinds(sums, now, team)
            yield page_ledger.worths(found, now, team), page_ledger.recent(found, team)[0].at, page_ledger.unpriced(found, now, team)
        yield sorted(totals_for_metrics(found)), sorted(requests_for_metrics(found)), sorted(savings(found))
        yield (booked(found, int(AT / DAY_S) - 30, int(AT / DAY_S), {"openai": "key_a"}),)
        kept = [budget(per=per, span=span) for per in ("team", "user", "key", "agent_tree") for span in ("day", "month", "total")]
        yield sorted(str(each) for each in past(found, kept, now))


@pytest.mark.parametrize("seed", [1, 2])
def test_every_question_has_the_same_answer_as_in_sqlite(postgres, tmp_path, seed):
    entries, otherwise = records(random.Random(seed))
    places = tmp_path / "ledger.db", postgres.database()
    for place in places:
        with closing(connect(place)) as connection:
            for part in (entries[:333], entries[333:]):
                connection.execute("BEGIN IMMEDIATE")
                batch = Batch(connection, "w" if place is places[0] else "home/w", lambda asked_, _: otherwise[asked_.id])
                batch.add(part)
                batch.close()
                connection.execute("COMMIT")
    for ours, theirs in zip(asked(places[0]), asked(places[1]), strict=True):
        for one, other in zip(ours, theirs, strict=True):
            assert other == one


def test_text_that_postgresql_cannot_hold_is_booked_all_the_same(postgres):
    database = postgres.database()
    with closing(connect(database)) as connection:
        book(connection, "w", [intent("a", user="a\0b", client="c\\u0000")], [settlement("a")])
        book(connection, "w", [intent("b", user="\0")], [])
        book(connection, "w", [], [settlement("b")])
        with pytest.raises(Unbookable):
            book(connection, "w", [intent("c")], [settlement("c", picos=2**63)])
    rows = ledger_rows(database)
    assert [(row["user"], row["client"]) for row in rows] == [("a\ufffdb", "c\\u0000"), ("\ufffd", "codex")]


def test_two_homes_in_one_database(postgres, tmp_path):
    """Journals and segments of the same names; what is open in one home is not the other's to close."""
    database = postgres.database()
    homes = [tmp_path / "one", tmp_path / "two"]
    writers, journals = [], []
    for index, home in enumerate(homes):
        journal = Journal.open(home, "worker-1", 50_000)
        journals.append(journal)
        writers.append(LedgerWriter(home, database))
        for number in range(300):
            journal.intent(intent(f"{index}-{number}", team=f"t{number % 3}"))
            if number % 10:
                journal.settle(settlement(f"{index}-{number}", picos=1, by_kind={"output": 1}))

    def work(writer):
        while writer.turn() == 0.0:
            pass
        writer.recover()

    threads = [threading.Thread(target=work, args=(writer,)) for writer in writers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [writer.errors for writer in writers] == [0, 0]
    assert check_sums(database)["picos"] == 540
    assert len(ledger_rows(database, "SELECT * FROM open")) == 60
    journals[0].close()
    writers[0].recover()  # closes the accounts of the first home's journal alone
    assert len(ledger_rows(database, "SELECT * FROM open")) == 30
    sums = check_sums(database)
    assert (sums["requests"], sums["estimated"]) == (570, 30)
    with closing(Ledger.existing(database)) as found:
        names = [LedgerProcess(home, found).home for home in homes]
        counts = [sum(row[-1] for row in requests_for_metrics(found, name)) for name in names]
        assert counts == [300, 270], "each gateway's metrics go on from its own"
        assert sum(row[-1] for row in totals_for_metrics(found, names[1])) == 270
        assert sum(row[-1] for row in requests_for_metrics(found)) == 570
    for each in (*writers, journals[1]):
        each.close()


def test_a_database_killed_in_the_middle(postgres, tmp_path, monkeypatch):
    """Requests are journalled on, what waits is known, and in the end each is booked once."""
    monkeypatch.setattr(ledger, "AWAY_S", 0.1)
    database = postgres.database()
    found = Ledger.open(database)
    process = LedgerProcess(tmp_path, found)
    process.recover()
    process.start()
    journal = Journal.open(tmp_path, "worker-1", 100_000)
    ids = (f"r{number:05}" for number in range(10_000))
    begun = []

    def go_on(requests):
        for id_ in itertools.islice(ids, requests):
            journal.intent(intent(id_))
            journal.settle(settlement(id_, picos=1, by_kind={"output": 1}))
            begun.append(id_)

    def until(condition):
        ends = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < ends, "it did not come in time"
            time.sleep(0.02)

    for _ in range(3):
        go_on(400)
        time.sleep(0.1)
        postgres.kill()
        with pytest.raises(Away):
            found.rows("SELECT 1")
        before = process.backlog_bytes()
        go_on(400)
        assert process.backlog_bytes() > before, "it grows while the database is away"
        until(lambda seen=process.errors: process.errors > seen)
        postgres.start()
        until(lambda: process.backlog_bytes() == 0)
    journal.close()
    process.stop()
    assert check_sums(database)["picos"] == len(begun) == 2400
    found.close()


def test_a_session_that_ended_while_nobody_asked_is_begun_anew(postgres):
    database = postgres.database()
    found = Ledger.open(database)
    assert found.rows("SELECT 1 AS n")[0]["n"] == 1
    with closing(database.reader()) as other:
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid != pg_backend_pid() AND datname = ?", [database.name])
    assert found.rows("SELECT 2 AS n")[0]["n"] == 2
    found.close()


def test_the_url_is_on_no_command_line(postgres, tmp_path):
    found = Ledger.open(postgres.database())
    process = LedgerProcess(tmp_path, found)
    process.start()
    with open(f"/proc/{process._process.pid}/cmdline", "rb") as file:
        assert b"postgres" not in file.read()
    process.stop()
    found.close()
