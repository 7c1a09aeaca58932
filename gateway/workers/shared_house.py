"""The house of one of several workers: how many are inside, and who made a response, is asked of all of them."""

from pathlib import Path

from cache.board import tag_of
from gateway.house import House, Minted
from gateway.notices import Notices
from gateway.workers.columns import Columns
from gateway.workers.share import Share

_BETWEEN = "\0"
"""Parts what lies on the board: id, upstream, team, thread. Cheaper than a format, and written once a request."""


class SharedNotices(Notices):
    """Notices of several workers: a client that got one may bring it to any of them."""

    def __init__(self, columns: Columns, seed: int, ever: Path | None) -> None:
        self._columns = columns
        self._ever = False
        super().__init__(seed, ever)

    @property
    def ever(self) -> bool:
        if not self._ever:
            self._ever = self._columns.noticed()
        return self._ever

    @ever.setter
    def ever(self, yes: bool) -> None:
        if yes:
            self._ever = True
            self._columns.notice()


class SharedHouse(House):
    """A house with a door to the others."""

    def __init__(self, share: Share, noticed: Path | None = None, **parts: object) -> None:
        self._columns = share.columns
        self._board = share.minted
        self._inside = 0
        super().__init__(**parts)  # type: ignore[arg-type]  # the parts of a house, as `House` names them
        self.notices = SharedNotices(share.columns, self.seed, noticed)

    @property
    def inside(self) -> int:
        """Requests under way here."""
        return self._inside

    @inside.setter
    def inside(self, count: int) -> None:
        self._inside = self._columns.inside = count

    def full(self, most: int) -> bool:
        # Each worker lets in one request at a time, so that the bound is passed by at most one for each other worker.
        return self._columns.inside_all() >= most

    def mint(self, response_id: str, upstream: str, team: str, thread: str) -> None:
        super().mint(response_id, upstream, team, thread)
        try:
            data = _BETWEEN.join((response_id, upstream, team, thread)).encode()
        except UnicodeError:  # a lone surrogate in a name: it stays in this process
            return
        self._board.put(self._tag(response_id), data, self.wall())

    def minted(self, response_id: str) -> Minted | None:
        here = super().minted(response_id)
        if here is not None:
            return here
        data = self._board.get(self._tag(response_id))
        parts = data.decode("utf-8", "replace").split(_BETWEEN) if data is not None else ()
        if len(parts) != 4 or parts[0] != response_id:  # another id's, or one with the mark in a name
            return None
        return Minted(upstream=parts[1], team=parts[2], thread=parts[3])

    def _tag(self, response_id: str) -> int:
        return tag_of(response_id.encode("utf-8", "surrogatepass"), self.seed)
