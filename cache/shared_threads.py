"""The memory of threads where several processes serve: what one remembers, all others recall at once.

The newest record of a thread lies on a board in shared memory (`cache/board.py`). Who finds there what it has seen before
takes its own copy, so most recalls decode nothing. What the board has lost is in the store, a moment behind.
"""

import heapq
import time
from collections.abc import Callable, Mapping

import msgspec

from cache.board import Board, Mark, tag_of
from cache.stores.base import Store
from cache.threads import RECENT_MAX, TEXT_MAX, Key, Threads
from cache.types import ThreadRecord

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(ThreadRecord).decode


class SharedThreads(Threads):
    """The memory of threads of one of several processes."""

    def __init__(
        self,
        store: Store,
        capacity: int,
        forget_s: float,
        board: Board,
        seed: int,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`seed` is a secret of the home folder: clients choose thread names, and shall not choose who drives out whom."""
        self._board = board
        self._seed = seed
        self._marks: dict[Key, Mark] = {}
        """The marks on the board of records that are known here."""
        super().__init__(store, capacity, forget_s, wall)

    def recall(self, thread: str, team: str) -> ThreadRecord | None:
        key = (team, thread)
        mark = self._marks.get(key)
        if mark is not None and self._board.stands(mark):
            return super().recall(thread, team)
        tag = self._tag(key)
        mark = self._board.mark(tag)  # before the record is read: of a newer one it would be the wrong mark
        record = self._off_the_board(key, tag) or self._newest(key)
        if record is None:
            return None
        with self._lock:
            mine = self._known.get(key)
            if mine is None or mine.last_end <= record.last_end:
                self._known[key] = record
                self._note(key, mark)
            else:
                record = mine
            self._known.move_to_end(key)
            self._trim()
        return record if self._wall() - record.last_end <= self._forget_s else None

    def remember(self, record: ThreadRecord) -> None:
        super().remember(record)
        if len(record.thread) > TEXT_MAX:
            return
        key = (record.team, record.thread)
        self._note(key, self._lay_down(key, record))

    def recent(self, limit: int, team: str | None = None) -> list[ThreadRecord]:
        # What is known here may be old news: the store says which threads others were busy with, the board what came of it.
        limit = min(limit, RECENT_MAX)
        with self._lock:
            found = {**self._writing, **self._dirty, **self._known}
        for stored in self._stored(RECENT_MAX):
            key = (stored.team, stored.thread)
            if key not in found or found[key].last_end < stored.last_end:
                found[key] = stored
        fitting = [record for record in found.values() if self._fits(record, team)]
        latest = heapq.nlargest(limit, fitting, key=_last_end)
        recalled = [self.recall(each.thread, each.team) or each for each in latest]
        return sorted(recalled, key=_last_end, reverse=True)

    def _tag(self, key: Key) -> int:
        return tag_of("\0".join(key).encode("utf-8", "surrogatepass"), self._seed)

    def _off_the_board(self, key: Key, tag: int) -> ThreadRecord | None:
        """The record on the board, if it is one, and of this thread."""
        data = self._board.get(tag)
        if data is None:
            return None
        try:
            record = _decode(data)
        except (msgspec.DecodeError, UnicodeError):
            return None
        return record if (record.team, record.thread) == key else None

    def _newest(self, key: Key) -> ThreadRecord | None:
        """What is known here or in the store, whichever is newer: the board has it no more, and others went on maybe."""
        with self._lock:
            mine = self._known.get(key) or self._dirty.get(key) or self._writing.get(key)
        stored = self._read(key)
        if mine is None or (stored is not None and stored.last_end > mine.last_end):
            mine = stored
        if mine is not None:
            self._lay_down(key, mine)
        return mine

    def _note(self, key: Key, mark: Mark | None) -> None:
        if mark is not None:
            self._marks[key] = mark
        else:
            self._marks.pop(key, None)

    def _lay_down(self, key: Key, record: ThreadRecord) -> Mark | None:
        """Put a record on the board, unless a newer one is there; its mark, if it lies there now."""
        try:
            data = _encode(record)
        except UnicodeError:  # a lone surrogate in a name: it stays in this process
            return None
        return self._board.put(self._tag(key), data, record.last_end)

    def _trim(self) -> None:
        while len(self._known) > self._capacity:
            key, _ = self._known.popitem(last=False)
            self._marks.pop(key, None)

    def _encoded(self, records: Mapping[Key, ThreadRecord]) -> dict[bytes, bytes]:
        # Another process may have gone on with a thread, and written it already: an older record must not come after it.
        behind = self._board.written_at
        return super()._encoded(
            {key: record for key, record in records.items() if behind(self._tag(key)) <= record.last_end}
        )


def _last_end(record: ThreadRecord) -> float:
    return record.last_end
