"""What the turns ahead of a thread cost with the model it is on, and with another until it comes back.

Both are added up turn by turn over a run of work of the other kind, each turn with the chance that it is reached. Who goes
writes the prompt where it arrives; on the return its old model writes what it has not seen, and all of it if its cache did
not last. Who stays reads the whole prompt at the old model's price with every request. Values in, two sums out.
"""

import math
from collections.abc import Callable
from functools import lru_cache

from msgspec import Struct

TURNS_AHEAD = 8
"""Turns of a run that are added up; with an even chance of one more, one run in 256 is longer."""
_AWAY = ((1, (1 / 6, 1 / 2, 5 / 6)), (2, (1 / 4, 3 / 4)), (4, (1 / 2,)))
"""Six absences that stand for all: so many turns, and last a pause than which that share of pauses is shorter."""


class Habits(Struct, frozen=True):
    """How threads go on. Shipped: as 344 public sessions of Claude Code did (3,642 turns, `pointsman eval policies`)."""

    requests: float = 6.22
    """A turn's, over all threads."""
    weight: float = 10.0
    """How many of a thread's own turns tell as much of its next one as all threads do."""
    spread: float = 2.8
    """Variance of a thread's turns over the squared mean: most are short, and a few do most of the work."""
    again: float = 0.5
    """Chance that a turn of the other kind is followed by one more. Set, not measured: no trace tells kinds."""
    again_weight: float = 8.0
    """How many turns of the other kind in the thread itself tell as much. Set, too."""
    ends: float = 5.0
    """A thread with n turns behind it ends with this one in one of n + so many cases."""
    pauses_s: tuple[float, ...] = (6, 8, 9, 11, 13, 15, 18, 23, 35, 54, 91, 136, 215, 407, 927, 2900)
    """Pauses between two turns, from the last answer to the next message, each standing for a sixteenth of them."""
    request_s: float = 27.0
    """What a request of a longer turn takes, the tool before it included."""
    added: float = 1_738.0
    """Tokens a request adds to the prompt."""
    output: float = 443.0

    def requests_of(self, requests: int, turns: int) -> float:
        """Requests that a thread's next turn is expected to take, by how many its turns took so far."""
        return (self.weight * self.requests + (requests if turns else 0)) / (self.weight + turns)

    def again_of(self, turns: int, again: int) -> float:
        """The chance of one more turn of a kind, by how often one followed another in this thread."""
        return (self.again_weight * self.again + again) / (self.again_weight + turns)

    def pause_s(self, share: float) -> float:
        """The pause than which this share of pauses is shorter, between those that stand for their parts."""
        place = share * len(self.pauses_s) - 0.5
        below = int(place)
        low, high = math.log(self.pauses_s[below]), math.log(self.pauses_s[below + 1])
        return math.exp(low + (place - below) * (high - low))


SHIPPED = Habits()


class Behind(Struct, frozen=True):
    """What a thread has behind it."""

    requests: int = 0
    turns: int = 0
    alike: int = 0
    """Turns that suited the other route and were followed by one more turn."""
    again: int = 0
    """Of these, those that were followed by one that suited it too."""


class Party(Struct, frozen=True):
    """One model in the sum: pico-dollars a token, and what its cache is expected to hold of this prompt."""

    read: int
    write: int
    output: int
    kept: float
    """Share of a prompt that is still read at the next turn of a thread that stays."""
    expected: Callable[[float], float]
    """Tokens expected to be read if the prompt were sent so many seconds from now."""

    def cost(self, tokens: float, held: float) -> float:
        """The input side of a prompt of which so much is read."""
        return held * self.read + (tokens - held) * self.write


class Road(Struct, frozen=True):
    """Both sums in pico-dollars."""

    stays: int
    goes: int


def ahead(tokens: int, behind: Behind, stays: Party, goes: Party, habits: Habits = SHIPPED) -> Road:
    """The sums for a prompt of so many tokens."""
    many, again = habits.requests_of(behind.requests, behind.turns), habits.again_of(behind.alike, behind.again)
    grown, later = many * habits.added, max(0.0, many - 1.0)
    own, other = _fixed(stays, many, habits), _fixed(goes, many, habits)
    left = _left(tokens, many, stays, habits)
    here, there = min(tokens, stays.expected(0.0)), min(tokens, goes.expected(0.0))
    staying = going = 0.0
    reached, length = 1.0, float(tokens)
    for step in range(TURNS_AHEAD):
        staying += reached * (stays.cost(length, here) + later * length * stays.read + own)
        going += reached * (goes.cost(length, there) + later * length * goes.read + other)
        length += grown
        goes_on = reached * (1.0 - 1.0 / (behind.turns + step + habits.ends))
        returns, reached = goes_on * (1.0 - again), goes_on * again
        here, there = stays.kept * length, goes.kept * length
        staying += returns * stays.cost(length, here)
        going += returns * stays.cost(length, left[min(step, len(left) - 1)])
    return Road(stays=int(staying), goes=int(going))


def _fixed(party: Party, many: float, habits: Habits) -> float:
    """What a turn of so many requests costs whatever prompt it begins with. What one request adds is read again by all that
    follow it, of which long turns have more than their share."""
    read = habits.added * many * many * (1.0 + habits.spread) / 2 * party.read
    return read + max(0.0, many - 1.0) * habits.added * party.write + many * habits.output * party.output


def _left(tokens: int, many: float, stays: Party, habits: Habits) -> list[float]:
    """What the cache that was left is expected to hold on a return after one turn, after two, and after more."""
    busy_s = many * habits.request_s
    return [
        sum([min(tokens, stays.expected(busy_s * turns + rests_s)) for rests_s in rests]) / len(rests)
        for turns, rests in _absences(habits)
    ]


@lru_cache(maxsize=16)
def _absences(habits: Habits) -> tuple[tuple[int, tuple[float, ...]], ...]:
    """Turns, and seconds between them, of absences that stand for all."""
    usual_s = habits.pause_s(0.5)
    return tuple(
        (turns, tuple(usual_s * (turns - 1) + habits.pause_s(share) for share in shares)) for turns, shares in _AWAY
    )
