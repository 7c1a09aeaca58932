"""The spend report over HTTP: every view of the command, in every form, of one's own team or of all."""

import csv
import io
import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from gateway.api.spend import KEPT_SINCE, LEFT_OUT, router
from gateway.config.compiled import Team
from gateway.keys import KeyRing, digest
from gateway.metering.journal import Entry
from gateway.metering.ledger import Ledger, connect
from gateway.metering.ledger_batch import Batch
from gateway.metering.prices import PriceBook
from gateway.metering.whatif import WhatIf
from tests.gateway.metering.records import AT, intent, settlement, unpriced
from tests.tidy.tree import ROOT

LOST = WhatIf(code=9_000, general=1_000, uncached=5_000, stayed=3_900, wasted=700, wasted_cause="past_lifetime")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Four requests of two teams: one wasted a cache, one has a sub-agent, one has no price."""
    meant = [
        intent("a"), intent("b", thread="t2", parent="codex:t1", agent="subagent"),
        intent("c", team="search", session="=s2", user="=bob"), intent("d"),
    ]  # fmt: skip
    done = [settlement("a"), settlement("b"), settlement("c"), unpriced("d")]
    with closing(connect(tmp_path / "ledger.db")) as connection:
        batch = Batch(connection, "w", lambda each, _: LOST if each.id == "a" else WhatIf())
        batch.add([*(Entry(intent=each) for each in meant), *(Entry(settlement=each) for each in done)])
        batch.close()
    return tmp_path


@pytest.fixture
def asked(home: Path):
    app = FastAPI()
    app.include_router(router)
    keys = KeyRing({"payments": Team(name="payments", digests=(digest(b"k"),))}, frozenset((digest(b"admin"),)))
    app.state.house = SimpleNamespace(keys=keys, wall=lambda: AT + 60, prices=PriceBook.load(()))
    app.state.ledger = Ledger(home / "ledger.db")
    client = TestClient(app)

    def ask(query: str, key: str = "admin"):
        return client.get(f"/pointsman/spend?since=all&{query}", headers={"authorization": f"Bearer {key}"})

    yield ask
    app.state.ledger.close()


def command(home: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "spend", "--since", "all", "--home", str(home), *words],
        cwd=ROOT, capture_output=True, text=True, timeout=50, check=True,
    )  # fmt: skip
    return done.stdout


VIEWS = {
    "by=team": [], "by=model": ["--by", "model"], "by=thread": ["--by", "thread"],
    "by=agent_tree": ["--by", "agent_tree"], "by=agent_tree&session=s1": ["--by", "agent_tree", "--session", "s1"],
    "compare=true": ["--compare"], "compare=true&by=user": ["--compare", "--by", "user"], "wasted=true": ["--wasted"],
    "choices=true": ["--choices"],
    "team=search": ["--team", "search"],
}  # fmt: skip


@pytest.mark.parametrize("query", VIEWS)
def test_it_says_what_the_command_says(home: Path, asked, query: str) -> None:
    words = VIEWS[query]
    assert asked(query).json() == json.loads(command(home, *words, "--format", "json"))
    told = asked(f"{query}&format=csv")
    assert list(csv.reader(io.StringIO(told.text))) == list(csv.reader(io.StringIO(command(home, *words, "--format", "csv"))))
    assert told.headers["content-type"] == "text/csv; charset=utf-8"
    assert told.headers["content-disposition"].startswith('attachment; filename="spend-')
    assert told.headers[LEFT_OUT] == "0"


def test_focus_is_a_file_and_says_what_is_not_in_it(home: Path, asked) -> None:
    told = asked("by=user&format=focus")
    assert list(csv.reader(io.StringIO(told.text))) == list(
        csv.reader(io.StringIO(command(home, "--by", "user", "--format", "focus")))
    )
    assert told.headers[LEFT_OUT] == "1"


def test_what_was_wasted_has_cause_client_and_team(asked) -> None:
    assert asked("wasted=true").json()["lines"] == [
        {"cause": "past_lifetime", "client": "codex", "team": "payments", "requests": 1, "wasted_usd": "0.000000000700",
         "unknown_requests": 0}
    ]  # fmt: skip


def test_what_was_deleted_is_said_where_it_is_missed(home: Path, asked) -> None:
    with closing(connect(home / "ledger.db")) as connection:
        connection.execute("UPDATE hours_by_place SET hour = hour - 24")
    for view in ("by=thread", "wasted=true", "compare=true", "by=agent_tree&format=csv", "format=focus"):
        assert float(asked(view).headers[KEPT_SINCE]) == AT + 4
    assert KEPT_SINCE not in asked("by=model").headers
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "spend", "--since", "all", "--by", "thread", "--home", str(home)],
        cwd=ROOT, capture_output=True, text=True, timeout=50, check=True,
    )  # fmt: skip
    assert "single requests are kept since 2026-11-24" in done.stderr


def test_no_cell_is_a_formula(asked) -> None:
    assert "'=bob" in asked("by=user&format=csv").text
    assert "'=s2" in asked("by=agent_tree&format=csv").text


@pytest.mark.parametrize("view", ["", "wasted=true", "compare=true", "by=agent_tree", "format=csv", "format=focus"])
def test_a_teams_key_shows_that_team(asked, view: str) -> None:
    assert "search" not in asked(view, key="k").text
    assert asked(f"{view}&team=search", key="k").status_code == 403
    assert asked(view, key="wrong").status_code == 401


@pytest.mark.parametrize(
    "query",
    ["session=s1", "by=agent_tree&session=s1&compare=true", "wasted=true&compare=true", "wasted=true&by=user",
     "format=focus&wasted=true", "format=focus&compare=true", "since=yesterweek"],
)  # fmt: skip
def test_what_does_not_go_together_is_said(asked, query: str) -> None:
    told = asked(query)
    assert told.status_code == 400
    assert told.json()["detail"]


def test_an_unknown_form_or_view_is_refused(asked) -> None:
    assert asked("format=xlsx").status_code == 422
    assert asked("by=mood").status_code == 422
