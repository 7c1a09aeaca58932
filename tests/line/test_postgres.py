"""A gateway whose ledger lies in PostgreSQL: served, killed, away when it begins, and shared with another."""

import hashlib
import json
import os
import re
import subprocess
import sys
from contextlib import closing

import pytest

from gateway.metering.ledger import Ledger
from tests.line.conftest import KEYS, config
from tests.line.rig import ROOT, Upstream, answer, gateway, start, wait_for

CHAT = {"model": "gpt-6-luna", "messages": [{"role": "user", "content": "hello there"}]}
USED = b'{"id":"c","model":"gpt-6-luna","usage":{"prompt_tokens":11,"completion_tokens":3,"total_tokens":14}}'
SECRET = "word%2F"
"""A part of the password, as it stands in the URL."""


@pytest.fixture
def settings():
    upstream = Upstream()
    upstream.script = lambda asked, wire: wire.sendall(answer(USED))
    yield {**config(upstream, upstream, upstream), "teams": {}, "ledger": {"url": "${BOOKS}"}}
    upstream.close()


def booked(database) -> int:
    with closing(Ledger(database)) as ledger:
        return ledger.rows("SELECT count(*) AS n FROM requests")[0]["n"]


def until(count, database):
    wait_for(lambda: booked(database) == count or None, 20)


@pytest.mark.parametrize("options", [(), ("--workers", "2")])
def test_served_killed_and_caught_up(postgres, settings, tmp_path, options):
    database = postgres.database()
    with gateway(tmp_path, settings, {"BOOKS": database.url}, options) as running:
        for _ in range(5):
            assert running.ask("/v1/chat/completions", CHAT).status == 200
        until(5, database)
        assert "gpt-6-luna" in running.ask("/pointsman/").body.decode()
        assert running.ask("/pointsman/spend").json["total"]["requests"] == 5
        postgres.kill()
        try:
            for _ in range(7):
                assert running.ask("/v1/chat/completions", CHAT).status == 200, "it goes on serving"
            assert running.metric("pointsman_ledger_backlog_bytes") > 0
            wait_for(lambda: running.metric("pointsman_ledger_errors_total") or None)
            for path in ("/pointsman/", "/pointsman/spend"):
                told = running.ask(path)
                assert (told.status, told.headers["retry-after"]) == (503, "5")
                assert SECRET not in told.body.decode()
        finally:
            postgres.start()
        until(12, database)
        wait_for(lambda: running.metric("pointsman_ledger_backlog_bytes") == 0 or None)
        wait_for(lambda: running.ask("/pointsman/spend").status == 200 or None)
    assert not (running.home / "ledger.db").exists()
    again = start(tmp_path, running.config, {"BOOKS": database.url}, options)
    try:
        assert again.metric("pointsman_requests_total", status_class="2xx") == 12, "counters go on"
    finally:
        again.stop()
    assert SECRET not in "".join(running.output + again.output)


def test_away_when_it_begins(postgres, settings, tmp_path):
    """Budgets get their past when it is back; told to refuse, a gateway does not begin."""
    database = postgres.database()
    teams = {"payments": {"keys": [f"sha256:{digest(KEYS['payments'])}"]}}
    spent = {**settings, "teams": teams, "budgets": [
        {"name": "few", "teams": ["payments"], "per": "team", "window": "total", "tokens": 100}]}  # fmt: skip
    whose = {"authorization": f"Bearer {KEYS['payments']}"}
    with gateway(tmp_path, spent, {"BOOKS": database.url}) as first:
        assert first.ask("/v1/chat/completions", CHAT, whose).status == 200
        assert first.ask("/v1/chat/completions", CHAT, whose).status == 200
        until(2, database)
    postgres.kill()
    try:
        again = start(tmp_path, first.config, {"BOOKS": database.url})
        assert again.metric("pointsman_requests_total", status_class="2xx") == 0
        (tmp_path / "other").mkdir()
        refusing = tmp_path / "refusing.yaml"
        refusing.write_text(json.dumps({**spent, "ledger": {"url": "${BOOKS}", "on_error": "refuse"}}))
        with pytest.raises(AssertionError, match="cannot be reached") as ended:
            start(tmp_path / "other", refusing, {"BOOKS": database.url})
        assert SECRET not in str(ended.value)
        assert "Traceback" not in str(ended.value)
    finally:
        postgres.start()
    try:
        wait_for(lambda: again.metric("pointsman_budget_used_share") >= 0.28 or None, 20)
    finally:
        again.stop()


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def test_two_gateways_share_it_and_commands_read_it(postgres, settings, tmp_path):
    database = postgres.database()
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    with gateway(folders[0], settings, {"BOOKS": database.url}) as one, gateway(folders[1], settings, {"BOOKS": database.url}) as two:
        for number in range(9):
            assert (one, one, two)[number % 3].ask("/v1/chat/completions", CHAT).status == 200
        until(9, database)
        assert one.ask("/pointsman/spend").json["total"]["requests"] == 9
    counts = []
    for folder in folders:
        again = start(folder, folder / "pointsman.yaml", {"BOOKS": database.url})
        counts.append(again.metric("pointsman_requests_total", status_class="2xx"))
        again.stop()
    assert counts == [6, 3], "each goes on with its own counters"
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    for more, options in (({"POINTSMAN_LEDGER_URL": database.url}, []), ({"BOOKS": database.url}, ["--config", str(one.config)])):
        command = [sys.executable, "-m", "gateway", "spend", "--since", "all", "--by", "model", *options]
        done = subprocess.run(command, cwd=tmp_path, env={**environment, **more}, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert re.search(r"^gpt-6-luna +9 ", done.stdout, re.MULTILINE)
    command = [sys.executable, "-m", "gateway", "spend"]
    bad = {**environment, "POINTSMAN_LEDGER_URL": "postgresql://me:S3cret@/x"}
    done = subprocess.run(command, cwd=tmp_path, env=bad, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "must name a user, a host and a database" in done.stderr
    assert "S3cret" not in done.stderr
