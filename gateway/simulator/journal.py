"""What arrived: the last requests with their headers and a digest of the body, for tests that compare bytes.

Bodies are kept only while recording is switched on, and so are keys: without recording they show as digests.
"""

import base64
import hashlib
from collections import deque
from collections.abc import Sequence

from msgspec import Struct

ENTRIES_MAX = 10_000
BODY_MAX_BYTES = 1_000_000
BODIES_MAX_BYTES = 256_000_000
"""All recorded bodies together; the oldest are dropped first."""

_SECRET = frozenset({b"authorization", b"x-api-key", b"cookie"})


class Entry(Struct):
    """One request as it arrived."""

    at: float
    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    body_sha256: str
    body_bytes: int
    body: str | None = None
    """The body in base64, when recording was on and the body small enough."""


class Journal:
    """The last requests, bounded in number and in recorded bytes."""

    def __init__(self) -> None:
        self.entries: deque[Entry] = deque()
        self.recording = False
        self._held = 0

    def clear(self) -> None:
        """Forget all entries."""
        self.entries.clear()
        self._held = 0

    def note(
        self, at: float, method: str, path: str, query: bytes, headers: Sequence[tuple[bytes, bytes]], body: bytes
    ) -> None:
        """Write down one request."""
        shown = [(name.decode("latin-1"), self._value(name, value)) for name, value in headers]
        entry = Entry(at, method, path, query.decode("latin-1"), shown, hashlib.sha256(body).hexdigest(), len(body))
        if self.recording and len(body) <= BODY_MAX_BYTES:
            entry.body = base64.b64encode(body).decode()
            self._held += len(entry.body)
        self.entries.append(entry)
        while len(self.entries) > ENTRIES_MAX or self._held > BODIES_MAX_BYTES:
            self._held -= len(self.entries.popleft().body or "")

    def _value(self, name: bytes, value: bytes) -> str:
        if name in _SECRET and not self.recording:
            return f"sha256:{hashlib.sha256(value).hexdigest()[:12]}"
        return value.decode("latin-1")
