"""The books' first page: intents and settlements, appended to a file before anything else happens.

The event loop itself copies each record into the file, which is mapped into memory (`gateway/metering/journal_segment.py`).
What is copied survives the process, `kill -9` included, so no queue in memory can lose it; a writer applies the file to the
ledger behind. Records are JSON lines and hold no prompt text: arrays of an intent and a settlement, one of which is missing;
these are arrays too, without the names of their fields, which would be more than half of every line.
"""

import contextlib
import fcntl
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import astuple

from gateway.metering.journal_segment import JournalError, Segment, create
from gateway.metering.types import Intent, Settlement

__all__ = ["Entry", "Journal", "JournalError", "entries", "intent_of", "number_of", "spare_of"]

SEGMENT_BYTES = 8 * 1024 * 1024
"""A segment is closed at this size, some 13,000 requests, so that what has been applied can be deleted."""


class Journal:
    """An append-only file in segments, owned by one process."""

    def __init__(self, folder: Path, name: str, lock: int, segment_bytes: int) -> None:
        self.folder = folder
        self.name = name
        self.segment_bytes = segment_bytes
        self._lock = lock
        self._encode = msgspec.json.Encoder().encode
        newest = max((number_of(path) for path in folder.glob(f"{name}.*.jsonl")), default=0)
        self._number = max(newest + 1, int(time.time() * 1000))  # never one that the ledger has heard of
        self._spare: Segment | None = None
        self._segment = create(self._path, segment_bytes)
        self._helper = self._prepare(None)

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
        self._append(b"[%b]\n" % self._encode(intent))

    def settle(self, settlement: Settlement) -> None:
        """Write a settlement down; `JournalError` when the disk does not take it."""
        self._append(b"[null,%b]\n" % self._encode(settlement))

    def close(self) -> None:
        """End the journal; what it holds is the ledger writer's from now on."""
        self._helper.join()
        self._segment.close()
        if self._spare is not None:
            self._spare.close()
            spare_of(self.folder, self.name).unlink(missing_ok=True)
        os.close(self._lock)

    @property
    def _path(self) -> Path:
        return self.folder / f"{self.name}.{self._number:08d}.jsonl"

    def _append(self, line: bytes) -> None:
        if self._segment.write(line):
            return
        self._turn(line)
        self._segment.write(line)

    def _turn(self, line: bytes) -> None:
        """Go on in the next segment. `JournalError` when there can be none; then the next record tries again."""
        self._helper.join()  # it was started a segment ago
        number = self._number + 1
        path = self.folder / f"{self.name}.{number:08d}.jsonl"
        if self._spare is None or len(line) > self.segment_bytes:
            following = create(path, self.segment_bytes, len(line))
        else:
            following = self._named(self._spare, path)
        full, self._segment, self._number = self._segment, following, number
        self._helper = self._prepare(full)

    def _named(self, spare: Segment, path: Path) -> Segment:
        self._spare = None
        try:
            spare_of(self.folder, self.name).rename(path)
        except OSError as error:
            spare.close()
            raise JournalError(error.errno, f"the journal cannot begin a file: {error.strerror}") from error
        return spare

    def _prepare(self, full: Segment | None) -> threading.Thread:
        """Close the full segment and make the next one ready, beside the event loop: each may take a millisecond."""

        def work() -> None:
            with contextlib.suppress(OSError):  # it stays longer than what it holds
                if full is not None:
                    full.close()
            with contextlib.suppress(JournalError):  # tried again when it is needed
                if self._spare is None:
                    self._spare = create(spare_of(self.folder, self.name), self.segment_bytes)

        helper = threading.Thread(target=work, name="journal", daemon=True)
        helper.start()
        return helper


def spare_of(folder: Path, name: str) -> Path:
    """The segment a journal has in store. It has no number yet: a number says that all segments before it are complete."""
    return folder / f"{name}.next"


def number_of(path: Path) -> int:
    """The number of a segment file, 0 for a file that is none."""
    number = path.name.split(".")[-2]
    return int(number) if number.isdigit() else 0


class Entry(Struct, frozen=True, array_like=True):
    """One line read back: exactly one of the two is set."""

    intent: Intent | None = None
    settlement: Settlement | None = None


_entry = msgspec.json.Decoder(Entry)
_told = msgspec.json.Decoder(dict[str, Any])
_intent = msgspec.json.Decoder(Intent)
Record = TypeVar("Record", Intent, Settlement)


def intent_of(text: str) -> Intent:
    """An intent as a ledger keeps it. `ValidationError` and its kin for what is none."""
    return _by_name(Intent, _told.decode(text)) if text.startswith("{") else _intent.decode(text)


def _entry_of(line: bytes) -> Entry:
    if line[:1] != b"{":
        return _entry.decode(line)
    told = _told.decode(line)
    intent, settlement = told.get("intent"), told.get("settlement")
    return Entry(
        intent=None if intent is None else _by_name(Intent, intent),
        settlement=None if settlement is None else _by_name(Settlement, settlement),
    )


def _by_name(kind: type[Record], told: Mapping[str, Any]) -> Record:
    """A record written with the names of its fields, as all were before November 2026."""
    try:
        return msgspec.convert(astuple(kind(**told)), kind)
    except TypeError as error:
        raise msgspec.ValidationError(str(error)) from error


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
            found.append(_entry_of(line))
        except (msgspec.DecodeError, UnicodeDecodeError):
            torn += 1
    return found, end, torn
