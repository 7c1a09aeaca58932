"""`pointsman ledger copy` from the command line: killed and begun again, and what it says of a gateway that still runs."""

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from gateway.commands.books import URL_VARIABLE
from gateway.metering.journal import Entry, Journal
from gateway.metering.ledger import connect
from gateway.metering.ledger_batch import Batch
from gateway.metering.ledger_postgres import Database
from tests.gateway.metering.records import book, check_sums, intent, settlement, unpriced
from tests.postgres import PASSWORD, Server
from tests.tidy.tree import ROOT

MANY = 8_000


def begun(*words: str, **env: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "gateway", "ledger", "copy", *words]
    return subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **env}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def said(*words: str, code: int = 0, **env: str) -> str:
    """All that it says, none of it secret."""
    process = begun(*words, **env)
    out, error = process.communicate(timeout=100)
    assert process.returncode == code, error
    assert PASSWORD not in out + error
    return out + error


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with closing(connect(tmp_path / "ledger.db")) as connection:
        book(connection, "w", [intent("a"), intent("b")], [settlement("a"), settlement("b")])
    return tmp_path


def test_a_home_goes_into_the_database_of_the_environment(home: Path, postgres: Server) -> None:
    database = postgres.database()
    url = {URL_VARIABLE: database.url}
    assert "2 of 2 requests copied, the others were there; $0.000000007800 agree" in said("--from", str(home), **url)
    assert "0 of 2 requests copied" in said("--from", str(home / "ledger.db"), **url)
    assert check_sums(database)["requests"] == 2


def test_killed_in_the_middle_it_goes_on_from_there(home: Path, postgres: Server) -> None:
    database = postgres.database()
    with closing(connect(home / "ledger.db")) as connection:
        connection.execute("BEGIN")
        batch = Batch(connection, "w")
        ids = [f"{number:06}" for number in range(MANY)]
        batch.add([*(Entry(intent=intent(id_)) for id_ in ids), *(Entry(settlement=settlement(id_)) for id_ in ids)])
        batch.close()
        connection.execute("COMMIT")
    connect(database).close()
    process = begun("--from", str(home), "--to", database.url)
    deadline = time.monotonic() + 30
    while not (found := arrived(database)) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert 0 < found < MANY
    assert check_sums(database)["requests"] < MANY, "it was too fast to be killed in the middle"
    told = re.search(r"([\d,]+) of 8,002 requests copied", said("--from", str(home), "--to", database.url))
    assert told is not None
    assert 0 < int(told[1].replace(",", "")) < MANY
    assert check_sums(database) == check_sums(home / "ledger.db")


def arrived(database: Database) -> int:
    with closing(database.reader()) as session:
        count: int = session.execute("SELECT count(*) FROM requests").fetchall()[0][0]
        return count


def test_what_a_gateway_has_not_settled_yet_is_said(home: Path, postgres: Server) -> None:
    url = postgres.database().url
    journal = Journal.open(home / "journal", "worker-1")
    journal.intent(intent("c"))
    with closing(connect(home / "ledger.db")) as connection:
        book(connection, "w", [intent("d")], [])
    told = said("--from", str(home), "--to", url, code=1)
    journal.close()
    assert re.search(r"1 requests are under way and \d+ bytes of journal wait; stop the gateway and run this again", told)
    assert "2 of 2 requests copied" in told


def test_wrong_use(home: Path, tmp_path: Path) -> None:
    assert "the URL must begin with postgresql://" in said("--from", str(home), "--to", "mysql://me:x@h/b", code=2)
    nowhere = "postgresql://me:x@127.0.0.1:9/b"
    assert "cannot be reached" in said("--from", str(home), "--to", nowhere, code=1)
    assert "there is no ledger at" in said("--from", str(tmp_path / "none"), "--to", nowhere, code=1)


def run(*words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "gateway", "ledger", "reprice", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_what_had_no_price_gets_that_of_the_config(tmp_path: Path) -> None:
    with closing(connect(tmp_path / "ledger.db")) as connection:
        kinds = {"kinds": {"input_uncached": 1_000_000}, "served": "our-own"}
        book(connection, "w", [intent("a"), intent("b")], [unpriced("a", **kinds), unpriced("b", served="nobodys")])
    config = tmp_path / "pointsman.yaml"
    config.write_text(
        "version: 1\nupstreams: {openai: {url: 'http://127.0.0.1:9/v1', provider: openai, dialects: [chat]}}\n"
        "models: {our-own: {upstream: openai}}\nroutes: {code: {model: our-own}}\nrouting: {default: code}\n"
        "prices: [{provider: openai, model: our-own, input_uncached: 2, output: 9}]\n"
    )
    home = ("--home", str(tmp_path))
    assert run(*home).stdout == "0 of 2 requests without a whole price got one: $0.000000000000 more\n"
    told = "1 of 2 requests without a whole price {} one: $2.000000000000 more\n"
    dry = run("--config", str(config), *home, "--dry-run")
    assert (dry.stdout, dry.returncode) == (told.format("would get"), 1)
    assert run("--config", str(config), *home).stdout == told.format("got")
    assert check_sums(tmp_path / "ledger.db")["picos"] == 2 * 10**12
    assert run("--since", "yesterweek", *home).returncode == 2
    assert run("--config", str(tmp_path / "none.yaml"), *home).returncode == 2
