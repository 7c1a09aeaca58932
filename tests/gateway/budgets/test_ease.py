"""A budget that runs out warns, and takes the cheaper road where the choice is the gateway's."""

import pytest

from gateway.budgets.ease import eased
from gateway.budgets.watch import Standing
from routing.policy import Policy
from routing.types import Decision, Reason, Route
from tests.gateway.budgets.made import USD, account

POLICY = Policy(
    routes={"code": Route(name="code", model="big"),
            "general": Route(name="general", model="small", by_dialect={"messages": "haiku"}, fallbacks=("other",))},
    rules=(), matrix=(), aliases=frozenset({"auto"}), default="general", min_confidence=0.6,
)  # fmt: skip
SPARING = Standing((account(spent=9 * USD, degrade_from=9 * USD, degrade_to="general"),))


def decision(source="classifier", route="code", **changes):
    return Decision(route=route, model="big", source=source, reasons=(Reason(word="x", text="x"),), **changes)


def test_nothing_happens_while_there_is_enough():
    made = decision()
    assert eased(made, Standing((account(),)), "chat", POLICY) is made
    assert eased(made, Standing(()), "chat", POLICY) is made


def test_a_warning_is_added_to_what_is_said_already():
    warned = eased(decision(warning="cold cache"), Standing((account(spent=9 * USD),)), "chat", POLICY)
    assert warned.route == "code"
    assert warned.warning.startswith("cold cache; budget pay: 90% of $10.00")


@pytest.mark.parametrize(("dialect", "model"), [("chat", "small"), ("messages", "haiku")])
def test_new_work_goes_down_the_cheaper_road(dialect, model):
    cheaper = eased(decision(), SPARING, dialect, POLICY)
    assert (cheaper.route, cheaper.model, cheaper.source, cheaper.fallbacks) == ("general", model, "budget", ("other",))
    assert [reason.word for reason in cheaper.reasons] == ["budget", "x"]
    assert "automatic routing goes to general" in cheaper.warning


@pytest.mark.parametrize("source", ["override", "rule", "sticky"])
def test_what_was_asked_for_or_has_begun_stays(source):
    kept = eased(decision(source), SPARING, "chat", POLICY)
    assert (kept.route, kept.model, kept.source) == ("code", "big", source)
    assert kept.warning


def test_who_is_there_already_stays_there():
    assert eased(decision(route="general"), SPARING, "chat", POLICY).source == "classifier"
