"""What a client says of its own history is truth where it speaks: nobody else knows for certain that it was compacted.

Codex counts its compactions (`window_number`). Claude Code, asked for its hints, marks the first request after one.
"""

from collections.abc import Mapping

from msgspec.structs import replace

from cache.types import ThreadRecord
from gateway.foresight import Foresight
from gateway.identify import Caller

_COMPACTED = b"x-claude-code-context-compacted"
_NO = frozenset((b"", b"0", b"false"))


def as_told(
    foresight: Foresight, record: ThreadRecord | None, caller: Caller, first: Mapping[bytes, bytes]
) -> Foresight:
    """The foresight with the client's word in it: a prompt that was compacted is no longer the one the provider saw."""
    if record is None:
        return foresight
    freshness = foresight.freshness
    if caller.window_number <= record.window_number and not (
        freshness.state == "broken" and first.get(_COMPACTED, b"") not in _NO
    ):
        return foresight
    return replace(foresight, freshness=replace(freshness, state="broken", reason="compacted"))
