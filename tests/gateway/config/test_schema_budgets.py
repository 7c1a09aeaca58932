"""A budget that could not mean anything is not taken."""

import pytest
from pydantic import ValidationError

from gateway.config.schema_budgets import Budget, RateLimit


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ({}, "exactly one of usd and tokens"),
        ({"usd": 1, "tokens": 1}, "exactly one of usd and tokens"),
        ({"usd": 1, "degrade_at": 0.5}, "both of degrade_at and degrade_to"),
        ({"usd": 0}, "greater than 0"),
        ({"usd": 1, "timezone": "Europe/Nowhere"}, "must be a time zone"),
        ({"usd": 1, "timezone": "../../etc/passwd"}, "must be a time zone"),
        ({"usd": 1, "refuse_at": 1.5}, "less than or equal to 1"),
        ({"usd": 1, "window": "year"}, "Input should be"),
        ({"usd": 1, "teams": []}, "at least 1 item"),
        ({"usd": 1, "refuse": 1}, "Extra inputs"),
    ],
)
def test_a_budget(written, complaint):
    with pytest.raises(ValidationError, match=complaint):
        Budget.model_validate({"name": "b", **written})


def test_a_limit():
    with pytest.raises(ValidationError, match="requests_per_minute or tokens_per_minute"):
        RateLimit.model_validate({"name": "l"})
