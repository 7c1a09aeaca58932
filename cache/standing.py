"""How a thread stands with its provider's cache: the few counts of its last answers that the next prediction needs."""

from msgspec import Struct

from cache.curve import BETWEEN, FLOOR, TURN, WHOLE, Outcome

SMALL, LARGE = 32_000, 80_000
"""Cached tokens below and above which prompts fare differently: OpenAI loses one small prompt in five within seconds, as
it spreads a new prefix over several machines before it settles, and one large one in fifty."""
FULL = 0.9
"""Share of the last prompt from which a read counts as full: the rest is block size and an unmarked last message."""
HALF = 0.5
"""Below this share of the last prompt a read is a miss."""
NEAR = 600
"""Tokens within which a read belongs to a boundary: one block and a few turns' worth of markup."""


class Standing(Struct, frozen=True, array_like=True):
    """After an answer. All zero before the first."""

    at: float = 0.0
    """Unix seconds at which it began: the prompt had been read by then, and the cache's clock runs from there."""
    total: int = 0
    """Input tokens of its prompt."""
    cached: int = 0
    """Of these, what the cache should hold now."""
    out: int = 0
    """Tokens of the answer, reasoning included."""
    turn: int = 0
    """What the cache should hold of the prompt that began the present turn, or of the one before it at such a beginning."""
    floor: int = 0
    """Tokens read at the last loss, or at the first request: tools and system prompt, as a rule. 0 where not known."""
    granted_s: float = 0.0
    """Lifetime the provider granted; 0 where it named none."""
    requests: int = 0
    missed: bool = False
    """The last answer read less than it should have."""
    tools: str = ""
    """Digest of its tools."""
    beginning: str = ""
    """What is shared with other threads: digest of tools and system prompt, or what else names them."""
    settings: str = ""
    """Digest of the settings it was asked with (`cache.beside`)."""
    steps: int = 0
    """Answers since the one to a person's last message."""

    @property
    def word(self) -> str:
        """The thread's standing as the curves know it."""
        if self.missed:
            return "missed"
        if self.cached < SMALL:
            return "small"
        return "middle" if self.cached < LARGE else "large"


def outcome(standing: Standing, read: int, *, whole: bool) -> Outcome:
    """Which boundary a read reached. `whole`: the prompt held all of the last one, so that nothing ends at its last turn."""
    cached, turn = standing.cached, standing.turn
    if not whole and 0 < turn < cached and abs(read - turn) < min(max(NEAR, turn // 50), abs(read - cached)):
        return TURN
    if read >= FULL * cached:
        return WHOLE
    return BETWEEN if read >= HALF * cached else FLOOR


class Answered(Struct, frozen=True):
    """What an answer adds; as in `Standing`, where not said otherwise."""

    at: float
    total: int
    read: int
    """Tokens read from the cache."""
    out: int
    begins_turn: bool
    """Its prompt ended with a person's message."""
    granted_s: float = 0.0
    cached: int = 0
    tools: str = ""
    beginning: str = ""
    settings: str = ""
    suits: str = ""
    """The route that suits the turn it begins; empty where that is not known (`cache.course`)."""


def after(standing: Standing | None, answered: Answered) -> Standing:
    """How the thread stands after one more answer."""
    before = standing if standing is not None else Standing()
    read, cached = answered.read, answered.cached
    first = not before.requests
    lost = not first and read < FULL * before.cached
    floor = before.floor if before.beginning == answered.beginning else 0
    if first or (lost and 0 < read < (floor or HALF * before.cached)):
        floor = read
    return Standing(
        at=answered.at,
        total=answered.total,
        cached=cached,
        out=answered.out,
        turn=cached if first or answered.begins_turn else before.turn,
        floor=floor,
        granted_s=answered.granted_s or before.granted_s,
        requests=before.requests + 1,
        missed=lost,
        tools=answered.tools,
        beginning=answered.beginning,
        settings=answered.settings,
        steps=0 if first or answered.begins_turn else before.steps + 1,
    )
