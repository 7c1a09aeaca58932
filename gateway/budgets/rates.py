"""Requests and tokens a minute, by a sliding window of two counters: this minute's and what of the last one still counts.

The share of the last minute that lies within the past sixty seconds is taken to have been spread evenly over it. Two
additions a request, no clock of its own, and it can be counted in memory that several processes share; a bucket of tokens
would need a compare-and-swap.
"""

from collections.abc import Sequence

from msgspec import Struct

from gateway.budgets.counters import Counters, Key
from gateway.budgets.types import RateLimit
from gateway.budgets.watch import Spender, fits, who_of

MINUTE_S = 60
WAIT_MAX_S = 60.0
"""The longest wait we ask for: Codex honours up to a minute and hangs silently on more."""


class Counted(Struct, frozen=True):
    """One measure of one limit that a request was counted under."""

    limit: RateLimit
    team: str
    who: str
    minute: int
    what: str
    amount: int

    def key(self, minute: int) -> Key:
        return (self.limit.name, self.team, self.who, minute, self.what)


class TooFast(Exception):
    """A limit is reached; `wait_s` seconds from now there is room again."""

    def __init__(self, limit: RateLimit, what: str, wait_s: float) -> None:
        super().__init__(limit.name)
        self.limit = limit
        self.what = what
        self.wait_s = wait_s


def count(limits: Sequence[RateLimit], caller: Spender, tokens: int, at: float, counters: Counters) -> list[Counted]:
    """Count a request of so many expected tokens under every limit it fits, or under none and `TooFast`."""
    counted: list[Counted] = []
    minute = int(at // MINUTE_S)
    for limit in limits:
        if not fits(limit, caller):
            continue
        for what, bound, amount in (("requests", limit.requests, 1), ("tokens", limit.tokens, tokens)):
            if bound is None:
                continue
            one = Counted(limit, caller.team, who_of(limit.per, caller), minute, what, amount)
            this = counters.add(one.key(minute), amount)
            counted.append(one)
            before = counters.total(one.key(minute - 1))
            gone = at / MINUTE_S - minute
            need = min(amount, bound)  # what is larger than a whole minute's worth passes when a minute was quiet
            if before * (1 - gone) + this - amount + need > bound:
                take_back(counted, counters)
                raise TooFast(limit, what, wait(before, this - amount, gone, need, bound))
    return counted


def take_back(counted: Sequence[Counted], counters: Counters) -> None:
    """Uncount a request that did not take place."""
    for one in counted:
        counters.add(one.key(one.minute), -one.amount)


def correct(counted: Sequence[Counted], tokens: int, at: float, counters: Counters) -> None:
    """Count what a request really used: more goes into the present minute, less out of the one it was counted in."""
    for one in counted:
        more = tokens - one.amount
        if one.what == "tokens" and more:
            counters.add(one.key(int(at // MINUTE_S) if more > 0 else one.minute), more)


def wait(before: int, this: int, gone: float, need: int, bound: int) -> float:
    """Seconds until `need` fits under `bound`, if nothing else comes: in this minute, else in the next."""
    room = bound - need
    if this <= room:
        until = 1 - (room - this) / before if before else gone
        return min(WAIT_MAX_S, max(0.0, until - gone) * MINUTE_S)
    return min(WAIT_MAX_S, (1 - gone + 1 - room / this) * MINUTE_S)
