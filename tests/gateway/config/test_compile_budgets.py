"""Shares become amounts, to the pico-dollar."""

from gateway.config.compile_budgets import compile_budget, compile_limit
from gateway.config.schema_budgets import Budget, RateLimit


def test_dollars_and_shares():
    made = compile_budget(
        Budget.model_validate({"name": "b", "usd": "12.345678", "degrade_at": 0.9, "degrade_to": "general", "teams": "payments"})
    )
    assert (made.unit, made.limit) == ("usd", 12_345_678_000_000)
    assert (made.warn_from, made.degrade_from, made.refuse_from) == (9_876_542_400_000, 11_111_110_200_000, made.limit)
    assert (made.teams, made.users, made.per, made.span, made.zone) == (frozenset({"payments"}), None, "team", "month", "UTC")


def test_tokens_and_never():
    made = compile_budget(Budget.model_validate({"name": "b", "tokens": 1000, "warn_at": None, "refuse_at": None}))
    assert (made.unit, made.limit, made.warn_from, made.refuse_from) == ("tokens", 1000, None, None)


def test_limits():
    made = compile_limit(RateLimit.model_validate({"name": "l", "per": "user", "users": ["ann"], "requests_per_minute": 60}))
    assert (made.requests, made.tokens, made.users) == (60, None, frozenset({"ann"}))
