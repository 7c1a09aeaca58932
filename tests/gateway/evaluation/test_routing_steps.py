"""Flips inside a task, and bodies grown by what was said before."""

import json

from msgspec.structs import replace

from gateway.evaluation.routing_cases import cases
from gateway.evaluation.routing_score import Verdict
from gateway.evaluation.routing_steps import TIMED, decided, flips, grown, latency, quantiles, rival_us, timed

TOOLS = [{"type": "function", "function": {"name": name, "parameters": {}}} for name in ("read_file", "edit_file", "bash")]
CALL = {"role": "assistant", "tool_calls": [{"id": "1", "type": "function", "function": {"name": "bash", "arguments": "{}"}}]}
RESULT = {"role": "tool", "tool_call_id": "1", "content": "ok"}
TURNS = [{"role": "user", "content": "fix the failing test in src/app.py"}, CALL, RESULT, CALL, RESULT]
(TASK,) = cases([{"request": {"model": "auto", "tools": TOOLS, "messages": TURNS}, "label": "code", "thread": "t"}])


def test_an_agents_steps_are_one_task() -> None:
    assert flips([TASK], [Verdict(True, 0.9)]) == {"tasks": 1, "flipped": 0}


def test_one_thread_in_several_requests() -> None:
    short = replace(TASK, body=json.dumps({"messages": TURNS[:1]}).encode())
    assert flips([short, short], [Verdict(True, 0.9), Verdict(False, 0.9)]) == {"tasks": 1, "flipped": 1}
    assert flips([short, short], [Verdict(True, 0.9), Verdict(True, 0.6)]) == {"tasks": 1, "flipped": 0}


def test_a_grown_body_ends_as_before_and_is_decided_alike() -> None:
    long = grown(TASK, 100_000)
    assert 90_000 < len(long) < 130_000
    assert json.loads(long)["messages"][-1] == RESULT
    assert decided("chat", TASK.body).code
    assert decided("chat", long).code


def test_timing_covers_every_size() -> None:
    found = latency([TASK])
    assert set(found) == {"1000", "10000", "100000", "1000000"}
    assert all(each["classify_us"]["p50"] > 0 for each in found.values())
    assert quantiles([]) == {}
    assert quantiles([3.0, 1.0, 2.0]) == {"p50": 2.0, "p99": 3.0}


def test_a_rival_is_timed_on_the_same_cases() -> None:
    asked = []
    found = rival_us([TASK] * 3, lambda case: bool(asked.append(case)))
    assert asked == [*timed([TASK] * 3)] == [TASK] * 3
    assert 0 < found["p50"] <= found["p99"]
    assert len(timed([TASK] * 10 * TIMED)) == TIMED
