"""What a store is: bytes under bytes, newest first, forgotten after a while. Everything above it is policy."""

from collections.abc import Mapping, Sequence
from typing import Protocol


class Store(Protocol):
    """A bounded place for small values that may be lost: whoever reads must cope with absence.

    Calls never raise for a broken medium; they behave as if nothing were there and count in `errors`. All of them may
    be called from any thread.
    """

    @property
    def errors(self) -> int:
        """Reads and writes that failed, and rows that were not ours."""

    def get(self, key: bytes) -> bytes | None:
        """The value, or None where there is none that can be read."""

    def put(self, entries: Mapping[bytes, bytes], keep_s: float) -> None:
        """Write all of them in one go, each to be forgotten after `keep_s` seconds."""

    def delete(self, key: bytes) -> None:
        """Forget a key; no error where it is not there."""

    def newest(self, limit: int) -> Sequence[bytes]:
        """At most `limit` keys, the last written first."""

    def close(self) -> None:
        """Give back what is held. A closed store behaves as an empty one."""
