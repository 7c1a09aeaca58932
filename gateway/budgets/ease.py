"""A decision in the light of a budget: warned of, or taken down a cheaper road."""

from msgspec.structs import replace

from gateway.budgets.watch import Standing
from gateway.budgets.wording import warning
from routing.policy import Policy
from routing.types import Decision, Dialect, Reason

CHOSEN = frozenset(("override", "rule", "sticky"))
"""Decisions a budget leaves alone: what a client or the config asked for by name, and a thread that has begun. Moving that
would pay for its whole prompt again, and what it holds may be readable only by the model that made it."""


def eased(decision: Decision, standing: Standing, dialect: Dialect, policy: Policy) -> Decision:
    """The decision, with the warning of the account nearest to its end; on its cheaper road where the gateway may choose."""
    account = standing.fullest
    if account is None or account.level == "fine":
        return decision
    told = warning(account)
    if decision.warning:
        told = f"{decision.warning}; {told}"
    spares = next((each for each in standing.accounts if each.level == "degrade" and each.budget.degrade_to), None)
    if spares is None or decision.source in CHOSEN or decision.refusal:
        return replace(decision, warning=told)
    route = policy.routes.get(spares.budget.degrade_to)
    if route is None or route.name == decision.route:
        return replace(decision, warning=told)
    text = f"budget {spares.budget.name} is {spares.share:.0%} used; it would have been {decision.route}"
    return Decision(
        route=route.name,
        model=route.model_for(dialect),
        source="budget",
        reasons=(Reason(word="budget", text=text), *decision.reasons),
        fallbacks=route.fallbacks,
        warning=told,
        workload=decision.workload,
    )
