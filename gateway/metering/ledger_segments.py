"""Segments as their reader sees them: whose they are, in what order, which whole records come next, and how much waits."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec import Struct

from gateway.metering.journal import Entry, entries, number_of

READ_BYTES = 512 * 1024
"""Read at a time: some 800 requests, a transaction of about 10 ms, and a few MB of memory."""


class Segment(Struct, frozen=True):
    """One file of a journal; `last` while its journal may still be writing it."""

    path: Path
    journal: str
    last: bool

    @property
    def name(self) -> str:
        return self.path.name


class Read(Struct, frozen=True):
    """What one read gave: records, the bytes they took, lines that were none, and whether there may be more right now."""

    entries: list[Entry]
    used: int
    torn: int
    more: bool


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
    """Some records from `offset` on, up to the first NUL, which is a byte that is not written yet.

    `ended`: nobody writes here any more. Then a NUL is a byte that never came, and what stands before it, or at the end
    without a line end, is a line too.
    """
    with segment.path.open("rb", buffering=0) as file:
        data = os.pread(file.fileno(), READ_BYTES, offset)
    full = len(data) == READ_BYTES
    if ended:
        return _rest(data, full)
    unwritten = data.find(b"\0")
    if unwritten >= 0:
        data, full = data[:unwritten], False
    found, used, torn = entries(data)
    if full and not used:  # no record is as long as a read
        return Read(entries=[], used=len(data), torn=1, more=True)
    return Read(entries=found, used=used, torn=torn, more=full)


def _rest(data: bytes, full: bool) -> Read:
    """The records of a segment that is complete."""
    lines = data.strip(b"\0").replace(b"\0", b"\n")  # holes are left by a copy cut short, or by a loss of power
    if full and (cut := lines.rfind(b"\n") + 1) and not data.endswith(b"\0"):
        found, _, torn = entries(lines[:cut])
        return Read(entries=found, used=len(data) - len(lines) + cut, torn=torn, more=True)
    found, _, torn = entries(lines + b"\n")
    return Read(entries=found, used=len(data), torn=torn, more=full)


def waiting_bytes(folder: Path, offsets: Mapping[str, int]) -> int:
    """Bytes of journal that are not in the ledger yet, which has applied each segment up to these offsets."""
    return sum(_waiting(each, offsets.get(each.name, 0)) for each in segments(folder))


def _waiting(segment: Segment, offset: int) -> int:
    """Found by halving, for what a process has not written in a file made ready is NUL. A line without its end waits for its
    writer, not for us."""
    try:
        with segment.path.open("rb", buffering=0) as file:
            descriptor = file.fileno()
            end = os.fstat(descriptor).st_size
            if end > offset and os.pread(descriptor, 1, end - 1) == b"\0":
                end = _written(descriptor, offset, end)
            if not segment.last or end - offset > READ_BYTES:
                return max(0, end - offset)
            return os.pread(descriptor, max(0, end - offset), offset).rfind(b"\n") + 1
    except FileNotFoundError:
        return 0


def _written(descriptor: int, low: int, high: int) -> int:
    """Where the first NUL stands between two places in a file that has only NULs after it."""
    while low < high:
        middle = (low + high) // 2
        if os.pread(descriptor, 1, middle) == b"\0":
            high = middle
        else:
            low = middle + 1
    return low
