"""Writes Chat Completions answers and streams, and the older text completions."""

from gateway.simulator import usage
from gateway.simulator.outline import Outline, Piece, encode, slices, told

_DONE = b"data: [DONE]\n\n"
_FINGERPRINT = "fp_simulated"


def whole(outline: Outline) -> dict[str, object]:
    """An answer in one piece."""
    answer = outline.answer
    message: dict[str, object] = {"role": "assistant", "content": None, "refusal": None, "annotations": []}
    if answer.kind == "tool":
        message["tool_calls"] = [_call(outline, answer.text)]
    else:
        message["content"] = answer.text
    body = _envelope(outline, "chat.completion")
    body["choices"] = [{"index": 0, "message": message, "logprobs": None, "finish_reason": _reason(outline)}]
    if outline.reports:
        body["usage"] = told(outline, usage.chat(outline.kinds, outline.paid_writes))
    return body


def stream(outline: Outline) -> list[Piece]:
    """The same as events: a chunk with the role, the deltas, the reason, the usage if asked for, `[DONE]`."""
    answer = outline.answer
    role: dict[str, object] = {"role": "assistant", "content": None if answer.kind == "tool" else "", "refusal": None}
    if answer.kind == "tool":
        role["tool_calls"] = [{"index": 0, **_call(outline, "")}]
    pieces: list[Piece] = [(_chunk(outline, role), answer.reasoning, False)]
    for part, generated in slices(outline):
        delta: dict[str, object] = {"content": part}
        if answer.kind == "tool":
            member = {"input": part} if _custom(outline) else {"arguments": part}
            delta = {"tool_calls": [{"index": 0, "custom" if _custom(outline) else "function": member}]}
        pieces.append((_chunk(outline, delta), generated, False))
    total = answer.output_tokens
    pieces.append((_chunk(outline, {}, _reason(outline)), total, False))
    reports = outline.prompt.include_usage and outline.reports
    if reports:
        body = _envelope(outline, "chat.completion.chunk")
        body |= {"choices": [], "usage": told(outline, usage.chat(outline.kinds, outline.paid_writes))}
        pieces.append((b"data: %b\n\n" % encode(body), total, True))
    pieces.append((_DONE, total, reports))
    return pieces


def whole_completion(outline: Outline) -> dict[str, object]:
    """A text completion in one piece."""
    body = _completion(outline, outline.answer.text, _reason(outline))
    if outline.reports:
        body["usage"] = _completion_usage(outline)
    return body


def stream_completion(outline: Outline) -> list[Piece]:
    """A text completion as events."""
    pieces: list[Piece] = []
    for part, generated in slices(outline):
        pieces.append((b"data: %b\n\n" % encode(_completion(outline, part, None)), generated, False))
    total = outline.answer.output_tokens
    pieces.append((b"data: %b\n\n" % encode(_completion(outline, "", _reason(outline))), total, False))
    reports = outline.prompt.include_usage and outline.reports
    if reports:
        body = {**_completion(outline, "", None), "choices": [], "usage": _completion_usage(outline)}
        pieces.append((b"data: %b\n\n" % encode(body), total, True))
    pieces.append((_DONE, total, reports))
    return pieces


def _envelope(outline: Outline, kind: str) -> dict[str, object]:
    return {
        "id": outline.id,
        "object": kind,
        "created": outline.created,
        "model": outline.prompt.model,
        "service_tier": "default",
        "system_fingerprint": _FINGERPRINT,
    }


def _chunk(outline: Outline, delta: dict[str, object], reason: str | None = None) -> bytes:
    body = _envelope(outline, "chat.completion.chunk")
    body["choices"] = [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}]
    if outline.prompt.include_usage:
        body["usage"] = None
    return b"data: %b\n\n" % encode(body)


def _call(outline: Outline, arguments: str) -> dict[str, object]:
    tool = outline.answer.tool
    assert tool is not None, "a tool answer names its tool"
    call_id = f"call_{outline.id.rpartition('-')[2]}"
    if tool.custom:
        return {"id": call_id, "type": "custom", "custom": {"name": tool.name, "input": arguments}}
    return {"id": call_id, "type": "function", "function": {"name": tool.name, "arguments": arguments}}


def _custom(outline: Outline) -> bool:
    return outline.answer.tool is not None and outline.answer.tool.custom


def _reason(outline: Outline) -> str:
    if outline.answer.kind == "tool":
        return "tool_calls"
    return "length" if outline.answer.cut else "stop"


def _completion(outline: Outline, text: str, reason: str | None) -> dict[str, object]:
    return {
        "id": outline.id,
        "object": "text_completion",
        "created": outline.created,
        "model": outline.prompt.model,
        "choices": [{"text": text, "index": 0, "logprobs": None, "finish_reason": reason}],
    }


def _completion_usage(outline: Outline) -> dict[str, int]:
    given = outline.kinds.get("input_uncached", 0)
    made = outline.answer.output_tokens
    return {"prompt_tokens": given, "completion_tokens": made, "total_tokens": given + made}
