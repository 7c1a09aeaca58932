"""The books' first page: intents and settlements, appended to a file before anything else happens.

One `write` per record, made by the event loop itself. What `write` has taken survives the process, `kill -9` included, so
no queue in memory can lose it; a writer applies the file to the ledger behind. Records are JSON lines and hold no prompt
text. A record cut short by a full disk is closed off with a line end before the next one, so it spoils only itself.
"""

import fcntl
import os
from pathlib import Path

import msgspec
from msgspec import Struct

from gateway.metering.types import Intent, Settlement

SEGMENT_BYTES = 64 * 1024 * 1024
"""A segment is closed at this size, so that what has been applied can be deleted."""


class JournalError(OSError):
    """A record could not be written whole."""


class Journal:
    """An append-only file in segments, owned by one process."""

    def __init__(self, folder: Path, name: str, lock: int, segment_bytes: int) -> None:
        self.folder = folder
        self.name = name
        self.segment_bytes = segment_bytes
        self._lock = lock
        self._encoder = msgspec.json.Encoder()
        self._torn = False
        self._number = 1 + max((number_of(path) for path in folder.glob(f"{name}.*.jsonl")), default=0)
        self._size = 0
        self._file = self._open()

    @classmethod
    def open(cls, folder: Path, name: str, segment_bytes: int = SEGMENT_BYTES) -> "Journal":
        """Start a new segment of the journal `name`; `JournalError` when another process holds that name."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"{name}.lock"
        while True:
            lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                os.close(lock)
                raise JournalError(f"another process writes the journal {name!r}") from error
            if path.exists() and os.path.samestat(path.stat(), os.fstat(lock)):
                return cls(folder, name, lock, segment_bytes)
            os.close(lock)  # the writer of the ledger has just buried a journal of this name, and its lock with it

    def intent(self, intent: Intent) -> None:
        """Write an intent down; `JournalError` when the disk does not take it."""
        self._append(b'{"intent":%b}\n' % self._encoder.encode(intent))

    def settle(self, settlement: Settlement) -> None:
        """Write a settlement down; `JournalError` when the disk does not take it."""
        self._append(b'{"settlement":%b}\n' % self._encoder.encode(settlement))

    def close(self) -> None:
        os.close(self._file)
        os.close(self._lock)

    def _append(self, line: bytes) -> None:
        if self._size >= self.segment_bytes:
            os.close(self._file)
            self._number += 1
            self._size = 0
            self._file = self._open()
        if self._torn:
            line = b"\n" + line
        written = 0
        try:
            while written < len(line):
                written += os.write(self._file, line[written:] if written else line)
        except OSError as error:
            self._torn = self._torn or written > 0
            raise JournalError(error.errno, f"the journal takes no more: {error.strerror}") from error
        finally:
            self._size += written
        self._torn = False

    def _open(self) -> int:
        path = self.folder / f"{self.name}.{self._number:08d}.jsonl"
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def number_of(path: Path) -> int:
    """The number of a segment file, 0 for a file that is none."""
    number = path.name.split(".")[-2]
    return int(number) if number.isdigit() else 0


class Entry(Struct, frozen=True):
    """One line read back: exactly one of the two is set."""

    intent: Intent | None = None
    settlement: Settlement | None = None


_entry = msgspec.json.Decoder(Entry)


def entries(data: bytes) -> tuple[list[Entry], int, int]:
    """The records in these bytes of a segment, how many bytes they took, and how many lines were torn.

    An unfinished last line is left for later.
    """
    end = data.rfind(b"\n") + 1
    found: list[Entry] = []
    torn = 0
    for line in data[:end].split(b"\n"):
        if not line:
            continue
        try:
            found.append(_entry.decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError):
            torn += 1
    return found, end, torn
