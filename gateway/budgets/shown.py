"""What the metrics page shows of budgets."""

from gateway.budgets.budgets import Budgets
from gateway.budgets.state import accounts, gauges, of_teams
from gateway.metering.metrics import Metrics


def show(metrics: Metrics, budgets: Budgets, now: float) -> None:
    """Bring the gauges of all budgets up to date."""
    for each in of_teams(budgets, now):
        if each.budget.unit == "usd":
            metrics.budget(each.team, each.budget.span, each.budget.limit, each.spent, each.reserved)
    for gauge in gauges(accounts(budgets, now)):
        metrics.budget_used(gauge.name, gauge.fullest_share, gauge.levels)
