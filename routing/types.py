"""The vocabulary of a routing decision: what is known, what was concluded, and why.

Every value here is frozen and small; nothing in this room reads a clock, a file or a socket. `msgspec.Struct` is used
instead of dataclasses because a frozen struct is built about ten times faster, and several are built per request.
"""

from collections.abc import Callable, Mapping
from typing import Literal

from msgspec import Struct

from routing.stay import Scales

Dialect = Literal["chat", "responses", "messages"]
AgentKind = Literal["main", "subagent", "auxiliary", "compaction"]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
Source = Literal["override", "rule", "classifier", "sticky", "budget", "fallback"]

InputKind = Literal["code", "shell", "diff", "log", "image", "audio", "prose"]
OutputKind = Literal[
    "code", "patch", "config", "review", "structured", "prose", "visual_description", "title"
]


class Signals(Struct, frozen=True):
    """What the classifier may look at: bounded excerpts of one request, never the whole of it."""

    turn_text: str = ""
    """Text of the newest turn by a person, head and tail kept, at most `SIGNAL_TEXT_MAX` characters."""
    previous_text: str = ""
    """Text of the turn before it (whoever spoke), bounded likewise but smaller."""
    system_text: str = ""
    """Head of the system prompt or instructions."""
    tool_names: tuple[str, ...] = ()
    """Names of offered tools wherever they hide, at most `SIGNAL_TOOLS_MAX`."""
    tools: int = 0
    queries: bool = False
    """The definition of a tool speaks of SQL, whatever its name."""
    image: bool = False
    """An image part in the newest turn, nested tool results included."""
    audio: bool = False
    structured: bool = False
    """A response schema was asked for."""
    newest_role: str = ""
    """`user`, `tool` (a tool result is newest), `assistant`, `system`, or empty."""
    turns: int = 0
    """Messages or input items in the request."""
    size: int = 0
    """Body size in bytes."""


class Evidence(Struct, frozen=True):
    """One observation and how far it moved the verdict (positive towards code, negative towards general)."""

    name: str
    weight: float
    detail: str = ""


class Workload(Struct, frozen=True):
    """What kind of work a request is, on both axes, and how to learn what said so."""

    input: InputKind
    output: OutputKind
    confidence: float
    """0.5 (a coin) to 1.0 (structure says so)."""
    score: float = 0.0
    """Log-odds: positive is code."""
    tell: Callable[[], tuple[Evidence, ...]] = tuple
    """The evidence that adds up to the score: asked for only where somebody wants to know."""

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        return self.tell()


class Reason(Struct, frozen=True):
    """Why a decision came out as it did: a stable word for labels and headers, a sentence for people."""

    word: str
    text: str


class Route(Struct, frozen=True):
    """A named destination. A model per dialect keeps each client on its native wire where that is wanted."""

    name: str
    model: str
    by_dialect: Mapping[str, str] = {}
    fallbacks: tuple[str, ...] = ()
    effort: str = ""
    """Reasoning effort for what goes this way; empty leaves the client's."""

    def model_for(self, dialect: str) -> str:
        return self.by_dialect.get(dialect, self.model)


class Pin(Struct, frozen=True):
    """What the thread used last: it stays there while that route or model still exists, unless leaving is worth it."""

    route: str
    model: str
    weigh: "Callable[[str, str, Workload], Scales] | None" = None
    """What staying and going to another route's model would cost. None in the middle of a turn, where nothing moves."""


class Asked(Struct, frozen=True):
    """The request as the decision sees it: who asks, for what, with which headers."""

    model: str
    """Model name as the client wrote it; may be `auto`, a route name or a concrete model."""
    dialect: Dialect
    path: str
    team: str = "default"
    user: str = ""
    client: str = "unknown"
    agent: AgentKind = "main"
    headers: Mapping[bytes, bytes] = {}
    """Lower-case header names; only rules look at them."""
    now: float = 0.0
    """Unix time in seconds; rules about time of day read it."""
    past: "Past | None" = None
    """None for a thread without one."""


class Past(Struct, frozen=True):
    """What rules may ask of a thread's past."""

    age_s: float
    idle_s: float
    freshness: Callable[[], str]
    """State of its prompt cache if it stays where it is; asked for only when a rule needs it."""
    resume_usd: Callable[[], float]
    """What its known prompt costs there in that state, in dollars; 0 where no price is known."""


class Decision(Struct, frozen=True):
    """Where a request goes and why. `refusal` set means it goes nowhere."""

    route: str
    """Route name, or empty where an explicit model was asked for."""
    model: str
    """Configured model name to try first."""
    source: Source
    reasons: tuple[Reason, ...]
    """The first one names the deciding reason."""
    fallbacks: tuple[str, ...] = ()
    effort: str = ""
    """Reasoning effort to ask the model for; empty leaves the client's."""
    refusal: str = ""
    warning: str = ""
    question: str = ""
    """To be answered by sending the request again, before it goes anywhere."""
    asked_by: str = ""
    """Name of the rule that has the question."""
    workload: Workload | None = None
    suits: str = ""
    """The route that the work alone would take; empty where it was not judged, or not surely enough."""
    rule: str = ""
    """Name of the rule that matched, if one did."""
    instead: str = ""
    """The model that was weighed against this one and not taken; empty where there was none."""
    instead_picos: int | None = None
    """Pico-dollars that taking it was expected to cost more, over the turns looked ahead; negative where money was not
    the reason, None where a price is not known."""
    shadows: "tuple[Decision, ...]" = ()
    """What rules in shadow would have decided."""

    def differs(self, other: "Decision") -> bool:
        """Whether the two lead elsewhere."""
        return (self.route, self.model, self.effort, self.refusal) != (
            other.route,
            other.model,
            other.effort,
            other.refusal,
        )
