"""One word for what broke a prompt."""

import json

import pytest

from cache.breakers import set_of
from cache.fingerprint import fingerprint
from cache.types import Freshness, ThreadRecord
from gateway.breaker import breaker, tools_of
from gateway.commands.lint_prompts import ADVICE
from gateway.dialects.ask import read
from gateway.metering.families import BREAKERS

NOW = 1_795_600_000.0  # 25 November 2026


def told(reason: str, body: dict, dialect: str = "chat", tools: tuple = (), state: str = "broken") -> str:
    ask = read(json.dumps({"model": "m", **body}).encode(), dialect, dialect)
    before = read(json.dumps({"model": "m", "tools": tools}).encode(), dialect, dialect)
    record = ThreadRecord(thread="t", team="a", tool_set=set_of(tools_of(before)))
    return breaker(Freshness(state=state, reason=reason), ask, fingerprint(dialect, ask.fields, 1, b"a"), record, NOW)


TALK = [{"role": "user", "content": "hi"}]
DATED = "You are opencode. Today's date: Wed Nov 25 2026"


@pytest.mark.parametrize(
    ("dialect", "body"),
    [
        ("chat", {"messages": [{"role": "system", "content": DATED}, *TALK]}),
        ("messages", {"system": [{"type": "text", "text": DATED}], "messages": TALK}),
        ("responses", {"instructions": DATED, "input": TALK}),
        ("responses", {"input": [{"role": "developer", "content": DATED}, *TALK]}),
    ],
)
def test_a_date_is_found_wherever_a_system_prompt_stands(dialect, body):
    assert told("system_changed", body, dialect) == "date_in_system"


def test_what_a_person_wrote_is_no_system_prompt():
    assert told("system_changed", {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": DATED}]}) == "system_changed"


def test_tools_in_another_order_are_not_other_tools():
    one, two = {"name": "a"}, {"name": "b"}
    assert told("tools_changed", {"tools": [two, one], "messages": TALK}, tools=(one, two)) == "tools_reordered"
    assert told("tools_changed", {"tools": [two], "messages": TALK}, tools=(one, two)) == "tools_changed"
    assert told("tools_changed", {"messages": TALK}, tools=(one,)) == "tools_changed"


def test_reasoning_that_was_not_sent_back():
    answered = [*TALK, {"role": "assistant", "content": "yes"}, *TALK]
    body = {"reasoning": {"effort": "high"}, "input": answered}
    bare = read(json.dumps(body | {"model": "m"}, separators=(",", ":")).encode(), "responses", "responses")
    record = ThreadRecord(thread="t", team="a")
    print_ = fingerprint("responses", bare.fields, 1, b"a")
    broken = Freshness(state="broken", reason="prefix_changed")
    assert breaker(broken, bare, print_, record, NOW) == "reasoning_dropped"
    assert told("prefix_changed", {**body, "input": [{"type": "reasoning"}, *answered]}, "responses") == "history_edited"
    assert told("prefix_changed", {"messages": answered}) == "history_edited"


def test_what_somebody_meant_is_no_finding():
    assert told("compacted", {"messages": TALK}) == ""
    assert told("past_lifetime", {"messages": TALK}, state="cold") == ""


def test_every_word_has_advice():
    assert set(BREAKERS) == set(ADVICE)
