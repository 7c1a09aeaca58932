"""Agents with one trade: every trade is asked for its work and for prose, and its tools are known for what they are."""

from collections import Counter

from gateway.evaluation.routing_cases import cases
from routing.harness import harness
from training.agents import SYSTEMS, TOOLS, requests_of

OBSERVED = {"data": "data_tools", "shell": "shell_tool", "analysis": "interpreter_tool"}


def test_both_labels_for_every_trade_and_the_same_again() -> None:
    lines = list(requests_of(7))
    assert lines == list(requests_of(7))
    told = Counter((line["slice"], line["label"]) for line in lines)
    for trade in TOOLS:
        assert told[f"agents/agent_{trade}-en", "code"] > 50
        assert told[f"agents/agent_{trade}-en-prose", "general"] > 25
    assert TOOLS.keys() == SYSTEMS.keys()


def test_the_harness_knows_each_of_them() -> None:
    for line, case in zip(lines := list(requests_of(7))[::5], cases(lines), strict=True):
        trade = line["slice"].split("_")[1].split("-")[0]
        names = {each.name for each in harness(case.signals, "unknown", True)}
        assert OBSERVED[trade] in names, case.signals.tool_names
