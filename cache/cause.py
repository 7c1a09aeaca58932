"""Why a cache was lost, or would be: the likelier of the two ways, in one word."""

from typing import Literal

from cache.curve import WHOLE, Chances
from cache.look import Word

Cause = Literal["none", "expired", "affinity", "broken", "compacted", "unexplained", "first_call"]
"""`expired`: time passed. `affinity`: lost while the vendor's promise held, as when another machine answers. `broken`: the
prompt no longer begins as it did. `compacted`: much was taken out of it. `unexplained`: none of these can be seen."""

_BY_LOOK: dict[Word, Cause] = {
    "cut": "compacted",
    "shrunk": "broken",
    "short": "broken",
    "edited": "broken",
    "compacted": "compacted",
    "bare": "broken",
    "grown": "unexplained",
    "intact": "unexplained",
}


def cause(lasts: Chances, changes: Chances, look: Word, gap_s: float, promised_s: float) -> Cause:
    """The likelier cause of a loss under these chances."""
    if 1.0 - lasts[WHOLE] <= 1.0 - changes[WHOLE]:
        return _BY_LOOK[look]
    return "affinity" if gap_s <= promised_s else "expired"
