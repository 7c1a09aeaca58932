"""Whose turn it is, told from the end of the raw prompt: nothing is parsed for it."""

from collections.abc import Sequence

from msgspec import Raw

from gateway.dialects.ask import Ask

HEAD_BYTES = 400
"""Where an item says what it is, from its beginning; what comes after is text of any length."""
MOVED_BYTES = 96
"""What a cache marker adds to an item beyond its fingerprint's size. In Messages the item before is the model's own."""
END_BYTES = 3
"""What closes the list."""
_RESULTS = (b'"tool_result"', b'_output"', b'"role":"tool"', b'"role": "tool"', b'"role":"function"')
"""How results of tools call themselves. With their quotes they cannot lie inside a JSON string."""


def is_persons(ask: Ask, sizes: Sequence[int]) -> bool:
    """Whether a person's message ends the prompt; `sizes` are those of its fingerprint, whose last step is the newest item.

    An item that names its kind after a long text counts as a person's.
    """
    listing: Raw | None = ask.fields.get("input" if ask.dialect == "responses" else "messages")
    if listing is None:
        return True
    last_bytes = sizes[-1] - sizes[-2]
    view = memoryview(listing)
    start = max(0, len(view) - last_bytes - (MOVED_BYTES if ask.dialect == "messages" else END_BYTES))
    head = bytes(view[start : start + MOVED_BYTES + HEAD_BYTES])
    return not any([word in head for word in _RESULTS])
