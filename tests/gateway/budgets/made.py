"""Budgets, callers and settlements for tests."""

from typing import Any

from gateway.budgets.budgets import Budgets
from gateway.budgets.counters import LocalCounters
from gateway.budgets.types import Account, Budget
from gateway.identify import Caller
from gateway.metering.estimate import Estimate
from gateway.metering.types import Settlement
from tests.gateway.metering.records import settlement

USD = 10**12
NOON = 1_795_953_600.0
"""2026-11-29 12:00 UTC, a Sunday."""
ANN = Caller(team="payments", user="ann", client="codex", session="s1", key_id="abc")


def budget(**changes: Any) -> Budget:
    limit = changes.pop("limit", 10 * USD)
    usual: dict[str, Any] = {
        "name": "pay", "per": "team", "span": "day", "zone": "UTC", "unit": "usd", "limit": limit,
        "warn_from": limit * 8 // 10, "refuse_from": limit,
    }  # fmt: skip
    return Budget(**{**usual, **changes})


def account(spent: int = 0, reserved: int = 0, ends: float | None = NOON + 43_200, **changes: Any) -> Account:
    who = changes.pop("who", "")
    return Account(budget=budget(**changes), team="payments", who=who, spent=spent, reserved=reserved, ends=ends)


def budgets(*these: Budget, limits: Any = (), at: float = NOON) -> Budgets:
    made = Budgets(LocalCounters(1000), LocalCounters(1000))
    made.install(these, limits, at)
    return made


def estimate(picos: int | None = 0, tokens: int = 0) -> Estimate:
    return Estimate(picos=picos, picos_if_warm=None, input_tokens=tokens)


def cost(picos: int, tokens: int = 100, at: float = NOON, **changes: Any) -> Settlement:
    return settlement("r", at=at, picos=picos, kinds={"output": tokens}, by_kind={"output": picos}, **changes)
