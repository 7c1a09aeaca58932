"""Whether a thread stays with its model when its next turn would suit another: a sum of money, unless something forbids it.

A provider's cache is per model. Who leaves pays for the whole prompt where it goes, and on the way back for what its old
cache has lost meanwhile; who stays pays the dearer model's prices for the turn. Both sides are added up over the turns
until the thread comes back (`routing.ahead`). Values in, one value out.
"""

from typing import Literal

from msgspec import Struct

Word = Literal[
    "cache_worth_more",
    "return_costs_more",
    "price_unknown",
    "opaque_state",
    "saves_more",
    "cold_anyway",
    "work_demands",
    "cannot_take",
]
"""Why it stays: what its cache saves is worth more than the change; its cache is gone, but would be again on the return; a
price is not known; or its prompt holds what only its model can read. Why it goes: the change saves more; the old cache is
gone and it costs no more; the work may be done by no other route; or the model cannot take what the turn holds."""
PICOS_PER_USD = 10**12
STAYS = frozenset(("cache_worth_more", "return_costs_more", "price_unknown", "opaque_state"))


class Scales(Struct, frozen=True):
    """Both sides over the turns looked ahead (`routing.ahead`), in pico-dollars; None where a price is not known."""

    stays: int | None
    goes: int | None
    cold: bool = False
    """Its own cache is expected to be gone."""
    takes: bool = True
    """Its own model can take what the turn holds."""
    opaque: str = ""
    """What in the prompt only its own model can read; empty where nothing is."""


class Choice(Struct, frozen=True):
    """What to do, why, and what the other choice was expected to cost more."""

    word: Word
    saved: int | None
    """Pico-dollars over the turns looked ahead; negative where money was not the reason, None where it is not known."""

    @property
    def goes(self) -> bool:
        return self.word not in STAYS


def choose(scales: Scales, demanded: bool) -> Choice:
    """Stay or go. `demanded` says that no route but the other may do this work."""
    gain = gain_of(scales)
    if scales.opaque:
        return Choice(word="opaque_state", saved=None if gain is None else -gain)
    if demanded or not scales.takes:
        return Choice(word="work_demands" if demanded else "cannot_take", saved=gain)
    if gain is None:
        return Choice(word="price_unknown", saved=None)
    if gain <= 0:
        return Choice(word="return_costs_more" if scales.cold else "cache_worth_more", saved=-gain)
    return Choice(word="cold_anyway" if scales.cold else "saves_more", saved=gain)


def gain_of(scales: Scales) -> int | None:
    """What going saves over staying, return included; None where a price is not known."""
    return None if scales.stays is None or scales.goes is None else scales.stays - scales.goes


def told(choice: Choice, own: str, other: str) -> str:
    """The choice for people."""
    if choice.word == "work_demands":
        return f"this work is {other}'s alone" + _priced(choice.saved)
    if choice.word == "cannot_take":
        return f"{own} cannot take what this turn holds" + _priced(choice.saved)
    if choice.word == "opaque_state":
        return f"the prompt holds what only {own} can read"
    if choice.word == "price_unknown":
        return f"the price of {own} or {other} is not known"
    if choice.word == "cache_worth_more":
        return f"the cache {own} keeps of this thread is worth more than {other} saves" + _priced(choice.saved)
    if choice.word == "return_costs_more":
        text = f"{own} has lost its cache, and would have lost it again on the return: that is more than {other} saves"
        return text + _priced(choice.saved)
    why = "its cache is gone anyway" if choice.word == "cold_anyway" else "it saves more than a new cache costs"
    return f"to {other}: {why}" + _priced(choice.saved)


def _priced(picos: int | None) -> str:
    if picos is None:
        return ""
    return f", {'saving' if picos > 0 else 'costing'} about ${abs(picos) / PICOS_PER_USD:.4f}"
