"""Time passes: what a stopped gateway remembers of its threads is made older, as if nobody had spoken for so long."""

from pathlib import Path

import msgspec
from msgspec.structs import replace

from cache.stores.disk import DiskStore
from cache.threads import VERSION
from cache.types import ThreadRecord


def age(home: Path, seconds: float) -> int:
    """How many threads were made older."""
    store = DiskStore(home / "threads")
    entries = {}
    for address in store.newest(1000):
        record = msgspec.msgpack.decode((store.get(address) or b"")[1:], type=ThreadRecord)
        older = replace(
            record, last_end=record.last_end - seconds, standing=replace(record.standing, at=record.standing.at - seconds)
        )
        entries[address] = VERSION + msgspec.msgpack.encode(older)
    store.put(entries, 86_400.0 * 14)
    store.close()
    return len(entries)
