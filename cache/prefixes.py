"""Remembers how far a thread's prompt has been hashed: of the next one, only what is new is split, searched and hashed.

A thread's prompt grows at its end. That its beginning is the same, byte for byte, is told by one hash over it, at some tens
of gigabytes a second; then the digests of all its turns are known already. Whatever does not fit (an edit, a marker that
moved, another tool) takes the long way, and comes to the same fingerprint.
"""

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Mapping

from msgspec import Raw
from msgspec.structs import replace

from cache.fingerprint import Dialect, Fingerprint, Hashed, Mark, begun, fingerprint, resumed
from cache.types import Left

WORTH_BYTES = 8 * 1024
"""Below this a prompt is hashed faster than its beginning is looked up and compared."""
THREADS_MAX = 2048
"""Threads whose beginnings are remembered. Of a prompt with 100 turns that is about 15 KB."""

Key = tuple[str, str]
"""Team, thread."""


class Prefixes:
    """The beginnings of the prompts of threads that were active last; in this process only, and only hashes of them."""

    def __init__(self, seed: int, capacity: int = THREADS_MAX) -> None:
        self._seed = seed
        self._capacity = capacity
        self._known: OrderedDict[Key, Mark] = OrderedDict()

    def fingerprint(self, team: str, thread: str, dialect: Dialect, fields: Mapping[str, Raw], body: bytes) -> Fingerprint:
        """The fingerprint of a request of this thread (empty where it has no name), as `cache.fingerprint` makes it."""
        scope = team.encode()
        if not thread or len(body) < WORTH_BYTES:
            return fingerprint(dialect, fields, self._seed, scope, body)
        key = (team, thread)
        mark = self._known.get(key)
        made: Hashed | None = None
        if mark is not None:
            made = resumed(mark, dialect, fields, self._seed, scope)
        if made is None:
            made = begun(dialect, fields, self._seed, scope, body)
            if mark is not None:
                made = replace(made, fingerprint=replace(made.fingerprint, left=_left(mark, made.fingerprint)))
        if made.mark is not None:
            self._known[key] = made.mark
            self._known.move_to_end(key)
            if len(self._known) > self._capacity:
                self._known.popitem(last=False)
        elif mark is not None:
            del self._known[key]
        return made.fingerprint


def _left(mark: Mark, made: Fingerprint) -> Left | None:
    """Where this prompt leaves the marked one: digests are chained, so they are equal up to there and never after."""
    known, new = mark.digests, made.digests
    shared = bisect_left(range(min(len(known), len(new))), True, key=lambda place: known[place] != new[place])
    return Left(end=known[-1], size=mark.sizes[shared - 1] if shared else 0)
