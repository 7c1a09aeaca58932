"""A request's head that came before: recognised by its bytes, and then neither parsed nor understood anew.

The programs recorded for this gateway send the same head with every request of a turn, some 18 lines in 900 bytes; only the
length of the body differs. So the digits of that number are cut out, and with what is left stays what the parser made of
it. Nothing is guessed: the rest is equal byte for byte, or the parser reads it.
"""

from gateway.wire.reception import LINE_COST
from gateway.wire.types import Head, Letterhead

KEPT_MAX = 1024
"""Letterheads kept, and heads noted that came once, of all connections together; the oldest goes first."""
BYTES_MAX = 4096
"""Of a head that is kept: nearly three times the longest one recorded. All of them are then 10 MB at the very most."""
DIGITS_MAX = 10
"""Of a length that is recognised; no body is as long as that."""
_LENGTH = b"ength: "
"""How the name of the line that differs ends, whether its words are capitalised or not."""

Sheet = tuple[tuple[bytes, bytes], int, int]
"""A head cut at its length: what stands before and behind the digits, their value, and where the body begins."""


def cut(data: bytes) -> Sheet | None:
    """Cut the head that a read begins with; None where it is not whole, too long, or says no length in plain digits."""
    end = data.find(b"\r\n\r\n", 0, BYTES_MAX)
    found = data.find(_LENGTH, 0, end)
    if end < 0 or found < 0:
        return None
    start = found + len(_LENGTH)
    stop = data.find(b"\r", start)
    digits = data[start:stop]
    if not digits.isdigit() or len(digits) > DIGITS_MAX:
        return None
    return (data[:start], data[stop:end]), int(digits), end + 4


class Letterheads:
    """Those that came more than once lately, on whatever connection."""

    def __init__(self) -> None:
        self._kept: dict[tuple[bytes, bytes], Letterhead] = {}
        self._once: dict[int, None] = {}
        """Hashes of heads that came once: one that carries an id of its own costs no more than this."""

    def find(self, sheet: Sheet | None, body_max: int) -> Head | None:
        """The head that was cut, if an equal one is kept; None where the parser has to look, as at a body over the bound."""
        if sheet is None or (found := self._kept.get(sheet[0])) is None or sheet[1] > body_max:
            return None
        return found.request(sheet[1])

    def recurring(self, sheet: Sheet | None) -> Sheet | None:
        """A head that is not kept, if it came before and so is worth keeping; else it is noted."""
        if sheet is None:
            return None
        mark = hash(sheet[0])
        if mark in self._once:
            return sheet
        if len(self._once) >= KEPT_MAX:
            del self._once[next(iter(self._once))]
        self._once[mark] = None
        return None

    def keep(self, sheet: Sheet, request: Head, head_max: int) -> None:
        """Keep what the parser made of a head that was cut.

        Only where each line is one header that the parser told of, and one of them the length: then a head with the same
        rest means the same, whatever number stands in it. `head_max` holds for it as for any other.
        """
        rest, _, end = sheet
        before, behind = rest
        lines = before.count(b"\n") + behind.count(b"\n")
        if not before.lower().endswith(b"\ncontent-length: ") or lines != len(request.headers):
            return
        if end + DIGITS_MAX + LINE_COST * lines > head_max:
            return
        if len(self._kept) >= KEPT_MAX:
            del self._kept[next(iter(self._kept))]
        self._kept[rest] = Letterhead(request)
