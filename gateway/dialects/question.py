"""The question why a prompt cache missed, as each vendor's API takes it: an earlier answer's id, written into the body.

OpenAI's Responses take it in `prompt_cache_options.comparison_response_id`, Anthropic's Messages in
`diagnostics.previous_message_id` (their API references). It changes nothing of the prompt, so nothing of its cache.
"""

import msgspec

from gateway.dialects.ask import Ask, Edit, members, text

_HOLDERS = {"responses": "prompt_cache_options", "messages": "diagnostics"}
_NAMES = {"responses": "comparison_response_id", "messages": "previous_message_id"}
_NOTHING = msgspec.Raw(b"null")


def question_edits(ask: Ask, earlier: str) -> list[Edit]:
    """What to insert to have this request compared with an earlier answer's; nothing where the client asks by itself."""
    name = _HOLDERS.get(ask.dialect)
    if name is None or ask.endpoint != ask.dialect or asks_itself(ask):
        return []
    id_ = msgspec.json.encode(earlier)
    place = ask.span(name)
    if ask.dialect == "messages":
        return _first_member(ask, b'"diagnostics":{"previous_message_id":%b}' % id_) if place is None else []
    asked = b'"comparison_response_id":%b' % id_
    if place is None:
        return _first_member(ask, b'"prompt_cache_options":{%b}' % asked)
    given = bytes(ask.fields[name])
    if given == b"null":
        return [(*place, b"{%b}" % asked)]
    if not given.startswith(b"{"):
        return []
    after = place[0] + 1
    return [(after, after, asked + (b"," if members(ask.fields[name]) else b""))]


def asks_itself(ask: Ask) -> bool:
    """Whether the client has put the question, or has said that it has none."""
    if ask.dialect == "messages":
        return "diagnostics" in ask.fields
    given = ask.fields.get("prompt_cache_options") if ask.dialect == "responses" else None
    return given is not None and _NAMES["responses"] in members(given)


def compares(ask: Ask) -> bool:
    """Whether the client itself names an answer to compare with."""
    given = ask.fields.get(_HOLDERS.get(ask.dialect, ""))
    return given is not None and bool(text(members(given).get(_NAMES[ask.dialect], _NOTHING)))


def _first_member(ask: Ask, member: bytes) -> list[Edit]:
    """The member before all others; there are others, for every request names a model."""
    after = ask.body.index(b"{") + 1
    return [(after, after, member + b",")]
