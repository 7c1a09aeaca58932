"""Writes OpenAI Responses answers and streams, in the full order of events their clients wait for."""

from collections.abc import Mapping

from gateway.simulator import usage
from gateway.simulator.outline import Outline, Piece, encode, slices, told

_ECHOED: Mapping[str, object] = {
    "background": False,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "prompt_cache_retention": None,
    "reasoning": {"effort": None, "summary": None},
    "safety_identifier": None,
    "store": True,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}, "verbosity": "medium"},
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}
"""Settings a response repeats, with what it shows when the caller was silent."""


def whole(outline: Outline) -> dict[str, object]:
    """A finished response in one piece."""
    body = _response(outline, "incomplete" if outline.answer.cut else "completed", _items(outline))
    if outline.answer.cut:
        body["incomplete_details"] = {"reason": "max_output_tokens"}
    else:
        body["completed_at"] = outline.created
    if outline.reports:
        body["usage"] = told(outline, usage.responses(outline.kinds, outline.paid_writes))
    return body


def stream(outline: Outline) -> list[Piece]:
    """The same as events: created, in progress, every item from added to done, and the whole response at the end."""
    writer = _Writer()
    started = _response(outline, "in_progress", [])
    writer.add("response.created", response=started)
    writer.add("response.in_progress", response=started)
    for index, item in enumerate(_items(outline)):
        if item["type"] == "message":
            _write_message(writer, outline, index, item)
        elif item["type"] in ("function_call", "custom_tool_call"):
            _write_call(writer, outline, index, item)
        else:
            writer.tokens = outline.answer.output_tokens
            if item["type"] == "reasoning":
                writer.tokens = outline.answer.reasoning
            writer.add("response.output_item.added", output_index=index, item=item)
            writer.add("response.output_item.done", output_index=index, item=item)
    writer.tokens = outline.answer.output_tokens
    writer.reported = outline.reports
    writer.add("response.incomplete" if outline.answer.cut else "response.completed", response=whole(outline))
    return writer.pieces


class _Writer:
    """Numbers the events of one stream and keeps count of what is generated."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self.tokens = 0
        self.reported = False

    def add(self, name: str, /, **members: object) -> None:
        data = encode({"type": name, "sequence_number": len(self.pieces), **members})
        self.pieces.append((b"event: %b\ndata: %b\n\n" % (name.encode(), data), self.tokens, self.reported))


def _write_message(writer: _Writer, outline: Outline, index: int, item: Mapping[str, object]) -> None:
    part: dict[str, object] = {"type": "output_text", "annotations": [], "logprobs": [], "text": ""}
    place = {"item_id": item["id"], "output_index": index, "content_index": 0}
    opened = {**item, "status": "in_progress", "content": []}
    writer.add("response.output_item.added", output_index=index, item=opened)
    writer.add("response.content_part.added", **place, part=part)
    for delta, generated in slices(outline):
        writer.tokens = generated
        writer.add("response.output_text.delta", **place, delta=delta, logprobs=[])
    text = outline.answer.text
    writer.add("response.output_text.done", **place, text=text, logprobs=[])
    writer.add("response.content_part.done", **place, part={**part, "text": text})
    writer.add("response.output_item.done", output_index=index, item=item)


def _write_call(writer: _Writer, outline: Outline, index: int, item: Mapping[str, object]) -> None:
    custom = item["type"] == "custom_tool_call"
    member, event = ("input", "custom_tool_call_input") if custom else ("arguments", "function_call_arguments")
    place = {"item_id": item["id"], "output_index": index}
    opened = {**item, "status": "in_progress", member: ""}
    writer.add("response.output_item.added", output_index=index, item=opened)
    for delta, generated in slices(outline):
        writer.tokens = generated
        writer.add(f"response.{event}.delta", **place, delta=delta)
    writer.tokens = outline.answer.output_tokens
    done: dict[str, object] = {member: outline.answer.text}
    if not custom:
        done["name"] = item["name"]
    writer.add(f"response.{event}.done", **place, **done)
    writer.add("response.output_item.done", output_index=index, item=item)


def _items(outline: Outline) -> list[dict[str, object]]:
    answer = outline.answer
    tail = outline.id.removeprefix("resp_")
    if answer.kind == "compaction":
        # Clients take exactly one item here; any other is an error to them.
        return [{"id": f"cmp_{tail}", "type": "compaction", "encrypted_content": answer.text}]
    items: list[dict[str, object]] = []
    if answer.reasoning:
        thought: dict[str, object] = {"id": f"rs_{tail}", "type": "reasoning", "summary": []}
        thought["encrypted_content"] = f"sim-reasoning-{tail}" if _wants_reasoning(outline) else None
        items.append(thought)
    if answer.kind == "tool":
        items.append(_call(outline, tail))
    elif answer.kind == "text":
        content = [{"type": "output_text", "annotations": [], "logprobs": [], "text": answer.text}]
        status = "incomplete" if answer.cut else "completed"
        items.append(
            {"id": f"msg_{tail}", "type": "message", "status": status, "content": content, "role": "assistant"}
        )
    return items


def _call(outline: Outline, tail: str) -> dict[str, object]:
    tool = outline.answer.tool
    assert tool is not None, "a tool answer names its tool"
    call: dict[str, object] = {"status": "completed", "call_id": f"call_{tail}", "name": tool.name}
    if tool.namespace:
        call["namespace"] = tool.namespace
    if tool.custom:
        return {"id": f"ctc_{tail}", "type": "custom_tool_call", "input": outline.answer.text, **call}
    return {"id": f"fc_{tail}", "type": "function_call", "arguments": outline.answer.text, **call}


def _wants_reasoning(outline: Outline) -> bool:
    include = outline.prompt.echo.get("include")
    return isinstance(include, list) and "reasoning.encrypted_content" in include


def _response(outline: Outline, status: str, output: list[dict[str, object]]) -> dict[str, object]:
    asked = outline.prompt.echo
    body: dict[str, object] = {
        "id": outline.id,
        "object": "response",
        "created_at": outline.created,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "model": outline.prompt.model,
        "output": output,
        "service_tier": "default",
        "usage": None,
    }
    for name, silent in _ECHOED.items():
        value = asked.get(name)
        body[name] = silent if value is None else value
    if outline.paid_writes:
        options = asked.get("prompt_cache_options")
        given = options if isinstance(options, dict) else {}
        body["prompt_cache_options"] = {"mode": given.get("mode", "implicit"), "ttl": given.get("ttl", "30m")}
        if outline.prompt.compare:
            body["prompt_cache_diagnostics"] = outline.diagnostics
    return body
