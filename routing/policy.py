"""A routing policy, compiled: the routes there are, the rules that override, and the matrix that decides the rest."""

import re
from collections.abc import Mapping

from msgspec import Struct

from routing.types import Route


class When(Struct, frozen=True):
    """The conditions of one rule; all that are set must hold. None means "does not matter"."""

    team: frozenset[str] | None = None
    user: frozenset[str] | None = None
    client: frozenset[str] | None = None
    agent: frozenset[str] | None = None
    model: tuple[str, ...] | None = None
    """Patterns over the model asked for; one `*` each."""
    tools: frozenset[str] | None = None
    """Any of these tool names is offered."""
    image: bool | None = None
    input: frozenset[str] | None = None
    output: frozenset[str] | None = None
    language: frozenset[str] | None = None
    size_over: int | None = None
    """Body bytes."""
    size_under: int | None = None
    keywords: tuple[str, ...] | None = None
    """Any of these, case-folded, in the newest turn."""
    regex: re.Pattern[str] | None = None
    """Looked for in the newest turn."""
    dialect: frozenset[str] | None = None
    path: tuple[str, ...] | None = None
    header: Mapping[bytes, str] | None = None
    """Lower-case header name to a value pattern."""
    hours: tuple[int, int] | None = None
    """Minutes since midnight UTC, from (inclusive) to (exclusive); may wrap."""
    weekdays: frozenset[int] | None = None
    """0 is Monday, UTC."""
    thread_age_over_s: float | None = None
    """Since the thread's first answer ended. Conditions on a thread's past never hold for one that has none."""
    thread_age_under_s: float | None = None
    idle_over_s: float | None = None
    """Since its last answer ended."""
    freshness: frozenset[str] | None = None
    resume_over_usd: float | None = None
    """What the thread's known prompt costs where it stands, in its present state."""
    """State of the prompt cache where the thread stands now."""


class Rule(Struct, frozen=True):
    """Without `route`, `model` and `refuse` it decides nothing, and later rules are tried."""

    name: str
    when: When
    route: str = ""
    model: str = ""
    refuse: str = ""
    because: str = ""
    effort: str = ""
    """Reasoning effort, in place of the route's; alone it is no decision, and goes with whatever is decided."""
    ask: str = ""
    """A question to whoever sent it; the same prompt passes when it comes again."""
    warn: str = ""
    """Told to the client beside whatever is decided."""
    shadow: bool = False
    """What it would do is noted, and not done."""

    @property
    def decides(self) -> bool:
        return not self.shadow and bool(self.route or self.model or self.refuse)


class MatrixLine(Struct, frozen=True):
    """One line of the two-axis matrix; None on an axis fits everything."""

    route: str
    input: frozenset[str] | None = None
    output: frozenset[str] | None = None


MIN_CONFIDENCE = 0.55
"""Where a configuration names no other: between here and a coin the default is right as often as the verdict."""


class Policy(Struct, frozen=True):
    """Everything `decide` needs from the config."""

    routes: Mapping[str, Route]
    rules: tuple[Rule, ...]
    matrix: tuple[MatrixLine, ...]
    aliases: frozenset[str]
    """Model names that mean "you decide"."""
    default: str
    """Route for a thread without a past when the classifier abstains."""
    min_confidence: float
    demanding: frozenset[str] = frozenset()
    """Routes whose work no other may do: a thread moves there whatever its cache is worth."""
    matrix_of: Mapping[str, tuple[MatrixLine, ...]] = {}
    """Teams with a matrix of their own."""
