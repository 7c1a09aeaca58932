"""Upstreams of either dialect for tests of translation: what they say, and the vendors' own clients as judges."""

import contextlib
import json
import socket
from typing import Any

import httpx
import httpx2
from anthropic import Anthropic
from openai import OpenAI

from gateway.upstream.said import said
from tests.line.rig import Upstream

THOUGHT, TEXT = ("hmm ", "so"), ("Hel", "lo ✓")
USAGE = {
    "prompt_tokens": 1000, "completion_tokens": 50, "total_tokens": 1050,
    "prompt_tokens_details": {"cached_tokens": 600, "cache_write_tokens": 100},
    "completion_tokens_details": {"reasoning_tokens": 20},
}  # fmt: skip
KINDS = {"input_uncached": 300, "cache_read": 600, "cache_write_30m": 100, "output": 30, "reasoning": 20}


def chunk(delta: dict[str, Any], stop: str | None = None, **more: Any) -> dict[str, Any]:
    """One chat chunk as an OpenAI-compatible server sends it."""
    choice = {"index": 0, "delta": delta, "finish_reason": stop}
    return {"id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": "qwen-coder", "choices": [choice], **more}


def call(index: int, name: str = "", arguments: str = "", id_: str = "") -> dict[str, Any]:
    """A piece of a tool call; the first has name and id."""
    begun = {"id": id_, "type": "function"} if id_ else {}
    function = {"arguments": arguments, **({"name": name} if name else {})}
    return {"tool_calls": [{"index": index, **begun, "function": function}]}


CHAT_STREAM = [
    chunk({"role": "assistant", "content": ""}),
    *(chunk({"reasoning_content": each}) for each in THOUGHT),
    *(chunk({"content": each}) for each in TEXT),
    chunk(call(0, "shell", "", "call_a")),
    chunk(call(0, arguments='{"cmd":')),
    chunk(call(0, arguments='"ls"}')),
    chunk(call(1, "read", '{"p":1}', "call_b")),
    chunk({}, "tool_calls"),
    {**chunk({}), "choices": [], "usage": USAGE},
]
CHAT_WHOLE = {
    "id": "c-1", "object": "chat.completion", "created": 1, "model": "qwen-coder", "usage": USAGE,
    "choices": [{"index": 0, "finish_reason": "tool_calls", "message": {
        "role": "assistant", "content": "".join(TEXT), "reasoning_content": "".join(THOUGHT),
        "tool_calls": [
            {"id": "call_a", "type": "function", "function": {"name": "shell", "arguments": '{"cmd":"ls"}'}},
            {"id": "call_b", "type": "function", "function": {"name": "read", "arguments": '{"p":1}'}},
        ]}}],
}  # fmt: skip

ANTHROPIC_USAGE = {
    "input_tokens": 300, "cache_read_input_tokens": 600, "cache_creation_input_tokens": 100, "output_tokens": 50,
    "cache_creation": {"ephemeral_5m_input_tokens": 60, "ephemeral_1h_input_tokens": 40},
    "output_tokens_details": {"thinking_tokens": 20}, "service_tier": "standard",
}  # fmt: skip
ANTHROPIC_KINDS = {
    "input_uncached": 300, "cache_read": 600, "cache_write_5m": 60, "cache_write_1h": 40, "output": 30, "reasoning": 20,
}  # fmt: skip
CONTENT = [
    {"type": "thinking", "thinking": "".join(THOUGHT), "signature": "c2ln"},
    {"type": "text", "text": "".join(TEXT)},
    {"type": "tool_use", "id": "call_a", "name": "shell", "input": {"cmd": "ls"}},
    {"type": "tool_use", "id": "call_b", "name": "read", "input": {"p": 1}},
]
MESSAGES_WHOLE = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-opus-5-5", "content": CONTENT,
    "stop_reason": "tool_use", "stop_sequence": None, "usage": ANTHROPIC_USAGE,
}  # fmt: skip


def _blocks() -> list[dict[str, Any]]:
    opened = [
        {"type": "thinking", "thinking": "", "signature": ""},
        {"type": "text", "text": ""},
        *({**each, "input": {}} for each in CONTENT[2:]),
    ]
    deltas = [
        [*({"type": "thinking_delta", "thinking": each} for each in THOUGHT), {"type": "signature_delta", "signature": "c2ln"}],
        [{"type": "text_delta", "text": each} for each in TEXT],
        [{"type": "input_json_delta", "partial_json": each} for each in ('{"cmd":', '"ls"}')],
        [{"type": "input_json_delta", "partial_json": '{"p":1}'}],
    ]
    events: list[dict[str, Any]] = []
    for index, block in enumerate(opened):
        events.append({"type": "content_block_start", "index": index, "content_block": block})
        events += ({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas[index])
        events.append({"type": "content_block_stop", "index": index})
    return events


MESSAGES_STREAM = [
    {"type": "message_start", "message": {**MESSAGES_WHOLE, "content": [], "stop_reason": None,
                                          "usage": {**ANTHROPIC_USAGE, "output_tokens": 1, "output_tokens_details": None}}},
    {"type": "ping"},
    *_blocks(),
    {"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": None}, "usage": ANTHROPIC_USAGE},
    {"type": "message_stop"},
]  # fmt: skip


class Vendor(Upstream):
    """A scripted upstream that does not mind how its clients leave."""

    def _serve(self, wire: socket.socket) -> None:
        with contextlib.suppress(OSError):
            super()._serve(wire)


def heard(writer: Any, chunks: list[dict[str, Any]]) -> bytes:
    """The stream a writer makes of these chat chunks."""
    return b"".join([*(writer.take(said(each)) for each in chunks), writer.end()])




SSE = {"content-type": "text/event-stream"}


def anthropic(body: bytes) -> Anthropic:
    """Anthropic's client, which gets these bytes for an answer."""
    reply = httpx2.Response(200, headers=SSE, content=body)
    return Anthropic(api_key="k", max_retries=0, http_client=httpx2.Client(transport=httpx2.MockTransport(lambda _: reply)))


def openai(body: bytes) -> OpenAI:
    """OpenAI's client, which gets these bytes for an answer."""
    reply = httpx.Response(200, headers=SSE, content=body)
    return OpenAI(api_key="k", max_retries=0, http_client=httpx.Client(transport=httpx.MockTransport(lambda _: reply)))


def told(body: bytes) -> list[dict[str, Any]]:
    """The data of a stream's events."""
    lines = [line[6:] for line in body.decode().split("\n") if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]
