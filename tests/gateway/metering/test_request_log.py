"""A request's line: the fields that may be in it and no others, once it is in the books and not before."""

import io
import json
from contextlib import closing

from gateway.metering.journal import Journal
from gateway.metering.ledger_schema import connect
from gateway.metering.ledger_writer import LedgerWriter
from gateway.metering.request_log import FIELDS, RequestLog, line
from gateway.metering.roads import write_roads
from gateway.metering.types import Intent, Settlement
from gateway.metering.whatif import NOTHING_KNOWN, Roads
from tests.gateway.metering.records import AT, intent, ledger_rows, settlement, unpriced

SECRETS = {"user", "session", "thread", "parent", "key_id", "model_asked", "client_version", "served", "response_id"}
"""Names of people, of what they work on, and words from outside."""


def test_a_line_has_what_is_listed_and_nothing_else():
    said = json.loads(line(intent("a"), settlement("a")))
    assert tuple(said) == FIELDS
    assert not SECRETS & set(FIELDS)
    assert {*Intent.__struct_fields__, *Settlement.__struct_fields__} >= SECRETS
    assert said["time"] == "2026-11-24T06:00:04.000+00:00"
    assert (said["tokens"], said["usd"], said["status"]) == ({"cache_read": 900, "output": 30}, "0.000000003900", 200)
    assert json.loads(line(intent("a"), unpriced("a")))["usd"] is None


def test_whatever_a_name_holds_it_is_one_line():
    said = line(intent("a", client='x\n{"team": "other"}\u2028\x00'), settlement("a"))
    assert b"\n" not in said
    assert json.loads(said)["team"] == "payments"


def test_what_is_undone_is_not_told():
    out = io.BytesIO()
    log = RequestLog(out)
    log.add([(intent("a"), settlement("a"), 0, NOTHING_KNOWN)])
    log.drop()
    log.tell()
    assert out.getvalue() == b""
    log.add([(intent("b"), settlement("b"), 0, NOTHING_KNOWN)])
    log.tell()
    log.tell()
    assert [json.loads(each)["id"] for each in out.getvalue().splitlines()] == ["b"]


def test_where_nobody_listens_nothing_happens():
    out = io.BytesIO()
    log = RequestLog(out)
    log.add([(intent("a"), settlement("a"), 0, NOTHING_KNOWN)])
    out.close()
    log.tell()


def test_the_writer_prints_what_it_has_booked_and_each_once(tmp_path, capfdbinary):
    folder, ledger = tmp_path / "journal", tmp_path / "ledger.db"
    connect(ledger).close()
    journal = Journal.open(folder, "worker-1")
    printed = []
    for number, wanted in enumerate([False, True, True]):
        write_roads(folder, Roads(log_requests=wanted))
        writer = LedgerWriter(folder, ledger, wall=lambda: AT + 60)
        journal.intent(intent(f"r{number}"))
        journal.settle(settlement(f"r{number}"))
        journal.intent(intent(f"open-{number}"))
        writer.turn()
        writer.close()
        printed.append([json.loads(each)["id"] for each in capfdbinary.readouterr().out.splitlines()])
    journal.close()
    assert printed == [[], ["r1"], ["r2"]]
    writer = LedgerWriter(folder, ledger, wall=lambda: AT + 60)
    with closing(writer):
        writer.recover()
    told = [json.loads(each) for each in capfdbinary.readouterr().out.splitlines()]
    assert {each["id"]: each["outcome"] for each in told} == {f"open-{number}": "unknown" for number in range(3)}
    assert len(ledger_rows(ledger)) == 6
