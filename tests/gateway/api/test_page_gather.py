"""The page's facts from a real gateway's parts: the ledger's sums, one team's or everyone's."""

import json
from contextlib import closing

import pytest

from gateway.api.page_gather import gather
from gateway.api.page_sums import Sums
from gateway.app import Gateway, Home
from gateway.config.live import Live
from gateway.metering.journal import Entry
from gateway.metering.ledger_batch import Batch
from gateway.metering.ledger_schema import connect
from gateway.metering.whatif import NOTHING_KNOWN, WhatIf
from tests.gateway.metering.records import AT, intent, settlement, unpriced

CONFIG = {
    "version": 1,
    "upstreams": {"openai": {"url": "http://127.0.0.1:9/v1", "key": "k", "provider": "openai", "dialects": ["responses"]}},
    "models": {"gpt-6.1-sol": {"upstream": "openai"}, "gpt-6-luna": {"upstream": "openai"}},
    "routes": {"code": {"model": "gpt-6.1-sol"}, "general": {"model": "gpt-6-luna"}},
    "routing": {"default": "general"},
    "teams": {name: {"keys": [f"sha256:{number:064x}"]} for number, name in enumerate(("payments", "research"))},
}
DAY = 86_400.0
BOOKED = (
    ("a", "payments", AT, {}),
    ("b", "payments", AT - DAY, {}),
    ("c", "research", AT - 40 * DAY, {"picos": 7, "by_kind": {"output": 7}}),
    ("d", "research", AT, {"route": "general", "model": "gpt-6-luna"}),
)


def reckoned(_, settled):
    if settled.picos is None:
        return NOTHING_KNOWN
    return WhatIf(uncached=settled.picos + 11, wasted=5 if settled.id == "a" else 0, wasted_cause="expired")


@pytest.fixture
def house(tmp_path):
    path = tmp_path / "pointsman.yaml"
    path.write_text(json.dumps(CONFIG))
    home = Home(tmp_path / "home")
    with closing(connect(home.ledger)) as ledger:
        meant = [intent(id_, at=at, team=team, **({"route": more["route"]} if "route" in more else {}))
                 for id_, team, at, more in BOOKED]  # fmt: skip
        done = [settlement(id_, at=at, **{key: value for key, value in more.items() if key != "route"})
                for id_, _, at, more in BOOKED]  # fmt: skip
        batch = Batch(ledger, "w", reckoned)
        batch.add(Entry(intent=each) for each in (*meant, intent("u", team="payments")))
        batch.add(Entry(settlement=each) for each in (*done, unpriced("u", model="new", provider="openai")))
        batch.close()
    gateway = Gateway(Live.open(path, {}), home)
    gateway.house.wall = lambda: AT + 60
    yield gateway.house, Sums(gateway.ledger)
    gateway.house.journal.close()
    gateway._close()


def facts(house, team=None):
    return gather(*house, team, "http://here", "1", simulated=False)


def test_everyones_month(house):
    found = facts(house)
    payments, research = found.teams
    assert (payments.team, payments.today_picos, payments.month_picos) == ("payments", 3_900, 7_800)
    assert (payments.requests_today, payments.requests_month, payments.unpriced) == (2, 3, 1)
    assert (research.month_picos, research.requests_month) == (3_900, 1)
    assert found.last_month_picos == 7
    assert len(found.days) == 31
    assert found.days[-1].picos == {"payments": 3_900, "research": 3_900}
    assert sum(found.hours) == 7_800
    assert {each.kind: each.tokens for each in found.kinds} == {"cache_read": 3_600, "output": 120}
    assert next(each.picos for each in found.kinds if each.kind == "output") == 9_000


def test_one_teams_month(house):
    found = facts(house, "research")
    assert [each.team for each in found.teams] == ["research"]
    assert {each.team for each in found.recent} == {"research"}
    assert found.unpriced == ()
    assert found.viewer == "research"


def test_decisions_and_what_has_no_price(house):
    found = facts(house)
    assert {(each.source, each.reason) for each in found.recent} == {("classifier", "output_patch")}
    (missing,) = found.unpriced
    assert (missing.model, missing.reason, missing.requests) == ("new", "unknown_model", 1)


def test_worth_is_the_ledgers(house):
    found = {(each.what, each.reason): each.picos for each in facts(house).worths}
    assert found == {("saved", "caching"): 3 * 11, ("wasted", "expired"): 5}
    assert facts(house, "research").worths[0].picos == 11


def test_budgets_stand_beside_their_teams(house):
    assert facts(house).teams[0].budget is None
    assert facts(house).budgets == ()
