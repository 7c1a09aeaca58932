"""The sections of a config that bound what is spent, and how fast."""

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from gateway.config.scalars import Count, Dollars, Name, Share, Zone
from gateway.config.schema_base import Lines, Section, many

Names = Annotated[tuple[Name, ...], Field(min_length=1), many(Name | tuple[Name, ...])]


class Budget(Section):
    """What may be spent in a window. Every team, user, key or session it fits has an account of its own under it."""

    name: Name = Field(description="Name of the budget, shown in warnings, refusals and metrics.")
    per: Literal["team", "user", "key", "agent_tree"] = Field(
        default="team",
        description="Whose spend is counted together; `agent_tree` is a session with all the sub-agents it started. Callers "
        "that name no user share one account of their team.",
    )
    teams: Names | None = Field(default=None, description="Only for these teams.")
    users: Lines | None = Field(default=None, description="Only for these users.")
    window: Literal["day", "week", "month", "total"] = Field(
        default="month", description="How long it lasts; a week begins on Monday, `total` never ends."
    )
    timezone: Zone = Field(default="UTC", description="Whose midnight ends a window: an IANA name such as `Europe/Berlin`.")
    usd: Dollars | None = Field(default=None, description="The budget in US dollars.")
    tokens: Count | None = Field(default=None, description="The budget in tokens of all kinds, in place of dollars.")
    warn_at: Share | None = Field(
        default=0.8, description="Share of it, from 0 to 1, from which callers are warned; `null` for never."
    )
    degrade_at: Share | None = Field(
        default=None, description="Share from which new threads that leave the choice to the gateway go to `degrade_to`."
    )
    degrade_to: Name | None = Field(default=None, description="The route they go to.")
    refuse_at: Share | None = Field(
        default=1.0, description="Share beyond which requests are refused; `null` for a budget that never refuses."
    )

    @model_validator(mode="after")
    def _means_something(self) -> "Budget":
        if (self.usd is None) == (self.tokens is None):
            raise PydanticCustomError("rule", "must have exactly one of usd and tokens")
        if (self.degrade_at is None) != (self.degrade_to is None):
            raise PydanticCustomError("rule", "must have both of degrade_at and degrade_to, or neither")
        return self


class RateLimit(Section):
    """How many requests and tokens a minute. Beyond that the answer is 429, with the time to wait."""

    name: Name = Field(description="Name of the limit, shown in refusals.")
    per: Literal["team", "user", "key", "agent_tree"] = Field(
        default="team", description="Whose requests are counted together."
    )
    teams: Names | None = Field(default=None, description="Only for these teams.")
    users: Lines | None = Field(default=None, description="Only for these users.")
    requests_per_minute: Count | None = Field(default=None, description="Requests in any minute.")
    tokens_per_minute: Count | None = Field(
        default=None, description="Tokens of all kinds in any minute: estimated before a request, corrected after it."
    )

    @model_validator(mode="after")
    def _limits_something(self) -> "RateLimit":
        if self.requests_per_minute is None and self.tokens_per_minute is None:
            raise PydanticCustomError("rule", "must have requests_per_minute or tokens_per_minute")
        return self
