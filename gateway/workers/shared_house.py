"""The house of one of several workers: how many are inside, and who made a response, is asked of all of them."""

import msgspec

from cache.board import tag_of
from gateway.house import House, Minted
from gateway.workers.share import Share

_encode = msgspec.msgpack.Encoder().encode


class _Found(Minted, frozen=True):
    """What lies on the board: an id, and where the response came from."""

    id: str


_decode = msgspec.msgpack.Decoder(_Found).decode


class SharedHouse(House):
    """A house with a door to the others."""

    def __init__(self, share: Share, **parts: object) -> None:
        self._columns = share.columns
        self._board = share.minted
        self._inside = 0
        super().__init__(**parts)  # type: ignore[arg-type]  # the parts of a house, as `House` names them

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
        tag = self._tag(response_id)
        try:
            data = _encode(_Found(id=response_id, upstream=upstream, team=team, thread=thread))
        except UnicodeError:  # a lone surrogate in a name: it stays in this process
            return
        self._board.put(tag, data, self.wall())

    def minted(self, response_id: str) -> Minted | None:
        here = super().minted(response_id)
        if here is not None:
            return here
        data = self._board.get(self._tag(response_id))
        if data is None:
            return None
        try:
            found = _decode(data)
        except (msgspec.DecodeError, UnicodeError):
            return None
        return found if found.id == response_id else None

    def _tag(self, response_id: str) -> int:
        return tag_of(response_id.encode("utf-8", "surrogatepass"), self.seed)
