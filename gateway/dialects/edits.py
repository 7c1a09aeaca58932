"""The few places where the upstream gets other bytes than the client sent.

The model's name, always where it differs; the reasoning effort, where the config sets one for a route; usage reporting,
where a streaming client did not ask for it and we must count; and one block that only Anthropic understands. Everything
else passes as it came (ADR 0003).
"""

import msgspec
from msgspec import Raw

from gateway.dialects.ask import Ask, Edit, is_crossed, items, members, splice

BILLING_MARK = b"x-anthropic-billing-header"
"""Claude Code's first system block; it differs per conversation, so to anyone else it only breaks prefix reuse."""
_USAGE_ON = b'{"include_usage":true}'


def edits_for(ask: Ask, upstream_model: str, provider: str, effort: str = "") -> tuple[list[Edit], bool]:
    """What to change in the body for this upstream, and whether the usage chunk must be hidden from the client."""
    edits, beside = _effort_edits(ask, effort) if effort else ([], b"")
    asked = _asks_for_usage(ask)
    if asked is not None:
        if (options := ask.span("stream_options")) is not None:
            edits.append((*options, asked))
        else:
            beside += b',"stream_options":' + asked
    if beside or upstream_model != ask.model:
        edits.append(_model_edit(ask, upstream_model, beside))
    if ask.dialect == "messages" and provider != "anthropic":
        edits += _without_billing(ask)
    return edits, asked is not None


def with_effort(ask: Ask, effort: str) -> bytes:
    """The body with this reasoning effort and nothing else changed, for a request that is translated afterwards."""
    edits, beside = _effort_edits(ask, effort)
    return splice(ask.body, [*edits, _model_edit(ask, ask.model, beside)] if beside else edits)


def _effort_edits(ask: Ask, effort: str) -> tuple[list[Edit], bytes]:
    """Edits that set the reasoning effort, and the member to write beside the model where there is none yet.

    Chat has it at the top (`reasoning_effort`), Responses in `reasoning`, Messages in `output_config`, each by its API's
    reference; what else these objects hold stays.
    """
    value = msgspec.json.encode(effort)
    shape = "responses" if is_crossed(ask) else ask.dialect
    if shape == "chat":
        name = "reasoning_effort"
    else:
        name = "reasoning" if shape == "responses" else "output_config"
        value = msgspec.json.encode({**members(ask.fields.get(name, Raw(b"{}"))), "effort": effort})
    place = ask.span(name)
    if place is None:
        return [], b',"%b":%b' % (name.encode(), value)
    return [(*place, value)], b""


def _model_edit(ask: Ask, upstream_model: str, beside: bytes) -> Edit:
    """The model's name, written anew only where it differs, and what is added after it."""
    place = ask.span("model")
    assert place is not None, "every request names a model"
    name = msgspec.json.encode(upstream_model) if upstream_model != ask.model else bytes(ask.fields["model"])
    return (*place, name + beside)


def hides_usage(ask: Ask) -> bool:
    """Whether the final usage chunk of a stream is ours alone: the client did not ask for it."""
    return _asks_for_usage(ask) is not None


def _asks_for_usage(ask: Ask) -> bytes | None:
    """The `stream_options` to send when the client's would leave us without usage, else None."""
    if not ask.stream or ask.endpoint not in ("chat", "completions"):
        return None
    options = ask.fields.get("stream_options")
    if options is None or bytes(options) == b"null":
        return _USAGE_ON
    given = members(options)
    if bytes(given.get("include_usage", Raw(b"false"))) == b"true":
        return None
    kept = {name: value for name, value in given.items() if name != "include_usage"}
    return msgspec.json.encode({**kept, "include_usage": True})


def _without_billing(ask: Ask) -> list[Edit]:
    system = ask.fields.get("system")
    span = ask.span("system")
    if system is None or span is None:
        return []
    blocks = items(system)
    if not blocks or BILLING_MARK not in bytes(blocks[0])[:200]:
        return []
    start, end = span
    first = ask.body.index(bytes(blocks[0]), start, end)
    after = first + len(blocks[0])
    if len(blocks) > 1:
        after = ask.body.index(bytes(blocks[1])[:1], after, end)
    return [(first, after, b"")]
