"""A provider's own word on why a prompt cache missed, in the words this gateway has for it.

The reasons are those of OpenAI's `prompt_cache_diagnostics` and Anthropic's `diagnostics` (their API references). Both
compare the structure of two requests: they tell what changed, never that time ran out. And they do not tell all apart: to
OpenAI instructions are input, and to either a forked history is a changed one.
"""

from cache.types import Freshness

UNCHANGED = "unchanged"
NOT_FOUND = "not_found"
"""The earlier answer is not known there (any more)."""
UNSEEN = "unseen"
"""This gateway could not compare the prompt with the one before."""
_NO_CAUSE = (UNCHANGED, NOT_FOUND)

_OPENAI = {
    "model_changed": "model_changed",
    "prompt_cache_key_changed": "affinity",
    "tools_changed": "tools_changed",
    "text_format_changed": "settings_changed",
    "reasoning_effort_changed": "settings_changed",
    "verbosity_changed": "settings_changed",
    "service_tier_changed": "settings_changed",
    "context_compacted": "compacted",
    "input_changed": "input_changed",
}
_OPENAI_TYPES = {"cache_hit": UNCHANGED, "comparison_response_not_found": NOT_FOUND}
_ANTHROPIC = {
    "model_changed": "model_changed",
    "system_changed": "system_changed",
    "tools_changed": "tools_changed",
    "messages_changed": "prefix_changed",
    "previous_message_not_found": NOT_FOUND,
}
_HOLDS = {
    "input_changed": frozenset(("system_changed", "prefix_changed", "compacted", "forked")),
    "prefix_changed": frozenset(("compacted", "forked")),
}
"""What our words say more precisely than the provider's."""


def of_responses(said: object) -> str:
    """OpenAI's word; empty where it gave none that says something."""
    if not isinstance(said, dict):
        return ""
    kind = said.get("type")
    if kind == "cache_miss":
        return _known(_OPENAI, said.get("reason"))
    return _known(_OPENAI_TYPES, kind)


def of_messages(said: object) -> str:
    """Anthropic's word. Null says that nothing changed, if somebody asked; a reason of null that it is not yet known."""
    if said is None:
        return UNCHANGED
    reason = said.get("cache_miss_reason") if isinstance(said, dict) else None
    return _known(_ANTHROPIC, reason.get("type")) if isinstance(reason, dict) else ""


def agreed(theirs: str, ours: str) -> str:
    """The provider's word, or ours where it means the same more precisely."""
    if ours in _HOLDS.get(theirs, ()):
        return ours
    return "prefix_changed" if theirs == "input_changed" else theirs


def cause_in(word: str) -> str:
    """The cause of a miss that a word names; empty where it names none."""
    return "" if word in _NO_CAUSE else word


def our_word(freshness: Freshness, seen: bool) -> str:
    """What this gateway found changed, before it asked; `seen` if it could compare the prompt with the one before."""
    if freshness.state == "broken" or freshness.reason == "model_changed":
        return freshness.reason
    return UNCHANGED if seen else UNSEEN


def _known(words: dict[str, str], word: object) -> str:
    return words.get(word, "") if isinstance(word, str) else ""
