"""Reads an OpenAI Chat Completions request, and the older text completions and embeddings."""

from collections.abc import Mapping, Sequence

from gateway.simulator.prompt import (
    Block,
    Prompt,
    Refused,
    Tool,
    block,
    digest,
    listing,
    mapping,
    name_of,
    text_of,
    whole,
)

_TURNS = frozenset({"user", "tool", "function"})


def read(body: Mapping[str, object]) -> Prompt:
    """Read one Chat Completions body; raises `Refused` where there is nothing to answer."""
    model = name_of(body)
    messages = listing(body.get("messages"))
    if not messages:
        raise Refused(400, "invalid_request_error", "Missing required parameter: 'messages'.")
    tools = _tools(body)
    user_text, results = _newest(messages)
    options = mapping(body.get("prompt_cache_options"))
    limit = whole(body.get("max_completion_tokens"))
    return Prompt(
        model=model,
        blocks=[block("tools", tool, "tools") for tool in listing(body.get("tools"))] + _conversation(messages),
        scope={
            "tools": digest(body.get("tools")),
            "text_format": digest(body.get("response_format")),
            "reasoning_effort": digest(body.get("reasoning_effort")),
            "verbosity": digest(body.get("verbosity")),
            "service_tier": digest(body.get("service_tier")),
            "prompt_cache_key": digest(body.get("prompt_cache_key")),
        },
        stream=body.get("stream") is True,
        max_tokens=limit if limit is not None else whole(body.get("max_tokens")),
        user_text=user_text,
        results=results,
        tools=tools,
        forced=_forced(body),
        schema=_schema(body),
        include_usage=mapping(body.get("stream_options")).get("include_usage") is True,
        cache={"options": options, "retention": body.get("prompt_cache_retention")},
        echo=body,
    )


def read_completion(body: Mapping[str, object]) -> Prompt:
    """Read one text completion; its prompts are never cached."""
    model = name_of(body)
    prompt = body.get("prompt", "")
    texts = [prompt] if isinstance(prompt, str) else listing(prompt)
    return Prompt(
        model=model,
        blocks=[block("messages", text, "user") for text in texts],
        scope={},
        stream=body.get("stream") is True,
        max_tokens=whole(body.get("max_tokens")),
        user_text="\n".join(text for text in texts if isinstance(text, str)),
        include_usage=mapping(body.get("stream_options")).get("include_usage") is True,
        echo=body,
    )


def read_embedding(body: Mapping[str, object]) -> Prompt:
    """Read one embeddings request: a block for each input to embed."""
    model = name_of(body)
    given = body.get("input")
    if not given or not isinstance(given, str | list):
        raise Refused(400, "invalid_request_error", "Missing required parameter: 'input'.")
    one_only = isinstance(given, str) or all(isinstance(one, int) for one in given)
    inputs = [given] if one_only else listing(given)
    return Prompt(model=model, blocks=[block("messages", one, "user") for one in inputs], scope={}, echo=body)


def _conversation(messages: Sequence[object]) -> list[Block]:
    out: list[Block] = []
    for raw in messages:
        message = mapping(raw)
        role = str(message.get("role", ""))
        content = message.get("content")
        parts = [content] if isinstance(content, str) else listing(content)
        calls = listing(message.get("tool_calls"))
        ends = role in _TURNS
        total = len(parts) + len(calls)
        for place, part in enumerate([*parts, *calls], start=1):
            out.append(block("messages", part, role, marker(part), ends and place == total))
    return out


def marker(part: object) -> str:
    """`yes` on a block with an explicit breakpoint (OpenAI's lifetime is set for the request, not the block)."""
    return "yes" if isinstance(mapping(part).get("prompt_cache_breakpoint"), dict) else ""


def _newest(messages: Sequence[object]) -> tuple[str, int]:
    """Text of the newest user turn, and how many tool results came after it."""
    results = 0
    for raw in reversed(messages):
        message = mapping(raw)
        role = message.get("role")
        if role in ("tool", "function"):
            results += 1
        elif role == "user":
            return text_of(message.get("content")), results
    return "", results


def _tools(body: Mapping[str, object]) -> dict[str, Tool]:
    out = {}
    for raw in listing(body.get("tools")):
        tool = mapping(raw)
        custom = tool.get("type") == "custom"
        spec = mapping(tool.get("custom" if custom else "function"))
        name = spec.get("name")
        if isinstance(name, str):
            out[name] = Tool(name, custom=custom, schema=spec.get("parameters"))
    return out


def _forced(body: Mapping[str, object]) -> str:
    choice = body.get("tool_choice")
    if choice == "required":
        return "*"
    spec = mapping(choice)
    return str(mapping(spec.get("function") or spec.get("custom")).get("name", ""))


def _schema(body: Mapping[str, object]) -> object:
    form = mapping(body.get("response_format"))
    if form.get("type") == "json_object":
        return {"type": "object", "properties": {"answer": {"type": "string"}}}
    return mapping(form.get("json_schema")).get("schema") if form.get("type") == "json_schema" else None
