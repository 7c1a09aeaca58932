"""A store on disk: diskcache, with everything taken from it that could run code or touch another file.

diskcache pickles what is not plain, and unpickles whatever a row says is a pickle (CVE-2025-69872: whoever can write
the folder can run code in the process). Here only bytes go in, inside the database, and only bytes come out; any other
row is absent and counted. The folder is readable by its owner only.
"""

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from diskcache import Cache, Disk, Timeout
from diskcache.core import MODE_RAW

SIZE_LIMIT_BYTES = 4 * 1024**3
"""Room for a million threads of at most 4 KB; beyond it the longest unwritten go."""
BUSY_S = 1.0
"""How long a write waits for another process; what cannot be written then is lost, which a cache of hints may."""
TIDY_EVERY_S = 60.0
"""How often the forgotten are removed; they are invisible before that."""
_DATABASE = "cache.db"
_PUT = (
    "INSERT INTO Cache (key, raw, mode, value, store_time, access_time, expire_time) VALUES (?1, 1, ?2, ?3, ?4, ?4, ?5)"
    " ON CONFLICT (key, raw) DO UPDATE SET mode = excluded.mode, value = excluded.value, store_time = excluded.store_time,"
    " access_time = excluded.access_time, expire_time = excluded.expire_time, access_count = 0, size = 0, tag = NULL,"
    " filename = NULL"
)
"""What diskcache's own `set` comes to for a value in the database, as one statement for many: its three for each cost four
times as much, and let go of the interpreter as often."""


class ForeignRowError(ValueError):
    """A row that this program did not write."""


_BROKEN = (sqlite3.Error, Timeout, ForeignRowError, OSError)
"""What may go wrong with a medium; programmer mistakes are not among it."""


class BytesDisk(Disk):  # type: ignore[misc]  # diskcache has no types
    """Bytes in, bytes out, no files, no pickles."""

    def put(self, key: object) -> tuple[memoryview, bool]:
        if type(key) is not bytes:
            raise TypeError("keys are bytes")
        return sqlite3.Binary(key), True

    def get(self, key: object, raw: bool) -> bytes:
        if not raw or type(key) is not bytes:
            raise ForeignRowError("a key that is not plain bytes")
        return key

    def store(self, value: object, read: bool, key: object = None) -> tuple[int, int, None, memoryview]:
        if read or type(value) is not bytes:
            raise TypeError("values are bytes")
        return 0, MODE_RAW, None, sqlite3.Binary(value)

    def fetch(self, mode: int, filename: str | None, value: object, read: bool) -> bytes:
        if mode != MODE_RAW or filename is not None or type(value) is not bytes:
            raise ForeignRowError("a value that is not plain bytes")
        return value

    def remove(self, file_path: str) -> None:
        """Rows of ours name no file, so a name that stands there is somebody else's file."""


class DiskStore:
    """A folder of its own; safe for several threads and processes."""

    def __init__(self, folder: str | os.PathLike[str], size_limit_bytes: int = SIZE_LIMIT_BYTES) -> None:
        """Open or make the folder. A database that cannot be read is set aside as `cache.db.unreadable`."""
        self._folder = Path(folder)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        self._size_limit_bytes = size_limit_bytes
        self._errors = 0
        self._lock = threading.Lock()
        self._closed = False
        self._tidied_at = time.monotonic()
        try:
            self._cache = self._open()
        except sqlite3.DatabaseError:
            self._count_error()
            _set_aside(self._folder / _DATABASE)
            self._cache = self._open()

    @property
    def errors(self) -> int:
        return self._errors

    def get(self, key: bytes) -> bytes | None:
        if self._closed:
            return None
        try:
            found: bytes | None = self._cache.get(key)
        except _BROKEN:
            self._count_error()
            return None
        return found

    def put(self, entries: Mapping[bytes, bytes], keep_s: float) -> None:
        if self._closed:
            return
        disk, now = self._cache.disk, time.time()
        rows = [  # a microsecond between them, as `newest` goes by time
            (disk.put(key)[0], *disk.store(value, False)[1::2], now + place / 1e6, now + keep_s)
            for place, (key, value) in enumerate(entries.items())
        ]
        try:
            with self._cache.transact():
                self._cache._con.executemany(_PUT, rows)
            self._tidy()
        except _BROKEN:
            self._count_error()

    def delete(self, key: bytes) -> None:
        if self._closed:
            return
        try:
            self._cache.delete(key)
        except _BROKEN:
            self._count_error()

    def newest(self, limit: int) -> Sequence[bytes]:
        # diskcache lists keys by first insertion only, so the one question it cannot answer goes to its table.
        if self._closed:
            return []
        uri = (self._folder / _DATABASE).resolve().as_uri() + "?mode=ro"
        try:
            with contextlib.closing(sqlite3.connect(uri, timeout=BUSY_S, uri=True)) as connection:
                rows = connection.execute(
                    "SELECT key FROM Cache WHERE raw = 1 AND typeof(key) = 'blob' AND expire_time > ?"
                    " ORDER BY store_time DESC, rowid DESC LIMIT ?",
                    (time.time(), limit),
                )
                return [key for (key,) in rows]
        except _BROKEN:
            self._count_error()
            return []

    def close(self) -> None:
        """Close this thread's connection; other threads' close when those threads end."""
        self._closed = True
        self._cache.close()

    def _open(self) -> Cache:
        return Cache(
            str(self._folder),
            timeout=BUSY_S,
            disk=BytesDisk,
            eviction_policy="least-recently-stored",
            size_limit=self._size_limit_bytes,
            cull_limit=0,
        )

    def _tidy(self) -> None:
        """Remove what is forgotten or too much, now and then instead of on every write."""
        now = time.monotonic()
        if now - self._tidied_at >= TIDY_EVERY_S:
            self._tidied_at = now
            self._cache.expire()
            self._cache.cull()

    def _count_error(self) -> None:
        with self._lock:
            self._errors += 1


def _set_aside(database: Path) -> None:
    """Make room for a new database; the last unreadable one is kept for whoever wants to look at it."""
    database.replace(database.with_name(f"{_DATABASE}.unreadable"))
    for name in (f"{_DATABASE}-wal", f"{_DATABASE}-shm"):
        database.with_name(name).unlink(missing_ok=True)
