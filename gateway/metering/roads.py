"""The file in which a gateway tells the ledger's writer what to compare with, how long to keep it, what to print; the
writer, another process, has no config.
"""

import contextlib
import functools
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from gateway.config.compiled import Snapshot
from gateway.metering.prices import PriceBook
from gateway.metering.types import Intent, Settlement
from gateway.metering.whatif import CODE, CONVERSATIONS, GENERAL, NOTHING_KNOWN, Road, Roads, WhatIf, what_if

NAME = "roads.json"


def roads_of(snapshot: Snapshot) -> Roads:
    """Where a config's routes `code` and `general` lead; a route that is not there is compared with nothing."""
    return Roads(
        code=_road(snapshot, CODE),
        general=_road(snapshot, GENERAL),
        prices=snapshot.price_overrides,
        keep_days=snapshot.ledger_keep_days,
        log_requests=snapshot.ledger_log_requests,
    )


def _road(snapshot: Snapshot, name: str) -> dict[str, Road]:
    route = snapshot.policy.routes.get(name)
    if route is None:
        return {}
    models = {dialect: snapshot.model(route.model_for(dialect)) for dialect in sorted(CONVERSATIONS)}
    return {
        dialect: Road(provider=snapshot.upstreams[model.upstream].provider, model=model.upstream_name)
        for dialect, model in models.items()
        if model is not None
    }


def write_roads(folder: Path, roads: Roads) -> None:
    """Replace the file, whole or not at all; a disk that is full keeps the old one."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = folder / f"{NAME}.{os.getpid()}"
    with contextlib.suppress(OSError):
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(msgspec.json.encode(roads))
        fresh.replace(folder / NAME)
    fresh.unlink(missing_ok=True)


class RoadsFile:
    """The reader's side: read again when it has changed. Without a file, or with a broken one, nothing is claimed."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._seen: tuple[int, int] | None = None
        self._reckon: Callable[[Intent, Settlement], WhatIf] = _nothing
        self._keep_days: int | None = None
        self._log_requests = False

    def reckon(self) -> Callable[[Intent, Settlement], WhatIf]:
        """What an event would have cost otherwise, by the config of now."""
        self._look()
        return self._reckon

    def keep_days(self) -> int | None:
        """How long single requests are kept, by the config of now; None for ever."""
        self._look()
        return self._keep_days

    def log_requests(self) -> bool:
        """Whether a line is printed for each request, by the config of now."""
        self._look()
        return self._log_requests

    def _look(self) -> None:
        try:
            stat = self._path.stat()
        except OSError:
            return
        seen = (stat.st_mtime_ns, stat.st_ino)
        if seen != self._seen:
            self._seen = seen
            self._read()

    def _read(self) -> None:
        self._reckon, self._keep_days, self._log_requests = _nothing, None, False
        try:
            roads = msgspec.json.decode(self._path.read_bytes(), type=Roads)
            book = PriceBook.load(roads.prices)
        except (OSError, ValueError, ArithmeticError):
            return
        self._reckon = functools.partial(_reckoned, roads=roads, book=book)
        self._keep_days, self._log_requests = roads.keep_days, roads.log_requests


def _reckoned(intent: Intent, settled: Settlement, roads: Roads, book: PriceBook) -> WhatIf:
    return what_if(intent, settled, roads, book)


def _nothing(_: Intent, __: Settlement) -> WhatIf:
    return NOTHING_KNOWN
