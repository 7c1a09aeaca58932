"""Every alert, fired by a real Prometheus and told by a real Alertmanager as a person would get it: Slack, mail, or both."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.metering.labels import Place
from gateway.metering.metrics import Metrics
from gateway.metering.types import PICOS_PER_USD
from tests.dashboards.alarms import DASHBOARDS, alarms
from tests.dashboards.page import serving
from tests.dashboards.receivers import Inbox
from tests.dashboards.traffic import PROVIDERS, TEAMS, Event, prepare, settle

pytestmark = pytest.mark.timeout(700)  # Prometheus may have to be installed first

SLACK, MAIL = "#llm-costs", "llm-costs@example.com"
ROUTES = {"critical": {SLACK, MAIL}, "warning": {SLACK}, "info": {MAIL}}
"""Who is told of what, as docs/how-to/grafana.md says."""
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((DASHBOARDS / "prometheus" / "rules.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
    if "alert" in rule
]
SEVERITIES = {rule["alert"]: rule["labels"]["severity"] for rule in RULES}
BOARD = "(spend|freshness|routing|operations)"
QUIET_S = 6
LAST = "PointsmanDown"
"""What is seen once nothing else can be."""


class World:
    """A gateway's metrics, whom its alerts reached, and a switch that takes its page away."""

    def __init__(self, metrics: Metrics, inbox: Inbox, page: contextlib.ExitStack) -> None:
        self.metrics = metrics
        self.inbox = inbox
        self.page = page

    def told(self, alert: str, state: str = "firing") -> set[str]:
        """To whom it was told."""
        heard = {each.to for each in self.inbox.slack if each.title == f"{alert} ({state})"}
        subject = re.compile(rf"\[{state.upper()}\S*\] {alert} ")
        return heard | {each.to for each in self.inbox.mail if subject.match(each.title + " ")}

    def texts(self, alert: str) -> list[str]:
        """What Slack was told."""
        return [each.text for each in self.inbox.slack if each.title == f"{alert} (firing)"]

    def named(self, alert: str) -> set[tuple[str, ...]]:
        """Windows and teams in what Slack was told."""
        return {found for text in self.texts(alert) for found in re.findall(r"The (\w+) budget of (\w+) ", text)}

    def wait(self, alert: str, state: str = "firing") -> None:
        self.inbox.wait(lambda: self.told(alert, state) == ROUTES[SEVERITIES[alert]])


@pytest.fixture(scope="module")
def world(prometheus: Path, alertmanager: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Where everything has happened but the end."""
    metrics = Metrics(
        TEAMS,
        ("code", "general"),
        tuple(PROVIDERS),
        tuple(PROVIDERS.values()),
        [Place(team=team, route=route, model=model, provider=provider)
         for team in TEAMS for route in ("code", "general") for model, provider in PROVIDERS.items()],
    )  # fmt: skip
    prepare(metrics)
    metrics.bill_captured(1)
    budgets(metrics, {("payments", "day"): 7, ("payments", "month"): 50, ("research", "day"): 50, ("research", "month"): 50})
    with contextlib.ExitStack() as page:
        port = page.enter_context(serving(metrics))
        with alarms(prometheus, alertmanager, tmp_path_factory.mktemp("alarms"), f"127.0.0.1:{port}") as inbox:
            inbox.wait(lambda: bool(inbox.slack or inbox.mail), QUIET_S)
            assert not inbox.slack + inbox.mail, "nothing has happened yet"
            happen(metrics)
            yield World(metrics, inbox, page)


def budgets(metrics: Metrics, left: dict[tuple[str, str], int]) -> None:
    """So many dollars left of a hundred."""
    for (team, window), usd in left.items():
        metrics.budget(team, window, 100 * PICOS_PER_USD, (100 - usd) * PICOS_PER_USD)


def happen(metrics: Metrics) -> None:
    """Something of everything: payments spends $3 in an hour and loses $1.50 of it, research spends $2, others fail."""
    for number, (team, usd, status, priced) in enumerate(
        [("payments", 3, 200, True), ("research", 2, 200, True), ("research", 0, 500, True), ("research", 0, 200, False)]
    ):
        paid = {"output": usd * PICOS_PER_USD}
        settle(metrics, number, Event(team, "code", "big", status, {"output": 1}, paid, "classifier", "warm", "finished", priced))
    budgets(metrics, {("payments", "day"): 0, ("payments", "month"): 4, ("research", "day"): 8, ("research", "month"): 10})
    metrics.rebuilt("payments", "codex", "big", "past_lifetime", 3 * PICOS_PER_USD // 2)
    metrics.cache_shifted("openai")
    metrics.bill_captured(0.75)
    metrics.ledger(45, 4096, 1)
    metrics.config_reload(False)
    metrics.price_table_age(91 * 86_400)


@pytest.mark.parametrize("alert", [alert for alert in SEVERITIES if alert != LAST])
def test_it_is_told_to_whom_it_concerns(alert: str, world: World) -> None:
    world.wait(alert)
    assert world.told(alert) == ROUTES[SEVERITIES[alert]]


def test_a_burning_budget_is_named(world: World) -> None:
    fast, slow = "PointsmanBudgetBurnsFast", "PointsmanBudgetBurnsSlowly"
    world.wait(slow)
    world.inbox.wait(lambda: len(world.texts(slow)) > 1)
    assert world.named(fast) == {("month", "payments")}
    assert world.named(slow) == {("month", "payments"), ("month", "research")}, "what is left of a day is no news"


def test_what_is_told_can_be_read(world: World) -> None:
    for alert in SEVERITIES:
        if alert != LAST:
            world.wait(alert)
    for each in world.inbox.slack + world.inbox.mail:
        assert not re.search(r"<no value>|\{\{|%!|NaN|\bnull\b", each.title + each.text), each
    for each in world.inbox.slack:
        alert = each.title.split()[0]
        assert re.search(rf"<http://127\.0\.0\.1:3000/d/pointsman-{BOARD}[^|> ]*\|", each.text), each
        assert each.text.count("\n") == each.text.count("|dashboard>"), alert


def test_what_is_over_is_told_too(world: World) -> None:
    world.wait("PointsmanConfigReloadFailed")
    world.metrics.config_reload(True)
    world.wait("PointsmanConfigReloadFailed", "resolved")
    assert world.told("PointsmanConfigReloadFailed", "resolved") == {SLACK}


def test_a_spent_budget_burns_no_longer_and_nobody_is_told_all_is_well(world: World) -> None:
    world.wait("PointsmanBudgetBurnsFast")
    budgets(world.metrics, {("payments", "month"): 0})
    world.inbox.wait(lambda: ("month", "payments") in world.named("PointsmanBudgetSpent"))
    assert ("month", "payments") in world.named("PointsmanBudgetSpent")
    world.inbox.wait(lambda: bool(world.told("PointsmanBudgetBurnsFast", "resolved")), QUIET_S)
    assert not world.told("PointsmanBudgetBurnsFast", "resolved")


def test_a_gateway_that_is_gone_is_told(world: World) -> None:
    world.page.close()
    world.wait(LAST)
    assert world.told(LAST) == ROUTES[SEVERITIES[LAST]]
