"""Marks for Anthropic's prompt cache, which keeps nothing that it is not asked to keep (Anthropic, "Prompt caching").

A caller of another dialect has no word for it, and would pay for its whole thread with every turn. Two marks are enough:
one behind the instructions, which other threads share, and one behind the newest message, where the next turn begins to
look back. A mark costs a quarter more once; a question that nothing seems to follow gets none.
"""

from collections.abc import Iterable, Mapping
from typing import Any

Message = dict[str, Any]

MARK = {"type": "ephemeral"}
"""Kept for five minutes after its last use."""
_INSTRUCTS = ("system", "developer")


def marked(request: Mapping[str, Any]) -> list[Any]:
    """The messages of a chat request, with marks if its conversation goes on and its caller has set none."""
    messages = list(request.get("messages") or ())
    tools = request.get("tools") or ()
    goes_on = bool(tools) or any(_role(message) == "assistant" for message in messages)
    if not messages or not goes_on or _has_marks((*messages, *tools)):
        return messages
    instructions = [at for at, message in enumerate(messages) if _role(message) in _INSTRUCTS]
    for at in {*instructions[-1:], len(messages) - 1}:
        messages[at] = _with_mark(messages[at])
    return messages


def _role(message: Any) -> Any:
    return message.get("role") if isinstance(message, dict) else None


def _has_marks(values: Iterable[Any]) -> bool:
    """Whether one stands where a chat caller may set it: at a message, a part of its content, a tool or its function."""
    for value in values:
        if isinstance(value, dict):
            content = value.get("content")
            parts = content if isinstance(content, list) else ()
            for each in (value, value.get("function"), *parts):
                if isinstance(each, dict) and each.get("cache_control") is not None:
                    return True
    return False


def _with_mark(message: Any) -> Any:
    """The message with a mark at its end; as it is where there is no text to put one behind, which Anthropic refuses."""
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, str) and content.strip():
        return {**message, "cache_control": MARK}
    if not isinstance(content, list) or not content or not isinstance(last := content[-1], dict):
        return message
    if message.get("role") == "tool":
        return {**message, "cache_control": MARK}
    if last.get("type") == "text" and not str(last.get("text") or "").strip():
        return message
    return {**message, "content": [*content[:-1], {**last, "cache_control": MARK}]}
