"""What can be seen of a prompt before it is sent: whether it begins as the last one did, and whose turn it is.

The gateway compares digests and knows. Where the prompt itself cannot be compared (part of it lies at the provider, or only
counts were recorded) its length still tells something: a prompt that goes on holds all of the last one and the answer to
it, so one that grew by less has lost something on the way.
"""

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from cache.fingerprint import Fingerprint
from cache.freshness import COMPACTED_BELOW, resettled
from cache.kept import kept as kept_of
from cache.kept import lead_tokens
from cache.providers import CacheRules
from cache.standing import Standing
from cache.types import Boundary

Word = Literal["intact", "edited", "compacted", "grown", "bare", "short", "shrunk", "cut"]
"""Seen: `intact`, `edited` from some boundary on, or `compacted`, which is edited to much less. By length alone: `grown` by
its answer or more, `bare` where it grew but is likely read in another mode than the last, `short` of that growth, `shrunk`
below the last prompt, `cut` by a tenth or more."""
Turn = Literal["user", "tool", "aside"]
"""A person goes on, a tool has answered, or a person's turn came faster than a person types: the client wrote it."""

CUT = 0.9
"""Share of the last prompt below which something was taken out rather than exchanged."""
SLACK = 20
"""Tokens by which counts of the same text differ: joints between messages, and answers counted apart from their markup."""
STEP_BLOCKS = 4
"""Blocks that a step of an agent may add: reasoning, text, a call and its result."""
TYPED_S = 2.0
"""Nobody reads an answer and types the next request in less."""


class Look(Struct, frozen=True):
    """What was seen."""

    word: Word
    turn: Turn
    tokens: int
    """Input tokens of this prompt, as well as they are known."""
    kept: int | None = None
    """Tokens up to where it still begins as the last one did; None where that was not seen."""
    lead: int = 0
    """Tokens of tools and system prompt, where they are the last one's and that was seen."""
    used_at: float = 0.0
    """Unix seconds at which what is kept was last used, where that is not the last answer's time; else 0."""

    def within(self, standing: Standing) -> Standing:
        """The thread's standing as far as its prompt was kept."""
        if self.kept is None or self.kept >= standing.cached:
            return standing
        return replace(standing, cached=self.kept, turn=min(standing.turn, self.kept))

    @property
    def whole(self) -> bool:
        """Whether all of the last prompt seems to be in it."""
        return self.word in ("intact", "grown")

    @property
    def begins_turn(self) -> bool:
        """Whether a new turn of a person begins: where a prompt lost the reasoning of the last one, it does so unsaid."""
        return self.turn != "tool" or self.word in ("short", "shrunk")


def by_prefix(
    standing: Standing,
    boundaries: tuple[Boundary, ...],
    fingerprint: Fingerprint,
    person: bool,
    now: float,
    rules: CacheRules,
) -> Look:
    """What comparing digests tells, and settings where they divide the cache. Tokens beyond the last prompt play no part."""
    turn: Turn = "tool" if not person else "aside" if now - standing.at < TYPED_S else "user"
    newest = boundaries[-1]
    kept = kept_of(boundaries, fingerprint, rules, standing.granted_s, now)
    if kept == newest and rules.divided_by_settings and resettled(standing, fingerprint):
        return Look(word="edited", turn=turn, tokens=max(standing.total, newest.tokens), kept=standing.floor)
    if kept == newest:
        return Look(word="intact", turn=turn, tokens=max(standing.total, newest.tokens), kept=newest.tokens)
    shrunk = fingerprint.sizes[-1] < COMPACTED_BELOW * newest.size
    tokens = standing.total * fingerprint.sizes[-1] // max(1, newest.size)
    return Look(
        word="compacted" if shrunk else "edited",
        turn=turn,
        tokens=tokens,
        kept=kept.tokens if kept is not None else 0,
        lead=lead_tokens(boundaries, fingerprint, standing),
        used_at=kept.at if kept is not None and kept.at < newest.at else 0.0,
    )


def by_length(standing: Standing, tokens: int, person: bool, gap_s: float, rules: CacheRules) -> Look:
    """What the length alone tells; `person` says that the newest message is one."""
    turn: Turn = "tool" if not person else "aside" if gap_s < TYPED_S else "user"
    word: Word = "grown"
    if tokens < CUT * standing.total:
        word = "cut"
    elif tokens < standing.total:
        word = "shrunk"
    elif tokens < standing.total + standing.out - SLACK:
        word = "short"
    elif person and _bare(standing, rules):
        word = "bare"
    return Look(word=word, turn=turn, tokens=tokens)


def _bare(standing: Standing, rules: CacheRules) -> bool:
    """Whether a turn ended without the few tokens that follow the last marker where a prompt is read with thinking on.

    Its agent was asked without, then; the person's next turn mostly is with it, and messages cached in one mode are not
    read in the other (Anthropic, "Prompt caching"). What came before that turn could be, but not from so many steps on.
    """
    if rules.breakpoints != "markers" or rules.look_back is None:
        return False
    return standing.total == standing.cached and standing.steps * STEP_BLOCKS >= rules.look_back
