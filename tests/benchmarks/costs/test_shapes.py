"""A question holds the whole answer, whatever it came in."""

import json
from typing import Any

import pytest

from benchmarks.costs.shapes import asked

USAGE = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
STREAM = [
    {"type": "message_start", "message": {"model": "m", "usage": {"input_tokens": 9, "output_tokens": 1, "speed": "fast"}}},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"input_tokens": None, "output_tokens": 7}},
]


def shape(sent: Any, model: str = "gpt-5.5", **more: Any) -> str:
    return asked({"sent": sent, **more}, "openai", model, "2026-11-25").shape


@pytest.mark.parametrize(
    ("sent", "model", "expected"),
    [
        (USAGE, "gpt-5.5", "chat"),
        ({"input_tokens": 9, "output_tokens": 2}, "gpt-5.5", "responses"),
        ({"input_tokens": 9, "output_tokens": 2}, "claude-opus-5-5", "messages"),
        ({"promptTokenCount": 9}, "gemini-2.5-pro", "gemini"),
        ({"inputTokens": 9}, "claude", "converse"),
        ({"prompt_tokens": 9}, "text-embedding-3-small", "embeddings"),
        (STREAM, "claude-opus-5-5", "messages"),
        ([{"type": "response.created"}], "gpt-5.5", "responses"),
        ([{"choices": []}], "gpt-5.5", "chat"),
    ],
)
def test_shapes(sent: Any, model: str, expected: str) -> None:
    assert shape(sent, model) == expected


def test_a_stream_is_put_together() -> None:
    whole = asked({"sent": ["data: " + json.dumps(event) for event in STREAM]}, "anthropic", "m", "2026-11-25")
    assert whole.answer["usage"] == {"input_tokens": 9, "output_tokens": 7, "speed": "fast"}
    assert asked({"sent": [{"choices": [], "usage": USAGE}]}, "openai", "m", "2026-11-25").answer["usage"] == USAGE
    assert asked({"sent": None}, "openai", "m", "2026-11-25").answer == {}


def test_the_tier_is_the_served_one() -> None:
    assert asked({"sent": {"usage": USAGE, "service_tier": "flex"}}, "openai", "m", "2026-11-25").tier == "flex"
    assert asked({"sent": {"usage": USAGE, "service_tier": "default"}}, "openai", "m", "2026-11-25").tier == ""
    assert asked({"sent": USAGE, "tier": "batch"}, "openai", "m", "2026-11-25").tier == "batch"
