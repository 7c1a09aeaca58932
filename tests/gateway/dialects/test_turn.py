"""Whose turn it is, in each dialect, with and without markers, and behind results of any length."""

import json

import pytest

from cache.fingerprint import fingerprint
from gateway.dialects.ask import read
from gateway.dialects.turn import is_persons

LONG = "x" * 100_000
RESULT = {"type": "tool_result", "tool_use_id": "t", "content": LONG}
REMINDER = {"type": "text", "text": "by the way"}
CALL = {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "n", "input": {}}]}
MARK = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}


@pytest.mark.parametrize(
    ("dialect", "turns", "person"),
    [
        ("messages", [{"role": "user", "content": "hi"}], True),
        ("messages", [{"role": "user", "content": [{"type": "text", "text": LONG, **MARK}]}], True),
        ("messages", [CALL, {"role": "user", "content": [RESULT]}], False),
        ("messages", [CALL, {"role": "user", "content": [{**RESULT, **MARK}]}], False),
        ("messages", [CALL, {"role": "user", "content": [RESULT, REMINDER]}], False),
        ("messages", [{"role": "user", "content": [RESULT]}, CALL, {"role": "user", "content": "go on"}], True),
        ("messages", [{"role": "user", "content": 'what is "tool_result"?'}], True),
        ("chat", [{"role": "tool", "tool_call_id": "t", "content": LONG}], False),
        ("chat", [{"role": "tool", "tool_call_id": "t", "content": "1"}, {"role": "user", "content": LONG}], True),
        ("responses", [{"type": "function_call_output", "call_id": "c", "output": LONG}], False),
        ("responses", [{"type": "custom_tool_call_output", "call_id": "c", "output": "1"}], False),
        ("responses", [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": LONG}]}], True),
    ],
)
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_turns(dialect, turns, person, separators):
    fields = {"model": "m", "input" if dialect == "responses" else "messages": turns}
    ask = read(json.dumps(fields, separators=separators).encode(), dialect, dialect)
    sizes = fingerprint(dialect, ask.fields, 1, b"team", ask.body).sizes
    assert is_persons(ask, sizes) is person


def test_nothing_to_look_at():
    ask = read(b'{"model":"m"}', "chat", "chat")
    assert is_persons(ask, (0, 4))
    ask = read(b'{"model":"m","input":"hello"}', "responses", "responses")
    assert is_persons(ask, (0, 7))
