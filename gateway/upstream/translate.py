"""What of a caller's request is translated, and how LiteLLM is asked: bodies and values in, values out.

Nothing passes that is not on a list here: LiteLLM takes its own settings from the same arguments as the request (another
base URL for our key, callbacks, mock answers), and a caller must not reach those. What is lost on the way is in
docs/reference/translation.md; what cannot go without changing the answer's meaning is refused.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from gateway.dialects.edits import BILLING_MARK
from gateway.upstream.marks import marked
from gateway.upstream.tools import TRANSLATED, object_of
from gateway.wire.types import Headers, Translate

Shape = Literal["chat", "responses", "messages"]
Fields = dict[str, Any]


class NotTranslatable(Exception):
    """This request means something an upstream of another dialect cannot do."""


CHAT = frozenset(
    "messages tools tool_choice parallel_tool_calls max_tokens max_completion_tokens temperature top_p top_k stop seed "
    "response_format reasoning_effort thinking presence_penalty frequency_penalty logit_bias".split()
)
"""Members of a chat request that are sent on."""
_RESPONSES = frozenset(
    "instructions tools tool_choice parallel_tool_calls max_output_tokens temperature top_p reasoning text".split()
)
_MESSAGES = frozenset(
    "messages system tools tool_choice max_tokens temperature top_p top_k stop_sequences thinking output_config".split()
)
_ELSEWHERE = ("previous_response_id", "conversation", "prompt")
"""Members of a Responses body that stand for content only its own provider holds."""
_ITEMS = frozenset(
    "message function_call function_call_output custom_tool_call custom_tool_call_output reasoning".split()
)
_SEALED_ITEMS = frozenset("item_reference compaction compaction_summary compaction_trigger".split())
"""Items that stand for a conversation only its own provider can read, or ask it for one."""
_BLOCKS = frozenset("text image document tool_use tool_result thinking redacted_thinking".split())
_SEALED_BLOCKS = frozenset(("compaction",))
_CARRIED = frozenset(
    (b"x-session-id", b"x-session-affinity", b"session-id", b"thread-id", b"x-client-request-id", b"x-pointsman-request-id")
)
"""Headers that steer an upstream's prompt cache; all others belong to the caller's dialect."""
_EFFORTS = {"max": "high", "xhigh": "high"}
"""Efforts only their inventors know, as the highest that chat-only servers do."""
_BILLING = BILLING_MARK.decode()


def shape_of(translate: Translate, asked: Fields) -> Shape:
    """What the body really is: Cursor posts Responses bodies to the chat endpoint."""
    crossed = translate.dialect == "chat" and "input" in asked and "messages" not in asked
    return "responses" if crossed else translate.dialect


def settings(translate: Translate, headers: Headers) -> Fields:
    """How LiteLLM is to call the upstream; retries and its own gateways off."""
    anthropic = translate.speaks == "messages"
    return {
        "model": translate.model,
        "custom_llm_provider": "anthropic" if anthropic else "openai",
        "api_key": translate.key or "none",
        "api_base": f"{translate.base_url}/messages" if anthropic else translate.base_url,
        "num_retries": 0,
        "max_retries": 0,
        "drop_params": True,
        "extra_headers": {name.decode(): value.decode("latin-1") for name, value in headers if name in _CARRIED},
        "_skip_mcp_handler": True,
        "_skip_responses_api_bridge": True,
    }


def readable(translate: Translate, asked: Fields) -> Fields:
    """The caller's request as far as it is translated. Raises `NotTranslatable`."""
    shape = shape_of(translate, asked)
    if translate.speaks == "messages":
        _refuse_plain_urls(asked.get("messages" if shape != "responses" else "input"))
    if shape == "responses":
        return _responses(asked)
    if shape == "messages":
        return _messages(asked)
    kept = _only(asked, CHAT)
    kept["tools"] = [tool for tool in _objects(asked.get("tools")) if tool.get("type") == "function"]
    return _without_empty_tools(kept)


def settled(translate: Translate, chat: Mapping[str, Any], asked: Mapping[str, Any]) -> Fields:
    """The chat request LiteLLM is given: chat's own members and no others, whatever its bridges added."""
    request = _only({name: value for name, value in chat.items() if value is not None}, CHAT)
    effort = request.get("reasoning_effort")
    if isinstance(effort, dict):
        effort = effort.get("effort")
    if translate.speaks == "chat":
        unknown = ("thinking_blocks", "cache_control", *(("reasoning_content",) if translate.provider == "openai" else ()))
        request["messages"] = [_chat_message(message, unknown) for message in request.get("messages") or ()]
        effort = _EFFORTS.get(str(effort), effort) if translate.provider != "openai" else effort
        if "tools" in request:
            request["tools"] = [_unmarked(tool) for tool in request["tools"]]
        request.pop("thinking", None)
    else:
        request["messages"] = [_messages_message(message) for message in marked(request)]
    if effort is not None:
        request["reasoning_effort"] = effort
    key = asked.get("prompt_cache_key") or chat.get("prompt_cache_key")
    if translate.provider == "openai" and isinstance(key, str):
        request["prompt_cache_key"] = key
    if translate.stream:
        request |= {"stream": True, "stream_options": {"include_usage": True}}
    return request


# Responses


