"""The files a journal is written into: mapped into memory where there is room for one, else written record by record.

A copy into a shared mapping survives the death of the process as a `write` does, and costs a fifth of one. The blocks are
taken when the file is made (posix_fallocate(3)), so that a full disk is an error here and never a SIGBUS later; then the
file is filled with zeros, so that its pages are there when the first record comes. No record holds a NUL byte: a NUL is a
byte that has not been written yet, in whatever order the bytes of a copy arrive.
"""

import mmap
import os
from pathlib import Path
from typing import Protocol

_BLOCK = bytes(1024 * 1024)
"""Zeros written at a time; `os.pwrite` lets other threads run meanwhile."""


class JournalError(OSError):
    """A record could not be written whole."""


class Segment(Protocol):
    """One file of a journal, open for its writer."""

    def write(self, line: bytes) -> bool:
        """Take a record; False when it belongs into the next segment. `JournalError` when the disk does not take it."""

    def close(self) -> None:
        """Leave a file that ends where its records do."""


class Mapped:
    """A segment in memory that the kernel writes to the file."""

    def __init__(self, file: int, size: int) -> None:
        """Take the room for `size` bytes; `OSError` where there is none, or where a file cannot be mapped."""
        os.posix_fallocate(file, 0, size)
        for offset in range(0, size, len(_BLOCK)):
            os.pwrite(file, _BLOCK[: size - offset], offset)
        self._memory = mmap.mmap(file, size)
        self._file = file
        self._size = size
        self._used = 0
        self._left = 0

    def write(self, line: bytes) -> bool:
        used = self._used
        end = used + len(line)
        if end > self._size:
            return False
        self._memory[used:end] = line
        self._used = end
        if end - self._left >= 2 * len(_BLOCK):
            self._leave()
        return True

    def _leave(self) -> None:
        """Give back the memory of a block that is written; of a shared mapping the kernel keeps what it has to write."""
        self._memory.madvise(mmap.MADV_DONTNEED, self._left, len(_BLOCK))
        self._left += len(_BLOCK)

    def close(self) -> None:
        self._memory.close()
        os.ftruncate(self._file, self._used)
        os.close(self._file)


class Plain:
    """A segment that takes what the disk still takes.

    A record cut short is closed off with a line end before the next one, so that it spoils only itself.
    """

    def __init__(self, file: int, size: int) -> None:
        """Begin an empty file; it is full once `size` bytes are in it."""
        os.ftruncate(file, 0)
        self._file = file
        self._size = size
        self._used = 0
        self._torn = False

    def write(self, line: bytes) -> bool:
        if self._used >= self._size:
            return False
        whole = b"\n" + line if self._torn else line
        written = 0
        try:
            while written < len(whole):
                written += os.pwrite(self._file, whole[written:], self._used + written)
        except OSError as error:
            self._torn = self._torn or written > 0
            raise JournalError(error.errno, f"the journal takes no more: {error.strerror}") from error
        finally:
            self._used += written
        self._torn = False
        return True

    def close(self) -> None:
        os.close(self._file)


def create(path: Path, size: int, first_bytes: int = 0) -> Segment:
    """A new segment for `size` bytes, mapped if it can be and the first record fits. `JournalError` where there is none."""
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise JournalError(error.errno, f"the journal cannot begin a file: {error.strerror}") from error
    try:
        if first_bytes <= size:
            return Mapped(file, size)
    except OSError:
        pass  # too full a disk, or one whose files cannot be mapped: then each write says whether it is taken
    return Plain(file, size)
