"""How much of what a thread's provider has seen is in its next prompt, and how many tokens that is.

Where prompts ended the provider counted. A place between such ends is reckoned in proportion to the bytes, from one counted
end to the next; no tokenizer is asked. It matters to providers that read a prefix up to any block, and for the tools and
the system prompt, which are read when all else is lost.
"""

from bisect import bisect_left
from collections.abc import Sequence

from cache.fingerprint import Fingerprint
from cache.providers import CacheRules
from cache.standing import Standing
from cache.types import Boundary

ANYWHERE = ("any_block", "unpublished")
"""Ways in which a read may end where no prompt ended."""
AT_LEADS = (*ANYWHERE, "markers")
"""Ways in which it may end after tools and system prompt; clients that mark anything mark these."""


def kept(
    boundaries: Sequence[Boundary], fingerprint: Fingerprint, rules: CacheRules | None, granted_s: float, now: float
) -> Boundary | None:
    """The longest prefix seen before that this prompt begins with; one not used for too long only for want of another."""
    longest = _longest(boundaries, fingerprint, _since(rules, granted_s, now))
    left, newest = fingerprint.left, boundaries[-1]
    if left is None or rules is None or rules.breakpoints not in ANYWHERE or longest is newest:
        return longest
    if left.end.hex() != newest.digest or left.size <= (longest.size if longest is not None else 0):
        return longest
    return Boundary(digest="", size=left.size, tokens=reckoned(left.size, longest, newest), at=newest.at)


def reckoned(size: int, below: Boundary | None, above: Boundary) -> int:
    """Tokens up to a place between two ends that were counted; without one below, from the prompt's beginning."""
    bytes_, tokens = (below.size, below.tokens) if below is not None else (0, 0)
    return tokens + (size - bytes_) * (above.tokens - tokens) // max(1, above.size - bytes_)


def lead_tokens(boundaries: Sequence[Boundary], fingerprint: Fingerprint, standing: Standing) -> int:
    """Tokens of tools and system prompt where they are still the last prompt's; else 0."""
    lead = fingerprint.lead
    if not boundaries or fingerprint.digests[lead].hex() != standing.beginning:
        return 0
    size = fingerprint.sizes[lead]
    return reckoned(size, None, min(boundaries, key=_size)) if size > PREAMBLE_EMPTY else 0


PREAMBLE_EMPTY = 2
"""Bytes of tools and system prompt where there are none."""


def holds(fingerprint: Fingerprint, boundary: Boundary) -> bool:
    """Whether the prompt begins with exactly the prefix that ends at this boundary."""
    sizes = fingerprint.sizes
    place = bisect_left(sizes, boundary.size)
    return place < len(sizes) and sizes[place] == boundary.size and fingerprint.digests[place].hex() == boundary.digest


def _longest(boundaries: Sequence[Boundary], fingerprint: Fingerprint, since: float) -> Boundary | None:
    longest = gone = None
    for boundary in reversed(boundaries):  # nearly always the newest is the longest, and the only one to be looked up
        alive = not boundary.at or boundary.at >= since
        rival: Boundary | None = longest if alive else gone
        if (rival is None or boundary.size > rival.size) and holds(fingerprint, boundary):
            if alive:
                longest = boundary
            else:
                gone = boundary
    return longest or gone


def _since(rules: CacheRules | None, granted_s: float, now: float) -> float:
    """When a prefix must have been used last to be still there, by the documents; always, where they name no end."""
    if rules is None:
        return 0.0
    end = rules.tier(granted_s).maximum_s
    return now - end if end is not None else 0.0


def _size(boundary: Boundary) -> int:
    return boundary.size
