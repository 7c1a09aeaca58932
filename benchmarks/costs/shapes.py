"""A case of the corpus as a library wants to be asked: the whole answer that was sent.

Where it came in pieces they are put together, the way a careful user of that library would before asking.
"""

import json
from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

Shape = Literal["chat", "responses", "messages", "gemini", "converse", "embeddings", "images", "transcription", "realtime"]
Case = Mapping[str, Any]
_MESSAGES = (
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "cache_creation",
    "server_tool_use",
    "iterations",
    "speed",
)


class Asked(Struct, frozen=True):
    """One question."""

    shape: Shape
    provider: str
    model: str
    answer: dict[str, Any]
    """The whole answer; empty where nothing was reported."""
    events: tuple[dict[str, Any], ...]
    """The events it came in, none when it came whole."""
    tier: str
    at: str


def asked(case: Case, provider: str, model: str, at: str) -> Asked:
    """The question that a case puts."""
    sent = case["sent"]
    events = tuple(event for event in map(_event, sent) if isinstance(event, dict)) if isinstance(sent, list) else ()
    shape = _shape(sent, events, case, model)
    answer = _joined(events, shape) if events else sent if isinstance(sent, dict) else {}
    if not ("usage" in answer or "usageMetadata" in answer):
        name = "usageMetadata" if shape == "gemini" else "usage"
        answer = {name: answer, **({"modelVersion": model} if shape == "gemini" else {"model": model})} if answer else {}
    usage = answer.get("usage")
    served = usage.get("service_tier") if shape == "messages" and isinstance(usage, dict) else answer.get("service_tier")
    tier = case.get("tier") or (served if served not in ("default", "standard", "auto", None) else "")
    return Asked(shape, provider, model, answer, events, tier, case.get("at", at))


def _event(event: Any) -> Any:
    if isinstance(event, dict) and "data" in event and "event" in event:
        event = event["data"]
    if isinstance(event, str):
        try:
            return json.loads(event.removeprefix("data:"))
        except ValueError:
            return None
    return event


_STREAMS: tuple[tuple[str, Shape], ...] = (
    ("message_", "messages"), ("ping", "messages"), ("response.", "responses"), ("image_", "images"), ("", "chat"),
)  # fmt: skip
_MODELS: tuple[tuple[str, Shape], ...] = (
    ("embed", "embeddings"), ("realtime", "realtime"), ("gpt-image", "images"), ("transcribe", "transcription"),
    ("whisper", "transcription"),
)  # fmt: skip


def _shape(sent: Any, events: tuple[dict[str, Any], ...], case: Case, model: str) -> Shape:
    if events:
        first = str(events[0].get("type", ""))
        return next(shape for beginning, shape in _STREAMS if first.startswith(beginning))
    if not isinstance(sent, dict):
        return "chat"
    if sent.keys() & {"usageMetadata", "promptTokenCount", "candidatesTokenCount"}:
        return "gemini"
    if "inputTokens" in sent:
        return "converse"
    usage = sent.get("usage", sent)
    by_model = next((shape for part, shape in _MODELS if part in model), None)
    if by_model is not None or not isinstance(usage, dict):
        return by_model or "chat"
    return _dialect(usage, case.get("dialect") == "messages" or sent.get("type") == "message", model)


def _dialect(usage: dict[str, Any], is_message: bool, model: str) -> Shape:
    if usage.keys() & {"prompt_tokens", "completion_tokens"}:
        return "chat"
    if is_message or usage.keys() & set(_MESSAGES):
        return "messages"
    return "messages" if "claude" in model and "input_tokens" in usage else "responses"


def _joined(events: tuple[dict[str, Any], ...], shape: Shape) -> dict[str, Any]:
    """The answer that a stream adds up to, with the usage it ends with; of a Messages stream the largest of each count."""
    if shape == "responses":
        return next((event["response"] for event in reversed(events) if event.get("response", {}).get("usage")), {})
    if shape == "messages":
        started = next((event["message"] for event in events if "message" in event), None)
        if started is None:
            return {}
        usage = dict(started["usage"])
        for event in events:
            for name, value in (event.get("usage") or {}).items():
                usage[name] = max(usage.get(name) or 0, value) if isinstance(value, int) else usage.get(name, value) or value
        return {**started, "usage": usage, "stop_reason": "end_turn"}
    for event in reversed(events):
        usage = event.get("usage") or (event.get("x_groq") or {}).get("usage")
        if usage:
            return {**event, "usage": usage, "object": "chat.completion"}
    return {}
