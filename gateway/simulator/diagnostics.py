"""Why a prompt cache missed, compared with an earlier answer the caller names; both vendors offer this.

Reasons from the API references: `prompt_cache_diagnostics` (OpenAI, Responses) and `diagnostics` (Anthropic, Messages).
Only the structure of two requests is compared, so a hit here does not prove one.
"""

from collections import OrderedDict
from collections.abc import Mapping

from msgspec import Struct

from gateway.simulator.prompt import Prompt, chain

SHAPES_MAX = 20_000

_OPENAI_ORDER = (
    "prompt_cache_key",
    "service_tier",
    "tools",
    "text_format",
    "verbosity",
    "reasoning_effort",
)


class Shape(Struct, frozen=True):
    """What is remembered of a request: digests, no content."""

    owner: str
    model: str
    scope: Mapping[str, bytes]
    blocks: int
    last: bytes
    tokens: int


class Shapes:
    """Shapes of the last answers by their id, bounded."""

    def __init__(self) -> None:
        self._shapes: OrderedDict[str, Shape] = OrderedDict()

    def clear(self) -> None:
        """Forget all shapes."""
        self._shapes.clear()

    def keep(self, answer_id: str, owner: str, prompt: Prompt) -> None:
        """Remember what was asked for this answer."""
        keys = chain(b"", prompt.blocks)
        last = keys[-1] if keys else b""
        self._shapes[answer_id] = Shape(owner, prompt.model, prompt.scope, len(keys), last, prompt.total_tokens)
        if len(self._shapes) > SHAPES_MAX:
            self._shapes.popitem(last=False)

    def openai(self, prompt: Prompt, owner: str, read: int) -> dict[str, object] | None:
        """`prompt_cache_diagnostics` of a request that names an earlier response."""
        if prompt.compare_with is None:
            return {"type": "unavailable"} if prompt.compare else None
        old = self._find(prompt.compare_with, owner)
        if old is None:
            return {"type": "comparison_response_not_found"}
        reason = _openai_reason(old, prompt)
        if reason is None:
            return {"type": "cache_hit"}
        return {
            "type": "cache_miss",
            "reason": reason,
            "comparison_reusable_tokens": old.tokens,
            "cache_missed_tokens": max(0, old.tokens - read),
        }

    def anthropic(self, prompt: Prompt, owner: str, read: int) -> dict[str, object] | None:
        """`diagnostics` of a request that names an earlier message."""
        if prompt.compare_with is None:
            return None
        old = self._find(prompt.compare_with, owner)
        if old is None:
            return {"cache_miss_reason": {"type": "previous_message_not_found"}}
        kind = _anthropic_reason(old, prompt)
        if kind is None:
            return None
        if kind == "unavailable":
            return {"cache_miss_reason": {"type": kind}}
        return {"cache_miss_reason": {"type": kind, "cache_missed_input_tokens": max(0, old.tokens - read)}}

    def _find(self, answer_id: str, owner: str) -> Shape | None:
        found = self._shapes.get(answer_id)
        return found if found is not None and found.owner == owner else None


def _continues(old: Shape, prompt: Prompt) -> bool:
    """Whether the old request's blocks are the beginning of the new one's."""
    if old.blocks == 0 or old.blocks > len(prompt.blocks):
        return False
    return chain(b"", prompt.blocks[: old.blocks])[-1] == old.last


def _openai_reason(old: Shape, prompt: Prompt) -> str | None:
    if old.model != prompt.model:
        return "model_changed"
    for name in _OPENAI_ORDER:
        if old.scope.get(name) != prompt.scope.get(name):
            return f"{name}_changed"
    if _continues(old, prompt):
        return None
    compacted = any(b'"type":"compaction"' in one.data for one in prompt.blocks)
    return "context_compacted" if compacted else "input_changed"


def _anthropic_reason(old: Shape, prompt: Prompt) -> str | None:
    if old.model != prompt.model or old.scope.get("speed") != prompt.scope["speed"]:
        return "model_changed"
    for name in ("tools", "system"):
        if old.scope.get(name) != prompt.scope[name]:
            return f"{name}_changed"
    if not _continues(old, prompt):
        return "messages_changed"
    return "unavailable" if old.scope.get("messages") != prompt.scope["messages"] else None
