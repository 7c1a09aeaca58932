"""What a rule asks for and what it does, as it is written in a config."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from cache.types import State
from gateway.config.scalars import Bytes, Duration, HeaderName, Hours, Line, ModelName, Name, Pattern, Regex, Usd
from gateway.config.schema_base import Inputs, Lines, Outputs, Section, many
from routing.types import AgentKind, Dialect, Effort

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Patterns = Annotated[tuple[Pattern, ...], Field(min_length=1), many(Pattern | tuple[Pattern, ...])]
Agents = Annotated[tuple[AgentKind, ...], Field(min_length=1), many(AgentKind | tuple[AgentKind, ...])]
Dialects = Annotated[tuple[Dialect, ...], Field(min_length=1), many(Dialect | tuple[Dialect, ...])]
States = Annotated[tuple[State, ...], Field(min_length=1), many(State | tuple[State, ...])]
Weekdays = Annotated[tuple[Weekday, ...], Field(min_length=1), many(Weekday | tuple[Weekday, ...])]


class When(Section):
    """The conditions of a rule. All that are given must hold; of several values in one, any."""

    team: Lines | None = Field(default=None, description="Team that asks.")
    user: Lines | None = Field(default=None, description="User within the team.")
    client: Lines | None = Field(default=None, description="Client program, such as `codex` or `claude-code`.")
    agent: Agents | None = Field(default=None, description="Kind of agent.")
    model: Patterns | None = Field(default=None, description="Model asked for; a name or a pattern with one `*`.")
    tools: Lines | None = Field(default=None, description="Name of a tool the request offers.")
    image: bool | None = Field(default=None, description="Whether the newest turn holds an image.")
    input: Inputs | None = Field(default=None, description="Kind of input the classifier saw.")
    output: Outputs | None = Field(default=None, description="Kind of output the classifier expects.")
    language: Lines | None = Field(default=None, description="Programming language the newest turn shows.")
    size_over: Bytes | None = Field(default=None, description="The body has more bytes than this.")
    size_under: Bytes | None = Field(default=None, description="The body has fewer bytes than this.")
    keywords: Lines | None = Field(default=None, description="Words in the newest turn; case does not matter.")
    regex: Regex | None = Field(
        default=None,
        description="Regular expression looked for in the newest turn, in Python's syntax; `(?i)` ignores case.",
    )
    dialect: Dialects | None = Field(default=None, description="API the client speaks.")
    path: Patterns | None = Field(default=None, description="Path of the request; a pattern with one `*` is allowed.")
    header: Mapping[HeaderName, Pattern] | None = Field(
        default=None, min_length=1, description="Header names and the values they must have; one `*` each is allowed."
    )
    hours: Hours | None = Field(
        default=None,
        description='Time of day in UTC, from (inclusive) to (exclusive): `"22:00-06:00"`. May pass midnight.',
    )
    weekdays: Weekdays | None = Field(default=None, description="Days of the week in UTC.")
    thread_age_over_s: Duration | None = Field(
        default=None, description="The thread's first answer is longer ago. A thread without a past fits no such condition."
    )
    thread_age_under_s: Duration | None = Field(default=None, description="The thread's first answer is not so long ago.")
    idle_over_s: Duration | None = Field(default=None, description="The thread's last answer is longer ago.")
    freshness: States | None = Field(
        default=None, description="State of the thread's prompt cache if it stays on its model, by the provider's documents."
    )
    resume_over_usd: Usd | None = Field(
        default=None,
        description="In that state the thread's known prompt costs more than this, in dollars.",
    )

    @model_validator(mode="after")
    def _can_hold(self) -> "When":
        if self.size_over is not None and self.size_under is not None and self.size_over + 1 >= self.size_under:
            raise PydanticCustomError("rule", "no size is over size_over and under size_under")
        over, under = self.thread_age_over_s, self.thread_age_under_s
        if over is not None and under is not None and over >= under:
            raise PydanticCustomError("rule", "no age is over thread_age_over_s and under thread_age_under_s")
        if self.hours is not None and self.hours[:5] == self.hours[6:]:
            raise PydanticCustomError("rule", "the hours begin and end at the same time; leave them out for all day")
        return self


class Then(Section):
    """What a rule does: one of route, model and refuse; effort, a question and a warning beside it, or alone."""

    route: Name | None = Field(default=None, description="Send the request down this route.")
    model: ModelName | None = Field(default=None, description="Send the request to this model.")
    refuse: Line | None = Field(default=None, description="Refuse the request, with this message for the client.")
    effort: Effort | None = Field(
        default=None,
        description="Ask for this reasoning effort. Alone it decides nothing, and later rules are tried.",
    )
    ask: Line | None = Field(
        default=None,
        description="Ask before a person's turn is sent: one refusal with this question, and the same prompt passes when it "
        "comes again. Alone it decides nothing, and later rules are tried.",
    )
    warn: Line | None = Field(
        default=None,
        description="Sent to the client in `x-pointsman-warning`. Alone it decides nothing, and later rules are tried.",
    )
    shadow: bool = Field(
        default=False, description="Only note what the rule would do, in `explain` and metrics; later rules are tried."
    )

    @model_validator(mode="after")
    def _one_at_most(self) -> "Then":
        chosen = sum(choice is not None for choice in (self.route, self.model, self.refuse))
        if chosen > 1 or not (chosen or self.warn or self.effort or self.ask):
            text = "must have exactly one of route, model and refuse, or effort, a question or a warning alone"
            raise PydanticCustomError("rule", text)
        if self.refuse and (self.effort or self.ask):
            raise PydanticCustomError("rule", "asks for an effort of what it refuses, or before it does")
        if self.shadow and (not chosen or self.warn or self.ask):
            text = "in shadow a rule has one of route, model and refuse, and no question or warning"
            raise PydanticCustomError("rule", text)
        return self


class Rule(Section):
    """An override; the first whose conditions hold wins. It may override an explicit model."""

    name: Name = Field(description="Name of the rule, shown wherever it decides.")
    when: When = Field(default=When(), description="Conditions; without any the rule always holds.")
    then: Then = Field(description="What to do.")
    because: Line | None = Field(default=None, description="The reason, for people.")
