"""The few places where the upstream gets other bytes than the client sent.

The model's name, always where it differs; usage reporting, where a streaming client did not ask for it and we must count;
and one block that only Anthropic understands. Everything else passes as it came (ADR 0003).
"""

import msgspec
from msgspec import Raw

from gateway.dialects.ask import Ask, Edit, items, members

BILLING_MARK = b"x-anthropic-billing-header"
"""Claude Code's first system block; it differs per conversation, so to anyone else it only breaks prefix reuse."""
_USAGE_ON = b'{"include_usage":true}'


def edits_for(ask: Ask, upstream_model: str, provider: str) -> tuple[list[Edit], bool]:
    """What to change in the body for this upstream, and whether the usage chunk must be hidden from the client."""
    edits: list[Edit] = []
    asked = _asks_for_usage(ask)
    model = msgspec.json.encode(upstream_model) if upstream_model != ask.model else None
    if asked is not None:
        if (options := ask.span("stream_options")) is not None:
            edits.append((*options, asked))
        else:
            name = model if model is not None else bytes(ask.fields["model"])
            model = b'%b,"stream_options":%b' % (name, asked)
    if model is not None:
        place = ask.span("model")
        assert place is not None, "every request names a model"
        edits.append((*place, model))
    if ask.dialect == "messages" and provider != "anthropic":
        edits += _without_billing(ask)
    return edits, asked is not None


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
