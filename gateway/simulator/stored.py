"""Responses kept for `GET /v1/responses/{id}` and for requests that continue one with `previous_response_id`."""

from collections import OrderedDict
from collections.abc import Sequence

from msgspec import Struct

from gateway.simulator.outline import Outline
from gateway.simulator.prompt import Block, block

RESPONSES_MAX = 1000
BYTES_MAX = 64_000_000


class _Kept(Struct, frozen=True):
    owner: str
    outline: Outline
    blocks: Sequence[Block]
    size: int


class Stored:
    """The last responses by id, bounded in number and bytes."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._size = 0

    def clear(self) -> None:
        """Forget all responses."""
        self._kept.clear()
        self._size = 0

    def keep(self, owner: str, outline: Outline, body_bytes: int) -> None:
        """Keep one response, unless the caller said `store: false`; `body_bytes` is the size of what was asked."""
        if outline.prompt.echo.get("store") is False:
            return
        blocks = [one for one in outline.prompt.blocks if one.section == "messages"]
        if outline.answer.text:
            blocks.append(block("messages", {"type": "output_text", "text": outline.answer.text}, "assistant"))
        size = body_bytes + sum(len(one.data) for one in blocks)  # images are short in blocks and long in bodies
        kept = _Kept(owner, outline, blocks, size)
        self._kept[outline.id] = kept
        self._size += kept.size
        while len(self._kept) > RESPONSES_MAX or self._size > BYTES_MAX:
            self._size -= self._kept.popitem(last=False)[1].size

    def blocks(self, owner: str, response_id: str) -> Sequence[Block] | None:
        """The conversation up to and including a response; None when it is not there."""
        kept = self._find(owner, response_id)
        return None if kept is None else kept.blocks

    def outline(self, owner: str, response_id: str) -> Outline | None:
        """A kept response; None when it is not there."""
        kept = self._find(owner, response_id)
        return None if kept is None else kept.outline

    def drop(self, owner: str, response_id: str) -> bool:
        """Delete a response; False when it is not there."""
        kept = self._find(owner, response_id)
        if kept is None:
            return False
        del self._kept[response_id]
        self._size -= kept.size
        return True

    def _find(self, owner: str, response_id: str) -> _Kept | None:
        kept = self._kept.get(response_id)
        return kept if kept is not None and kept.owner == owner else None
