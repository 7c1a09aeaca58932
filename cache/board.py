"""Small values that all processes of a gateway see at once: a fixed table in memory they share.

A slot holds a tag, a checksum, a time and the value. Nothing is locked: who writes copies a slot whole, who reads checks
that what was copied belongs together. A slot torn by two writers, or taken by another tag, is absent, and whoever looks
has another place to look in. Of two versions of a value the newer stays.
"""

import struct
from mmap import mmap

from xxhash import xxh3_64_intdigest

WAYS = 4
"""Slots a tag may lie in; the oldest makes room. With one, two busy tags in one place would drive each other out."""

_TAG, _TAGS = struct.Struct("<Q"), struct.Struct(f"<{WAYS}Q")
"""A bucket's tags lie together, apart from its slots, so that looking for one is one read."""
_HEAD = struct.Struct("<QQId")
"""Tag, checksum, length, time. The checksum is of the time and the value, keyed with the tag."""
_MARK, _FRONT, _AT = struct.Struct("<QQ"), struct.Struct("<QQI"), struct.Struct("<d")

Mark = tuple[int, int, int]
"""Where a value lies, its tag and its checksum."""


class Board:
    """A table in `memory`, which has `size(buckets, slot_bytes)` bytes and is all zero when it is made.

    `buckets` is a power of two. Memory that was never written is never taken from the machine, so room for many is cheap.
    """

    def __init__(self, memory: mmap, buckets: int, slot_bytes: int) -> None:
        assert buckets & (buckets - 1) == 0
        self._memory = memory
        self._mask = buckets - 1
        self._slots = buckets * _TAGS.size
        self._slot_bytes = slot_bytes
        self.value_bytes_max = slot_bytes - _HEAD.size

    @staticmethod
    def size(buckets: int, slot_bytes: int) -> int:
        """Bytes of memory for so many buckets."""
        return buckets * (_TAGS.size + WAYS * slot_bytes)

    def mark(self, tag: int) -> Mark | None:
        """What would tell this value from another one; None where nothing lies."""
        start = self._find(tag)
        if start < 0:
            return None
        there, checksum = _MARK.unpack_from(self._memory, start)
        return (start, tag, checksum) if there == tag else None

    def stands(self, mark: Mark) -> bool:
        """Whether the value still lies there that had this mark: then it need not be read again."""
        return _MARK.unpack_from(self._memory, mark[0]) == mark[1:]

    def written_at(self, tag: int) -> float:
        """The time of what lies there, 0 where nothing does."""
        found = self._whole(self._find(tag), tag)
        return found[1] if found is not None else 0.0

    def get(self, tag: int) -> bytes | None:
        """What lies there, if all of it is of one piece."""
        found = self._whole(self._find(tag), tag)
        return found[0] if found is not None else None

    def put(self, tag: int, value: bytes, at: float) -> Mark | None:
        """Lay a value down and return its mark; None where a newer one is there, or where it is too long to lie here.

        A value too long takes the one before it away, for that is out of date.
        """
        memory, index = self._memory, (tag & self._mask) * _TAGS.size
        tags = _TAGS.unpack_from(memory, index)
        found = tag in tags
        if len(value) > self.value_bytes_max:
            if found:
                start = self._slot(index, tags.index(tag))
                memory[start : start + _HEAD.size] = bytes(_HEAD.size)
            return None
        way = tags.index(tag) if found else tags.index(0) if 0 in tags else self._oldest(index)
        start = self._slot(index, way)
        if found and _AT.unpack_from(memory, start + _FRONT.size)[0] > at and self._whole(start, tag) is not None:
            return None
        summed = _AT.pack(at) + value
        checksum = xxh3_64_intdigest(summed, tag) or 1
        memory[start : start + _FRONT.size + len(summed)] = _FRONT.pack(tag, checksum, len(value)) + summed
        if not found:
            _TAG.pack_into(memory, index + way * _TAG.size, tag)
        return start, tag, checksum

    def _find(self, tag: int) -> int:
        """Where the slot of a tag begins, -1 where it has none."""
        index = (tag & self._mask) * _TAGS.size
        tags = _TAGS.unpack_from(self._memory, index)
        return self._slot(index, tags.index(tag)) if tag in tags else -1

    def _slot(self, index: int, way: int) -> int:
        """Where a slot begins, from where its bucket's tags do."""
        return self._slots + (index // _TAG.size + way) * self._slot_bytes

    def _oldest(self, index: int) -> int:
        """Which slot of a full bucket was written longest ago."""
        first = self._slot(index, 0) + _FRONT.size
        ages = [_AT.unpack_from(self._memory, first + way * self._slot_bytes)[0] for way in range(WAYS)]
        return ages.index(min(ages))

    def _whole(self, start: int, tag: int) -> tuple[bytes, float] | None:
        """Value and time of a slot, None unless it is this tag's and of one piece."""
        if start < 0:
            return None
        slot = self._memory[start : start + self._slot_bytes]
        there, checksum, length, at = _HEAD.unpack_from(slot)
        if there != tag or length > self.value_bytes_max:
            return None
        summed = slot[_FRONT.size : _HEAD.size + length]
        if (xxh3_64_intdigest(summed, tag) or 1) != checksum:
            return None
        return summed[_AT.size :], at


def tag_of(name: bytes, seed: int) -> int:
    """The tag of a name; 64 bits, never 0. Two names may share one, so a value says whose it is."""
    return xxh3_64_intdigest(name, seed) or 1
