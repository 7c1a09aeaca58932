"""The sections of a config about warnings: when a lost prompt cache is worth one, and how loudly it is told."""

from decimal import Decimal

from pydantic import Field

from gateway.config.scalars import Ratio, Usd
from gateway.config.schema_base import Section


class Warnings(Section):
    """When to warn that a thread's prompt cache has gone, and how."""

    at_least_usd: Usd = Field(
        default=Decimal("0.25"),
        description="Chance that the cache has gone, times what that costs above a warm one, from which to warn.",
    )
    at_least_times: Ratio = Field(default=3.0, description="How many times the warm price the cold one must be.")
    inline: bool = Field(
        default=False,
        description="Put the warning into the answer as well, as a text of its own; it is taken out again when the client "
        "sends it back.",
    )
    ask_first: bool = Field(
        default=False,
        description="Refuse the first request of a person who resumes such a thread, with the prices; the next passes.",
    )


class TeamWarnings(Section):
    """What a team has otherwise."""

    at_least_usd: Usd | None = Field(default=None, description="As above.")
    at_least_times: Ratio | None = Field(default=None, description="As above.")
    inline: bool | None = Field(default=None, description="As above.")
    ask_first: bool | None = Field(default=None, description="As above.")
