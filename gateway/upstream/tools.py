"""What a Responses caller's tools are called by an upstream that knows functions only, and what they are called back.

LiteLLM's translation writes a tool `read` of the namespace `fs` as `fs__read`, and a tool with a grammar, whatever its
namespace, as a function of its own name whose one argument, `content`, is a string.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

TRANSLATED = frozenset(("function", "custom", "namespace"))
"""Kinds of tools a function can stand for; the others run at the vendor."""
_CONTENT = "content"


class Names(Struct, frozen=True):
    """How to read a called function's name."""

    spaces: Mapping[str, tuple[str, str]]
    """Namespace and name of functions that have one."""
    custom: Mapping[str, str]
    """The namespace, often empty, of each tool with a grammar."""

    def of(self, called: str) -> tuple[str, str]:
        """Namespace and name of the tool behind a called function."""
        return (self.custom[called], called) if called in self.custom else self.spaces.get(called, ("", called))


def names(tools: Sequence[Any]) -> Names:
    """The names behind these tools of a Responses request."""
    spaces: dict[str, tuple[str, str]] = {}
    custom: dict[str, str] = {}
    for space, tool in _each(tools):
        name = tool.get("name")
        if not isinstance(name, str):
            continue
        if tool.get("type") == "custom":
            custom[name] = space
        elif space:
            spaces[f"{space}__{name}"] = (space, name)
    return Names(spaces=spaces, custom=custom)


def content_of(arguments: str) -> str:
    """The input of a tool with a grammar, out of the arguments of the function that stands for it."""
    try:
        value = msgspec.json.decode(arguments)
    except msgspec.DecodeError:
        return arguments
    content = value.get(_CONTENT) if isinstance(value, dict) else None
    return content if isinstance(content, str) else arguments


def object_of(arguments: str) -> dict[str, Any]:
    """A call's arguments as Anthropic has them, an object always; what is none is kept under a name of its own."""
    try:
        value = msgspec.json.decode(arguments or "{}")
    except msgspec.DecodeError:
        return {"input": arguments}
    return value if isinstance(value, dict) else {"input": value}


def _each(tools: Sequence[Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for tool in tools:
        if not isinstance(tool, Mapping):
            continue
        if tool.get("type") == "namespace":
            for inner in tool.get("tools") or ():
                if isinstance(inner, Mapping):
                    yield str(tool.get("name") or ""), inner
        else:
            yield "", tool
