"""The memory that the workers of one gateway share: two boards and a table of columns.

The supervisor makes it, anonymous and without a name anybody else could open; workers inherit the descriptors. It lives as
long as they do, so nothing in it is ever out of date.
"""

import mmap
import os
from collections.abc import Sequence

from cache.board import Board
from gateway.workers.columns import Columns

THREAD_BUCKETS, THREAD_BYTES = 16 * 1024, 2048
"""65,536 threads of at most 2 KB; a record with all its boundaries has about 1 KB. Room that is unused is not taken."""
MINTED_BUCKETS, MINTED_BYTES = 16 * 1024, 256
"""As many ids of responses, with where they came from."""


class Share:
    """What one process sees of it. `descriptors` go to a worker, which opens them again."""

    def __init__(self, descriptors: Sequence[int], workers: int, mine: int) -> None:
        threads, minted, columns = descriptors
        self.descriptors = tuple(descriptors)
        self.threads = Board(_mapped(threads), THREAD_BUCKETS, THREAD_BYTES)
        self.minted = Board(_mapped(minted), MINTED_BUCKETS, MINTED_BYTES)
        self.columns = Columns(_mapped(columns), workers + 1, mine)

    @classmethod
    def make(cls, workers: int) -> "Share":
        """New memory, all zero. The last column is the supervisor's own."""
        sizes = {
            "threads": Board.size(THREAD_BUCKETS, THREAD_BYTES),
            "minted": Board.size(MINTED_BUCKETS, MINTED_BYTES),
            "columns": Columns.size(workers + 1),
        }
        return cls([_made(name, size) for name, size in sizes.items()], workers, workers)


def _made(name: str, size: int) -> int:
    descriptor = os.memfd_create(f"pointsman-{name}", os.MFD_CLOEXEC)
    os.ftruncate(descriptor, size)
    return descriptor


def _mapped(descriptor: int) -> mmap.mmap:
    return mmap.mmap(descriptor, os.fstat(descriptor).st_size)
