"""Foretells what a request will read from the provider's cache, and learns from what it did read.

Everything the prediction needs is here and in memory: curves, block sizes, shared beginnings. What is asked of it is a
thread's standing and a look at its next prompt; no clock of its own, no I/O.
"""

import math
import re
from functools import lru_cache

from msgspec import Struct

from cache.blocks import Blocks
from cache.cause import cause
from cache.curve import FLOOR
from cache.floors import Floors
from cache.look import Look
from cache.outlook import Outlook, outlook
from cache.providers import CacheRules, Tier
from cache.standing import Standing, outcome
from cache.survival import Survival, Where, lesser

UNPROMISED_S = 300.0
"""The unit of gaps where no lifetime is promised."""


class Subject(Struct, frozen=True):
    """Whose cache it is."""

    rules: CacheRules
    model: str
    """As the provider names it."""
    account: str
    """What the provider keeps apart: an upstream."""
    beginning: str
    """Names tools and system prompt, with whatever else must be equal for threads to share them."""


class Forecast:
    """The learned side of freshness, for one gateway."""

    def __init__(self, survival: Survival) -> None:
        self.survival = survival
        self.blocks = Blocks()
        self.floors = Floors()

    def before(self, standing: Standing, look: Look, subject: Subject, now: float) -> Outlook:
        """What to expect of a request about to be sent. `standing` is of a thread with at least one answer."""
        self.survival.catch_up(now)
        gap_s = max(0.0, now - standing.at)
        tier = subject.rules.tier(standing.granted_s)
        where = placed(subject, tier, standing, look)
        lasts, changes, stands_on = self.survival.foretold(where, gap_s, tier.minimum_s, tier.maximum_s)
        return outlook(
            standing,
            look,
            lesser(lasts, changes),
            self._floor(standing, subject, tier, now),
            self.blocks.of(subject.model, subject.rules.granularity),
            cause(lasts, changes, look.word, gap_s, tier.minimum_s),
            math.inf if gap_s > (tier.maximum_s or math.inf) else stands_on,
        )

    def after(
        self, standing: Standing | None, look: Look, subject: Subject, sent: float, read: int, now: float
    ) -> list[str]:
        """Learn from an answer; `sent` is when its request left. The accounts whose caches are seen to behave anew."""
        if read:
            self.blocks.saw(subject.model, read)
        if standing is None or not standing.requests or look.kept == 0:
            self.floors.touched(subject.beginning, read, now)
            return []
        happened = outcome(look.within(standing), read, whole=look.whole)
        self.floors.touched(subject.beginning, read if happened == FLOOR and read else None, now)
        tier = subject.rules.tier(standing.granted_s)
        where = placed(subject, tier, standing, look)
        gap_s = max(0.0, sent - standing.at)
        self.survival.observe(where, gap_s, tier.minimum_s, tier.maximum_s, happened, now)
        return self.survival.shifted()

    def _floor(self, standing: Standing, subject: Subject, tier: Tier, now: float) -> int:
        """What would be read of tools and system prompt: they are this thread's own, or kept warm by another."""
        shared, used = self.floors.of(subject.beginning)
        last = max(standing.at, used)
        if now - last > max(tier.minimum_s, tier.maximum_s or 0.0):
            return 0
        return (standing.floor if standing.beginning == subject.beginning else 0) or shared


def placed(subject: Subject, tier: Tier, standing: Standing, look: Look) -> Where:
    """The curves that a request is judged by."""
    return Where(
        family=subject.rules.family,
        granted_s=tier.minimum_s or UNPROMISED_S,
        kin=kin(subject.model),
        model=subject.model,
        account=subject.account,
        look=look.word,
        turn=look.turn,
        standing=standing.word,
    )


_VERSION = re.compile(r"[-.@]?v?\d[\d.\-]*(?=$|[-@])")


@lru_cache(maxsize=1024)
def kin(model: str) -> str:
    """A model's name without versions and dates: `claude-opus-4-5-20251101` is a `claude-opus`."""
    return _VERSION.sub("", model.lower())
