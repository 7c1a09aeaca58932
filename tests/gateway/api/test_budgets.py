"""The budgets as JSON: everyone's, or the viewer's own team's."""

from types import SimpleNamespace

from fastapi import FastAPI
from fastapi.testclient import TestClient

from gateway.api.budgets import router
from gateway.config.compiled import Team
from gateway.identify import Caller
from gateway.keys import KeyRing, digest
from tests.gateway.budgets.made import NOON, USD, budget, budgets, cost


def client(keys):
    made = budgets(budget())
    for team, picos in (("payments", USD), ("search", 9 * USD)):
        made.settle(Caller(team=team), None, cost(picos))
    app = FastAPI()
    app.include_router(router)
    app.state.house = SimpleNamespace(budgets=made, keys=keys, wall=lambda: NOON)
    return TestClient(app)


def test_without_keys_everyone_is_shown_fullest_first():
    told = client(KeyRing({})).get("/pointsman/budgets").json()["accounts"]
    assert [(each["team"], each["spent"], each["level"]) for each in told] == [
        ("search", "9.000000000000", "warn"), ("payments", "1.000000000000", "fine"),
    ]  # fmt: skip


def test_a_team_sees_its_own_and_a_stranger_nothing():
    ring = KeyRing({"payments": Team(name="payments", digests=(digest(b"k"),))})
    asked = client(ring)
    told = asked.get("/pointsman/budgets", headers={"authorization": "Bearer k"}).json()["accounts"]
    assert [each["team"] for each in told] == ["payments"]
    assert asked.get("/pointsman/budgets").status_code == 401
