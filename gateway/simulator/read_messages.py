"""Reads an Anthropic Messages request: tools, then system, then messages, with the cache markers on their blocks."""

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
from gateway.simulator.tokens import has_image

MARKERS_MAX = 4
_UNMARKABLE = ("thinking", "redacted_thinking")


def read(body: Mapping[str, object]) -> Prompt:
    """Read one request body; raises `Refused` with Anthropic's words where the real endpoint would refuse."""
    model = name_of(body)
    messages = listing(body.get("messages"))
    if not messages:
        raise Refused(400, "invalid_request_error", "messages: at least one message is required")
    image = any(has_image(one) for message in messages for one in listing(mapping(message).get("content")))
    blocks = _automatic(body, [*_preamble(body), *_conversation(messages)])
    _check_markers(blocks)
    config = mapping(body.get("output_config"))
    form = mapping(config.get("format"))
    prompt = Prompt(
        model=model,
        blocks=blocks,
        scope={
            "speed": digest(body.get("speed")),
            "tools": digest(body.get("tools")),
            "system": digest(body.get("system")),
            "messages": digest([body.get("tool_choice"), body.get("thinking"), config, image]),
        },
        stream=body.get("stream") is True,
        max_tokens=whole(body.get("max_tokens")),
        user_text=_newest(messages)[0],
        results=_newest(messages)[1],
        tools=_tools(body),
        forced=_forced(body),
        schema=form.get("schema") if form.get("type") == "json_schema" else None,
        prewarm=body.get("max_tokens") == 0,
        compare="diagnostics" in body,
        compare_with=_previous(body),
        echo=body,
    )
    if prompt.prewarm:
        _check_prewarm(prompt, body)
    return prompt


def _preamble(body: Mapping[str, object]) -> list[Block]:
    out = [block("tools", tool, "tools", _ttl(tool)) for tool in listing(body.get("tools"))]
    system = body.get("system")
    parts = [system] if isinstance(system, str) and system else listing(system)
    return out + [block("system", part, "system", _ttl(part)) for part in parts]


def _conversation(messages: Sequence[object]) -> list[Block]:
    out = []
    for raw in messages:
        message = mapping(raw)
        role = str(message.get("role", ""))
        content = message.get("content")
        parts = [content] if isinstance(content, str) else listing(content)
        out += [block("messages", part, role, _ttl(part)) for part in parts]
    return out


def _automatic(body: Mapping[str, object], blocks: list[Block]) -> list[Block]:
    """A top-level `cache_control` marks the last block that can be cached (Anthropic, "Prompt caching")."""
    ttl = _ttl(body)
    if not ttl:
        return blocks
    last = len(blocks) - 1
    for raw in reversed(listing(body.get("messages"))):
        parts = mapping(raw).get("content")
        for part in reversed([parts] if isinstance(parts, str) else listing(parts)):
            if mapping(part).get("type") not in _UNMARKABLE:
                found = blocks[last]
                blocks[last] = Block(found.section, found.data, found.tokens, ttl)
                return blocks
            last -= 1
    return blocks


def _ttl(part: object) -> str:
    marker = mapping(part).get("cache_control")
    if not isinstance(marker, dict):
        return ""
    ttl = marker.get("ttl", "5m")
    if ttl not in ("5m", "1h"):
        raise Refused(400, "invalid_request_error", "cache_control.ephemeral.ttl: Input should be '5m' or '1h'")
    return str(ttl)


def _check_markers(blocks: Sequence[Block]) -> None:
    marks = [one.ttl for one in blocks if one.ttl]
    if len(marks) > MARKERS_MAX:
        raise Refused(
            400,
            "invalid_request_error",
            f"A maximum of {MARKERS_MAX} blocks with cache_control may be provided. Found {len(marks)}.",
        )
    if "5m" in marks and "1h" in marks[marks.index("5m") :]:
        raise Refused(
            400,
            "invalid_request_error",
            "cache_control.ttl: a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block. "
            "Note that blocks are processed in the following order: `tools`, `system`, `messages`.",
        )


def _check_prewarm(prompt: Prompt, body: Mapping[str, object]) -> None:
    thinking = mapping(body.get("thinking")).get("type") in ("enabled", "adaptive")
    if prompt.stream or thinking or prompt.schema is not None or prompt.forced:
        raise Refused(
            400,
            "invalid_request_error",
            "max_tokens: 0 is not supported with stream, thinking, an output format or a forced tool_choice",
        )


def _newest(messages: Sequence[object]) -> tuple[str, int]:
    """Text of the newest user turn, and how many tool results came after it."""
    results = 0
    for raw in reversed(messages):
        message = mapping(raw)
        if message.get("role") != "user":
            continue
        parts = listing(message.get("content"))
        if any(mapping(part).get("type") == "tool_result" for part in parts):
            results += 1
            continue
        return text_of(message.get("content")), results
    return "", results


def _tools(body: Mapping[str, object]) -> dict[str, Tool]:
    out = {}
    for raw in listing(body.get("tools")):
        tool = mapping(raw)
        name = tool.get("name")
        if isinstance(name, str):
            out[name] = Tool(name, schema=tool.get("input_schema"))
    return out


def _forced(body: Mapping[str, object]) -> str:
    choice = mapping(body.get("tool_choice"))
    if choice.get("type") == "any":
        return "*"
    return str(choice.get("name", "")) if choice.get("type") == "tool" else ""


def _previous(body: Mapping[str, object]) -> str | None:
    found = mapping(body.get("diagnostics")).get("previous_message_id")
    return found if isinstance(found, str) else None
