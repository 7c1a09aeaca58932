"""Reads an OpenAI Responses request, with tools wherever clients put them and items of any type."""

from collections.abc import Mapping, Sequence

from gateway.simulator.prompt import (
    Block,
    Prompt,
    Tool,
    block,
    digest,
    listing,
    mapping,
    name_of,
    text_of,
    whole,
)
from gateway.simulator.read_chat import marker


def read(body: Mapping[str, object], earlier: Sequence[Block] = ()) -> Prompt:
    """Read one body; `earlier` are the blocks of the response it continues with `previous_response_id`."""
    model = name_of(body)
    items = _items(body)
    options = mapping(body.get("prompt_cache_options"))
    comparison = options.get("comparison_response_id")
    text = mapping(body.get("text"))
    user_text, results = _newest(items)
    offered = _offered(body, items)
    return Prompt(
        model=model,
        blocks=[*_preamble(body), *earlier, *_conversation(items)],
        scope={
            "tools": digest(body.get("tools")),
            "text_format": digest(text.get("format")),
            "reasoning_effort": digest(mapping(body.get("reasoning")).get("effort")),
            "verbosity": digest(text.get("verbosity")),
            "service_tier": digest(body.get("service_tier")),
            "prompt_cache_key": digest(body.get("prompt_cache_key")),
        },
        stream=body.get("stream") is True,
        max_tokens=whole(body.get("max_output_tokens")),
        user_text=user_text,
        results=results,
        tools=offered,
        forced=_forced(body),
        schema=_schema(mapping(text.get("format"))),
        compacts=any(item.get("type") == "compaction_trigger" for item in items),
        prewarm=options.get("prewarm") is True,
        cache={"options": options, "retention": body.get("prompt_cache_retention")},
        compare="comparison_response_id" in options,
        compare_with=comparison if isinstance(comparison, str) else None,
        previous=str(body.get("previous_response_id") or ""),
        echo=body,
    )


def _items(body: Mapping[str, object]) -> list[Mapping[str, object]]:
    given = body.get("input")
    if isinstance(given, str):
        return [{"type": "message", "role": "user", "content": given}]
    return [mapping(item) for item in listing(given)]


def _preamble(body: Mapping[str, object]) -> list[Block]:
    out = [block("tools", tool, "tools") for tool in listing(body.get("tools"))]
    instructions = body.get("instructions")
    if isinstance(instructions, str) and instructions:
        out.append(block("system", instructions, "system"))
    return out


def _conversation(items: Sequence[Mapping[str, object]]) -> list[Block]:
    out: list[Block] = []
    for item in items:
        kind = item.get("type", "message")
        if kind == "compaction_trigger":
            continue
        if kind != "message":
            out.append(block("messages", item, "tool", marker(item), _is_result(kind)))
            continue
        role = str(item.get("role", ""))
        content = item.get("content")
        parts = [content] if isinstance(content, str) else listing(content)
        for place, part in enumerate(parts, start=1):
            out.append(block("messages", part, role, marker(part), role == "user" and place == len(parts)))
    return out


def _is_result(kind: object) -> bool:
    return isinstance(kind, str) and kind.endswith("_output")


def _newest(items: Sequence[Mapping[str, object]]) -> tuple[str, int]:
    """Text of the newest user turn, and how many tool results came after it.

    A compaction ends the search: what lies before it was dealt with, and must not be done twice.
    """
    results = 0
    for item in reversed(items):
        kind = item.get("type", "message")
        if _is_result(kind):
            results += 1
        elif kind == "compaction":
            break
        elif kind == "message" and item.get("role") == "user":
            return text_of(item.get("content")), results
    return "", results


def _offered(body: Mapping[str, object], items: Sequence[Mapping[str, object]]) -> dict[str, Tool]:
    """Tools by name: at the top, in namespaces, and inside the input as newer Codex sends them."""
    out: dict[str, Tool] = {}
    _gather(listing(body.get("tools")), "", out)
    for item in items:
        if item.get("type") in ("additional_tools", "tool_search_output"):
            _gather(listing(item.get("tools")), "", out)
    return out


def _gather(tools: Sequence[object], namespace: str, out: dict[str, Tool]) -> None:
    for raw in tools:
        tool = mapping(raw)
        name = tool.get("name")
        if not isinstance(name, str):
            continue
        if tool.get("type") == "namespace":
            # Codex calls the namespace "functions" the root: its tools are called by their bare names.
            _gather(listing(tool.get("tools")), "" if name == "functions" else name, out)
        else:
            out[name] = Tool(name, tool.get("type") == "custom", namespace, tool.get("parameters"))


def _forced(body: Mapping[str, object]) -> str:
    choice = body.get("tool_choice")
    if choice == "required":
        return "*"
    spec = mapping(choice)
    return str(spec.get("name", "")) if spec.get("type") in ("function", "custom") else ""


def _schema(form: Mapping[str, object]) -> object:
    if form.get("type") == "json_object":
        return {"type": "object", "properties": {"answer": {"type": "string"}}}
    return form.get("schema") if form.get("type") == "json_schema" else None