def _responses(asked: Fields) -> Fields:
    for name in _ELSEWHERE:
        if asked.get(name) is not None:
            raise NotTranslatable(f"{name} refers to what another provider holds; send the whole conversation")
    if asked.get("background"):
        raise NotTranslatable("this model's upstream cannot answer in the background")
    items = asked.get("input")
    tools = list(_objects(asked.get("tools")))
    if isinstance(items, list):
        for item in _objects(items):  # Codex for GPT-6 puts its tools into the input
            if item.get("type") == "additional_tools":
                tools += _objects(item.get("tools"))
        items = list(_items(items))
    kept = {**_only(asked, _RESPONSES), "input": items}
    kept["tools"] = [tool for tool in tools if tool.get("type") in TRANSLATED]
    kept["tool_choice"] = _choice(asked.get("tool_choice"))
    return _without_empty_tools(kept)


def _items(items: list[Any]) -> Iterator[Any]:
    for item in items:
        kind = item.get("type", "message") if isinstance(item, dict) else ""
        if kind in _SEALED_ITEMS:
            raise NotTranslatable(f"an input item of type {kind} means something to its own provider only")
        if kind in _ITEMS:
            yield item


def _choice(choice: Any) -> Any:
    """A tool choice a chat upstream can follow: a word, or one function by name."""
    if isinstance(choice, str) or choice is None:
        return choice
    if isinstance(choice, dict) and choice.get("type") in ("function", "custom") and choice.get("name"):
        return {"type": "function", "name": choice["name"]}
    return "auto"


# Messages


def _messages(asked: Fields) -> Fields:
    kept = _only(asked, _MESSAGES)
    kept["tools"] = [tool for tool in _objects(asked.get("tools")) if tool.get("type") in (None, "custom")]
    kept["messages"] = [_message(message) for message in asked.get("messages") or ()]
    system = asked.get("system")
    if isinstance(system, list) and system and _BILLING in str(system[0])[:200]:
        kept["system"] = system[1:]
    metadata = asked.get("metadata")
    if isinstance(metadata, dict):
        kept["metadata"] = metadata
    return _without_empty_tools(kept)


def _message(message: Any) -> Any:
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(content, list):
        return message
    return {**message, "content": [block for block in _objects(content) if _is_carried(block)]}


def _is_carried(block: Fields) -> bool:
    kind = block.get("type")
    if kind in _SEALED_BLOCKS:
        raise NotTranslatable(f"a content block of type {kind} means something to its own provider only")
    if kind == "thinking":
        return not block.get("signature")  # signed thinking is another vendor's; unsigned came from an upstream like this
    return kind in _BLOCKS and kind != "redacted_thinking"


# chat


def _chat_message(message: Any, unknown: tuple[str, ...]) -> Any:
    """A message as servers accept it that refuse members they do not know."""
    if not isinstance(message, dict):
        return message
    kept = {name: value for name, value in message.items() if name not in unknown}
    if isinstance(content := kept.get("content"), list):
        kept["content"] = [_unmarked(part) for part in content]
    if "tool_calls" in kept:
        kept["tool_calls"] = [_without(call, "index") for call in _objects(kept["tool_calls"])]
    return kept


def _messages_message(message: Any) -> Any:
    """A message whose tool calls Anthropic can hold: it has no arguments but objects, and a model may have made others."""
    if not isinstance(message, dict) or not message.get("tool_calls"):
        return message
    return {**message, "tool_calls": [_with_object(call) for call in _objects(message["tool_calls"])]}


def _with_object(call: Fields) -> Fields:
    function = call.get("function")
    arguments = function.get("arguments") if isinstance(function, dict) else None
    if not isinstance(function, dict) or not isinstance(arguments, str):
        return call
    made = msgspec.json.encode(object_of(arguments)).decode()
    return {**call, "function": {**function, "arguments": made}}


def _unmarked(part: Any) -> Any:
    return _without(part, "cache_control")


def _refuse_plain_urls(value: Any) -> None:
    """LiteLLM would fetch an image at an http:// address itself, from inside our network."""
    waiting = [value]
    while waiting:
        at = waiting.pop()
        if isinstance(at, dict):
            waiting += at.values()
            for name in ("url", "image_url", "file_url", "file_data", "file_id", "data"):
                address = at.get(name)
                if isinstance(address, str) and address.lstrip()[:5].lower() == "http:":
                    raise NotTranslatable("content at an http:// address; send it inline, or by https://")
        elif isinstance(at, list):
            waiting += at


# any


def _only(fields: Mapping[str, Any], names: frozenset[str]) -> Fields:
    return {name: value for name, value in fields.items() if name in names}


def _without(value: Any, name: str) -> Any:
    return {key: each for key, each in value.items() if key != name} if isinstance(value, dict) and name in value else value


def _objects(value: Any) -> list[Fields]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _without_empty_tools(fields: Fields) -> Fields:
    """A choice among no tools is an error to most servers."""
    if fields.get("tools"):
        return fields
    return {name: value for name, value in fields.items() if name not in ("tools", "tool_choice", "parallel_tool_calls")}


def decoded(body: bytes) -> Fields:
    """The body as plain values; it was found to be a JSON object before."""
    asked: Fields = msgspec.json.decode(body)
    return asked
