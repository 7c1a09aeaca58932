"""Members beside the prompt that decide whether a cache can be used: settings that divide it, and prompts kept elsewhere.

An entry made with one reasoning effort is not read with another (OpenAI names `reasoning_effort_changed`,
`verbosity_changed`, `text_format_changed`, `service_tier_changed`; Anthropic thinking, effort and tool choice). Only what
is named there counts; a summary or a display option may change freely.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec
from msgspec import Raw, Struct
from xxhash import xxh3_64_hexdigest

_RAW: Mapping[str, tuple[str, ...]] = {
    "chat": ("reasoning_effort", "verbosity", "response_format", "service_tier"),
    "responses": ("text", "service_tier"),
    "messages": ("tool_choice", "speed"),
}
"""Members that count as they are written."""
_WITHIN: Mapping[str, tuple[str, ...]] = {
    "chat": (),
    "responses": ("reasoning",),
    "messages": ("thinking", "output_config"),
}
"""Members of which only some settings count."""


NONE = "-"
"""Not empty, which is what a record says that knows nothing of settings."""


class _Told(Struct):
    effort: str | None = None
    type: str | None = None
    budget_tokens: int | None = None


_told = msgspec.json.Decoder(_Told)


def settings_of(dialect: Literal["chat", "responses", "messages"], fields: Mapping[str, Raw]) -> str:
    """A digest of the settings that divide caches; `NONE` where a request has none of them."""
    said = [b"%b=%b" % (name.encode(), bytes(raw)) for name in _RAW[dialect] if (raw := fields.get(name)) is not None]
    for name in _WITHIN[dialect]:
        raw = fields.get(name)
        if raw is None:
            continue
        try:
            told = _told.decode(raw)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            continue
        said.append(f"{name}={told.effort},{told.type},{told.budget_tokens}".encode())
    return xxh3_64_hexdigest(b"\n".join(said)) if said else NONE


def goes_on(dialect: Literal["chat", "responses", "messages"], fields: Mapping[str, Raw]) -> bool:
    """Whether the request builds on a prompt that the provider keeps (OpenAI API reference, Responses)."""
    if dialect != "responses":
        return False
    kept = (fields.get("previous_response_id"), fields.get("conversation"))
    return any(raw is not None and bytes(raw) != b"null" for raw in kept)
