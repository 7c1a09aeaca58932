"""A store that lives as long as its process: for tests, and for gateways that may not write."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from itertools import islice

ENTRIES_MAX = 100_000
"""About 100 MB of thread records."""


class MemoryStore:
    """Bytes in a dictionary, the last written at its end; beyond the bound the oldest go."""

    def __init__(self, entries_max: int = ENTRIES_MAX, wall: Callable[[], float] = time.time) -> None:
        self._entries: OrderedDict[bytes, tuple[bytes, float]] = OrderedDict()
        self._entries_max = entries_max
        self._wall = wall
        self._lock = threading.Lock()
        self._closed = False

    @property
    def errors(self) -> int:
        return 0

    def get(self, key: bytes) -> bytes | None:
        with self._lock:
            value, until = self._entries.get(key, (None, 0.0))
        return value if until > self._wall() else None

    def put(self, entries: Mapping[bytes, bytes], keep_s: float) -> None:
        until = self._wall() + keep_s
        with self._lock:
            if self._closed:
                return
            for key, value in entries.items():
                self._entries[key] = (value, until)
                self._entries.move_to_end(key)
            while len(self._entries) > self._entries_max:
                self._entries.popitem(last=False)

    def delete(self, key: bytes) -> None:
        with self._lock:
            self._entries.pop(key, None)

    def newest(self, limit: int) -> Sequence[bytes]:
        now = self._wall()
        with self._lock:
            alive = (key for key, (_, until) in reversed(self._entries.items()) if until > now)
            return list(islice(alive, limit))

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._entries.clear()
