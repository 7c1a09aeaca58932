"""What in a prompt can be read only by the model, or at the account, that made it: such a thread is not moved.

Encrypted reasoning and compacted histories of Responses, signed thinking of Messages, and prompts that lie at the provider.
A search of the whole prompt, so it is asked for only when a thread might move.
"""

from gateway.dialects.ask import Ask

_RESPONSES = ((b'"encrypted_content":"', "encrypted_reasoning"), (b'"encrypted_content": "', "encrypted_reasoning"))
_COMPACTED = (b'"type":"compaction"', b'"type": "compaction"', b'"type":"compaction_summary"')
_SIGNED = (b'"signature":"', b'"signature": "')
_KEPT = ("previous_response_id", "conversation")


def opaque(ask: Ask) -> str:
    """The first thing found that binds: a word, empty where nothing does."""
    body = ask.body
    if ask.dialect == "messages":
        return "signed_thinking" if any([mark in body for mark in _SIGNED]) else ""
    if ask.dialect != "responses":
        return ""
    if any([(raw := ask.fields.get(name)) is not None and bytes(raw) != b"null" for name in _KEPT]):
        return "stored_response"
    if any([mark in body for mark in _COMPACTED]):
        return "compaction"
    return next((word for mark, word in _RESPONSES if mark in body), "")
