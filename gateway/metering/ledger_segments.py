"""Segments as their reader sees them: whose they are, in what order, and which whole records come next."""

from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from gateway.metering.journal import Entry, entries, number_of

READ_BYTES = 4 * 1024 * 1024
"""Read at a time: some 3,000 requests, a transaction of about 150 ms."""


class Segment(Struct, frozen=True):
    """One file of a journal; `last` while its journal may still be writing it."""

    path: Path
    journal: str
    last: bool

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def size(self) -> int:
        """Bytes, 0 for a file that is gone."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0


class Read(Struct, frozen=True):
    """What one read gave: records, the bytes they took, lines that were none, and the bytes of an unfinished one."""

    entries: list[Entry]
    used: int
    torn: int
    unfinished: int


def journal_of(path: Path) -> str:
    """The journal a segment belongs to: `worker-7` of `worker-7.00000001.jsonl`."""
    return path.name.rsplit(".", 2)[0]


def segments(folder: Path) -> list[Segment]:
    """All segments, each journal's in order."""
    found = sorted(folder.glob("*.jsonl"), key=lambda path: (journal_of(path), number_of(path)))
    newest = {journal_of(path): path for path in found}
    return [Segment(path=each, journal=journal_of(each), last=newest[journal_of(each)] == each) for each in found]


def journals(found: Iterable[Segment]) -> list[str]:
    """The names of the journals these belong to."""
    return list(dict.fromkeys(each.journal for each in found))


def read(segment: Segment, offset: int, ended: bool) -> Read:
    """Some records from `offset` on. `ended`: nobody writes here any more, so what has no line end is a whole line too."""
    with segment.path.open("rb") as file:
        file.seek(offset)
        data = file.read(READ_BYTES)
    full = len(data) == READ_BYTES
    if data and ((ended and not full) or (full and b"\n" not in data)):  # no record is as long as a read
        found, _, torn = entries(data + b"\n")
        return Read(entries=found, used=len(data), torn=torn, unfinished=0)
    found, used, torn = entries(data)
    return Read(entries=found, used=used, torn=torn, unfinished=0 if full else len(data) - used)
