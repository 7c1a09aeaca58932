"""A request that reads a prompt's cache and asks for next to nothing: the same bytes with a few members set otherwise.

What is cached (tools, system, messages) stays as it was sent, byte for byte, and so does every setting that parts caches.

Messages: `max_tokens: 0` fills or renews the cache without an answer; it is refused with thinking, an output format or a
forced tool choice, where one token is asked for instead (Anthropic, "Prompt caching", Pre-warming). With a thinking budget
`max_tokens` has to be larger than that, so there is no cheap ping. Responses: `prompt_cache_options.prewarm`, which models
since GPT-5.6 know (OpenAI's API reference, "Create a response"). Chat completions have no such thing.
"""

from collections.abc import Mapping

import msgspec
from msgspec import Raw

from gateway.dialects.ask import Ask, Edit, members, splice, text

PREWARMED = "openai since gpt-5.6"
"""The family of cache rules (`cache.providers`) whose models know `prewarm`."""


def ping_of(ask: Ask, family: str) -> bytes | None:
    """The ping for a request as it was sent to its upstream; None where there is none."""
    values = changed(ask, family)
    return None if values is None else _with(ask, values)


def changed(ask: Ask, family: str) -> Mapping[str, bytes] | None:
    """The members a ping sets otherwise; None where there is no ping for a request."""
    if ask.endpoint == "messages" and family == "anthropic":
        return _messages(ask)
    if ask.endpoint == "responses" and family == PREWARMED:
        return _responses(ask)
    return None


def _messages(ask: Ask) -> Mapping[str, bytes] | None:
    thinking = text(members(ask.fields.get("thinking", Raw(b"{}"))).get("type", Raw(b'""')))
    if thinking == "enabled":
        return None
    choice = text(members(ask.fields.get("tool_choice", Raw(b"{}"))).get("type", Raw(b'""')))
    config = members(ask.fields.get("output_config", Raw(b"{}")))
    answers = thinking == "adaptive" or choice in ("any", "tool") or "format" in config or "output_format" in ask.fields
    return {"max_tokens": b"1" if answers else b"0", "stream": b"false"}


def _responses(ask: Ask) -> Mapping[str, bytes] | None:
    if bytes(ask.fields.get("background", Raw(b"false"))) == b"true":
        return None
    options = members(ask.fields.get("prompt_cache_options", Raw(b"{}")))
    values = {"prompt_cache_options": msgspec.json.encode({**options, "prewarm": True}), "store": b"false"}
    if ask.stream:
        values["stream"] = b"false"
        if "stream_options" in ask.fields:
            values["stream_options"] = b"null"
    return values


def _with(ask: Ask, values: Mapping[str, bytes]) -> bytes:
    """The body with these members set: written over where they are, beside the model where they are not."""
    edits: list[Edit] = []
    beside = b""
    for name, value in values.items():
        place = ask.span(name)
        if place is not None:
            edits.append((*place, value))
        else:
            beside += b',"%b":%b' % (name.encode(), value)
    if beside:
        _, end = ask.span("model") or (0, 0)
        edits.append((end, end, beside))
    return splice(ask.body, edits)
