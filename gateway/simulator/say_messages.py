"""Writes Anthropic Messages answers and streams."""

import msgspec

from gateway.simulator import usage
from gateway.simulator.outline import Outline, Piece, encode, named_event, slices, told

_PING = b'event: ping\ndata: {"type":"ping"}\n\n'
_STOP = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'


def whole(outline: Outline) -> dict[str, object]:
    """An answer in one piece."""
    answer = outline.answer
    content = [_thinking(outline)] if answer.reasoning else []
    if answer.kind == "tool":
        content.append({**_tool(outline), "input": _parsed(answer.text)})
    elif answer.kind != "nothing":
        content.append({"type": "text", "text": answer.text})
    body = _message(outline, content)
    body["stop_reason"] = _reason(outline)
    if outline.reports:
        body["usage"] = told(outline, usage.messages(outline.kinds, answer.output_tokens, answer.reasoning))
    return body


def stream(outline: Outline) -> list[Piece]:
    """The same as events; the input's usage comes first, the cumulative totals at the end."""
    answer = outline.answer
    start = _message(outline, [])
    if outline.reports:
        start["usage"] = told(outline, usage.messages(outline.kinds, min(1, answer.output_tokens)))
    pieces: list[Piece] = [(named_event("message_start", {"type": "message_start", "message": start}), 0, False)]
    index = 0
    if answer.reasoning:
        pieces += _thinking_events(outline)
        index = 1
    tool = answer.kind == "tool"
    opening = {**_tool(outline), "input": {}} if tool else {"type": "text", "text": ""}
    pieces.append((_event("content_block_start", index, content_block=opening), answer.reasoning, False))
    pieces.append((_PING, answer.reasoning, False))
    for part, generated in slices(outline):
        delta = {"type": "input_json_delta", "partial_json": part} if tool else {"type": "text_delta", "text": part}
        pieces.append((_event("content_block_delta", index, delta=delta), generated, False))
    total = answer.output_tokens
    pieces.append((_event("content_block_stop", index), total, False))
    end: dict[str, object] = {
        "type": "message_delta",
        "delta": {"stop_reason": _reason(outline), "stop_sequence": None},
    }
    if outline.reports:
        counts = usage.messages(outline.kinds, total, answer.reasoning)
        del counts["service_tier"], counts["cache_creation"]
        end["usage"] = told(outline, counts)
    pieces.append((named_event("message_delta", end), total, outline.reports))
    pieces.append((_STOP, total, outline.reports))
    return pieces


def _message(outline: Outline, content: list[dict[str, object]]) -> dict[str, object]:
    body: dict[str, object] = {
        "id": outline.id,
        "type": "message",
        "role": "assistant",
        "model": outline.prompt.model,
        "content": content,
        "stop_reason": None,
        "stop_sequence": None,
    }
    if outline.prompt.compare:
        body["diagnostics"] = outline.diagnostics
    return body


def _tool(outline: Outline) -> dict[str, object]:
    tool = outline.answer.tool
    assert tool is not None, "a tool answer names its tool"
    return {"type": "tool_use", "id": f"toolu_{outline.id.removeprefix('msg_')}", "name": tool.name}


def _parsed(arguments: str) -> object:
    # A directive may hold anything; the real endpoint always sends an object here.
    try:
        return msgspec.json.decode(arguments)
    except msgspec.DecodeError:
        return {"input": arguments}


def _thinking(outline: Outline) -> dict[str, object]:
    return {"type": "thinking", "thinking": "Reading the signals.", "signature": _signature(outline)}


def _thinking_events(outline: Outline) -> list[Piece]:
    block = {"type": "thinking", "thinking": "", "signature": ""}
    deltas = (
        {"type": "thinking_delta", "thinking": "Reading the signals."},
        {"type": "signature_delta", "signature": _signature(outline)},
    )
    made = outline.answer.reasoning
    pieces: list[Piece] = [(_event("content_block_start", 0, content_block=block), 0, False)]
    pieces += [(_event("content_block_delta", 0, delta=delta), made, False) for delta in deltas]
    pieces.append((_event("content_block_stop", 0), made, False))
    return pieces


def _signature(outline: Outline) -> str:
    return f"sim-signature-{outline.id}"


def _event(name: str, index: int, **members: object) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), encode({"type": name, "index": index, **members}))


def _reason(outline: Outline) -> str:
    answer = outline.answer
    if answer.kind == "tool":
        return "tool_use"
    return "max_tokens" if answer.cut or answer.kind == "nothing" else "end_turn"
