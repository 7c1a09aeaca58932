"""What the headers tell of an answer."""

from cache.types import Freshness
from gateway.metering.estimate import Estimate
from gateway.story import story
from routing.types import Decision, Reason
from tests.gateway.test_gate import COLD

DECISION = Decision(route="code", model="m", source="sticky", reasons=(Reason(word="thread_pinned", text=""),))
COSTS = Estimate(picos=None, picos_if_warm=None, input_tokens=0)


def told(decision=DECISION, cold=None):
    freshness = Freshness(state="cold", reason="past_lifetime", idle_s=7.0)
    return dict(story("0abc", decision, "m", freshness, COSTS, cold))


def test_without_a_warning_there_is_none():
    lines = told()
    assert lines[b"x-pointsman-cache"] == b"cold"
    assert lines[b"x-pointsman-cache-idle-s"] == b"7"
    assert b"x-pointsman-warning" not in lines
    assert b"x-pointsman-cost-estimate-usd" not in lines


def test_several_warnings_are_one_line():
    warned = Decision(route="", model="m", source="rule", reasons=DECISION.reasons, warning="this model goes away in May")
    lines = told(warned, COLD)
    assert lines[b"x-pointsman-warning"].decode() == f"this model goes away in May; {COLD.sentence}"
    assert lines[b"x-pointsman-resume-usd"] == COLD.header
