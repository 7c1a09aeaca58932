"""What people read."""

from gateway.budgets.wording import amount, spent, warning
from tests.gateway.budgets.made import USD, account


def test_amounts():
    assert amount(12_345 * USD + USD // 2 - 1, "usd") == "$12,345.49"
    assert amount(1_200_000, "tokens") == "1,200,000 tokens"


def test_a_warning_says_whose_how_much_and_until_when():
    said = warning(account(spent=9 * USD, zone="Europe/Berlin"))
    assert said == "budget pay: 90% of $10.00 used by team payments, begins anew 2026-11-30 01:00 Europe/Berlin"
    cheaper = account(spent=9 * USD, degrade_from=9 * USD, degrade_to="general", per="user", who="ann", ends=None)
    assert warning(cheaper) == "budget pay: 90% of $10.00 used by user ann; automatic routing goes to general"


def test_a_refusal_does_too():
    assert spent(account(spent=10 * USD, per="agent_tree", who="s1")) == (
        "The budget pay of session s1 is used up: $10.00 of $10.00. It begins anew on 2026-11-30 00:00 UTC"
    )
    assert "user (unnamed)" in spent(account(spent=10 * USD, per="user"))
