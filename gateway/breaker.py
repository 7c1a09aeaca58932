"""What in a request broke its thread's prefix, as a word for the ledger; `pointsman lint-prompts` adds up their dollars."""

from msgspec import Raw

from cache.breakers import in_instructions, set_of
from cache.fingerprint import PREAMBLE, Fingerprint
from cache.types import Freshness, ThreadRecord
from gateway.dialects.ask import Ask

_REASONING = (b'"type":"reasoning"', b'"type": "reasoning"')


def breaker(freshness: Freshness, ask: Ask, print_: Fingerprint, record: ThreadRecord | None, now: float) -> str:
    """The word; empty where nothing is broken, or somebody meant it (a compaction, a fork)."""
    if freshness.state != "broken" or record is None:
        return ""
    if freshness.reason == "tools_changed":
        now_set = set_of(tools_of(ask))
        return "tools_reordered" if now_set and now_set == record.tool_set else "tools_changed"
    if freshness.reason == "system_changed":
        kind = in_instructions(_instructions(ask, print_), now)
        return f"{kind}_in_system" if kind else "system_changed"
    if freshness.reason == "settings_changed":
        return freshness.reason
    if freshness.reason != "prefix_changed":
        return ""
    return "reasoning_dropped" if _drops_reasoning(ask) else "history_edited"


def tools_of(ask: Ask) -> Raw | None:
    """The tools that are offered, under either name."""
    return ask.fields.get("tools") or ask.fields.get("functions")


def _instructions(ask: Ask, print_: Fingerprint) -> list[bytes]:
    """The system prompt, wherever it stands."""
    found = [bytes(raw) for name in ("system", "instructions") if (raw := ask.fields.get(name)) is not None]
    return found + [bytes(turn) for turn in print_.turns[: print_.lead - PREAMBLE + 1]]


def _drops_reasoning(ask: Ask) -> bool:
    """A Responses request that asks for reasoning, goes on after an answer, and sends none of it back."""
    if ask.dialect != "responses" or "reasoning" not in ask.fields:
        return False
    if b'"role":"assistant"' not in ask.body and b"_call" not in ask.body:
        return False
    return not any([mark in ask.body for mark in _REASONING])
